"""One raw asset a block of `sources.yml`: what was pulled, where it is pulled, and what landed of it.

A new source needs no change here.
"""

from datetime import UTC, datetime

import dagster as dg
import pyarrow.compute as pc

from orchestration.defs.teams import DATA_TEAM
from orchestration.landing import BlockReport, land_block, read_block_ledger, read_block_quarantine
from orchestration.resources import Pipeline, location_settings
from orchestration.settings import Home
from orchestration.settings.sources import BlockRef, Source, block_ref, blocks
from orchestration.sources import PullError, PullReport, pull

ROWS = ("rows_read", "rows_loaded", "rows_quarantined", "rows_duplicate", "rows_erased")
SETTLED = "files_landed"


def raw_asset(ref: BlockRef, source: Source) -> dg.AssetsDefinition:
    """The asset `[source, block]`: pulls if the block says so, lands every settled file and says what became of each row."""
    key = dg.AssetKey([ref.source, ref.block])

    @dg.asset(
        key=key,
        group_name="raw",
        description=ref.settings.description or f"{ref.canonical} of {ref.source} ({source.channel})",
        kinds={"sql" if ref.settings.reader.kind == "sql" else "file", ref.settings.format.type},
        owners=[source.owner] if source.owner else DATA_TEAM,
        tags={"channel": source.channel, "entity": ref.canonical},
        check_specs=[
            dg.AssetCheckSpec(SETTLED, asset=key, description="Every file of the folder has landed; none was refused.")
        ],
        pool="warehouse",
    )
    def land(context: dg.AssetExecutionContext, pipeline: Pipeline) -> dg.MaterializeResult:
        now = datetime.now(UTC)
        sources = pipeline.settings.sources
        pulled, problem = None, None
        try:
            pulled = pull(pipeline.home, block_ref(sources, ref.source, ref.block), now)
        except PullError as error:  # the other sources go on, and so does this one with what it has
            problem = str(error)
        report = land_block(pipeline.home, sources, ref.source, ref.block, context.run_id, now)
        metadata = pull_metadata(pulled) | landing_metadata(report)
        metadata |= landed_to_date(pipeline.home, ref) | quarantined_to_date(pipeline.home, ref)
        return dg.MaterializeResult(metadata=metadata, check_results=[files_landed(report, problem)])

    return land


def files_landed(report: BlockReport, problem: str | None = None) -> dg.AssetCheckResult:
    """A warning that names the files which an operator has to look at; the other files landed all the same.

    `problem`: why the source itself could not be read.
    """
    refused = {file.file: str(file.reason) for file in report.files if file.status == "refused"}
    trouble = refused | report.failed | ({"source": problem} if problem else {})
    return dg.AssetCheckResult(
        check_name=SETTLED,
        passed=not trouble,
        severity=dg.AssetCheckSeverity.WARN,
        description="; ".join(f"{name}: {reason}" for name, reason in sorted(trouble.items())) or None,
        metadata={"refused": len(refused), "failed": len(report.failed), "waiting": len(report.pending)},
    )


def pull_metadata(pulled: PullReport | None) -> dict[str, dg.MetadataValue]:
    """What a pull brought; nothing where files are dropped."""
    if pulled is None:
        return {}
    return {
        "rows_read_at_source": dg.MetadataValue.int(pulled.rows_read),
        "rows_pulled": dg.MetadataValue.int(pulled.rows_changed),
        "rows_deleted_at_source": dg.MetadataValue.int(pulled.rows_deleted),
    }


def landing_metadata(report: BlockReport) -> dict[str, dg.MetadataValue]:
    """What an operator sees of one landing: sums, and a table with a line for each file."""
    metadata: dict[str, dg.MetadataValue] = {name: dg.MetadataValue.int(sum_) for name, sum_ in report.totals.items()}
    metadata["files_known_before"] = dg.MetadataValue.int(len(report.repeated))
    records = [
        dg.TableRecord(
            {
                "file": file.file,
                "status": file.status,
                **{name: getattr(file, name) for name in ROWS},
                "reason": file.reason or "",
            }
        )
        for file in report.files
    ]
    if records:
        metadata["files"] = dg.MetadataValue.table(records)
    return metadata


def quarantined_to_date(home: Home, ref: BlockRef) -> dict[str, dg.MetadataValue]:
    """Open rows by rule (each a number, so that the UI draws it over time) and, once there are any, a table of reasons."""
    refused = read_block_quarantine(home, ref)
    waiting = refused.filter(pc.equal(refused["state"], "open"))
    groups = waiting.group_by(["rule", "column", "reason"]).aggregate([([], "count_all")]).sort_by("count_all")
    rules = dict.fromkeys(sorted(set(refused["rule"].to_pylist())), 0)
    for group in groups.to_pylist():
        rules[group["rule"]] += group["count_all"]
    metadata: dict[str, dg.MetadataValue] = {
        f"quarantined_{rule}": dg.MetadataValue.int(rows) for rule, rows in rules.items()
    }
    if groups.num_rows:
        names = {"rule": "rule", "column": "column", "reason": "reason", "count_all": "rows"}
        records = [{name: group[key] or "" for key, name in names.items()} for group in reversed(groups.to_pylist())]
        metadata["quarantine"] = dg.MetadataValue.table([dg.TableRecord(record) for record in records])
    return metadata


def landed_to_date(home: Home, ref: BlockRef) -> dict[str, dg.MetadataValue]:
    """What the block holds after all its landings: a run that met no new file still shows it."""
    ledger = read_block_ledger(home, ref.source, ref.block)
    totals = {name: sum(getattr(file, name) for file in ledger) for name in ("rows_loaded", "rows_quarantined")}
    events = [file.last_event_at for file in ledger if file.last_event_at]
    return {
        "dagster/row_count": dg.MetadataValue.int(totals["rows_loaded"]),
        "rows_quarantined_to_date": dg.MetadataValue.int(totals["rows_quarantined"]),
        "files_to_date": dg.MetadataValue.int(len(ledger)),
        "last_event_at": dg.MetadataValue.text(max(events, default="-")),
    }


@dg.definitions
def raw_assets() -> dg.Definitions:
    sources = location_settings().sources
    return dg.Definitions(assets=[raw_asset(ref, sources.sources[ref.source]) for ref in blocks(sources)])
