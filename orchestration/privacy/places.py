"""Every place below the home, and how an erasure reaches it. A new folder of the home gets its line here first (a test asks).

Each file is replaced by one that was written aside, or removed; nothing is changed where it stands. A place that is done is
done once more without harm, so a killed erasure is ended by repeating it from the beginning.
"""

import shutil
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from orchestration.delivery.outbox import alone, read_outbox, write
from orchestration.durable import sync
from orchestration.landing import Rows, Suppression, erase_landed, land_block
from orchestration.logic.identity import Decision, read_decisions, write_decisions
from orchestration.privacy.renewed import renew_warehouse
from orchestration.privacy.truth import erase_truth
from orchestration.settings import Home, Settings
from orchestration.settings.sources import blocks
from orchestration.warning_results import read_results, write_results

PLACES = {
    "landing": "what waits lands, without the rows; what cannot land the proof names",
    "archive": "files that held rows become what is left of them",
    "raw": "rows go",
    "warehouse": "a new file: history of insights without the customer, all else is built from raw",
    "serving": "withdrawn, published again at the end",
    "reports": "removed, written again at the end",
    "dagster": "holds no personal data by rule: the proof opens it",
    "state/ledger": "counts move to rows_erased",
    "state/quarantine": "rows go",
    "state/mends": "rows go",
    "state/pulled": "keys of rows go",
    "state/statements": "rows go",
    "state/warnings": "rows go",
    "state/tags": "rows go",
    "state/warning_results.jsonl": "results of the customer's warnings go",
    "state/outbox": "the customer's warnings go from what was sent",
    "state/plans": "plans that move the customer go",
    "state/decisions.jsonl": "records go; a decision about nobody else goes",
    "state/truth": "rows go",
    "state/models": "holds no personal data by rule: the proof opens it",
    "state/criteria": "holds no personal data by rule: the proof opens it",
    "state/dbt": "holds no personal data by rule: the proof opens it",
    "state/tmp": "emptied",
    "state/erasures": "receipts and keyed hashes; the texts of the person go at the end",
    "state/erasure.key": "the secret of the keys",
    "state/run.lock": "names a process",
}


@dataclass(frozen=True)
class Gone:
    """Whom copies are cleared of: `customers`: their ids; `records`: (source, block, id); `record_ids`: as one text each,
    those of references included."""

    customers: frozenset[str]
    records: frozenset[tuple[str, str, str]]
    record_ids: frozenset[str]


def reach(home: Home, settings: Settings, suppression: Suppression, gone: Gone) -> dict[str, object]:
    """Erases everywhere, and tells how much went from each place. The caller holds the run lock.

    What people read goes first: it is not to outlive its source if this is cut short.
    """
    steps: dict[str, Callable[[], object]] = {
        "leftovers": lambda: _remove_leftovers(home),
        "serving": lambda: _empty(home.serving),
        "reports": lambda: _empty(home.reports),
        "landed": lambda: asdict(erase_landed(home, settings.sources, suppression)),
        "landing": lambda: _land(home, settings),
        "pulled": lambda: _erase_pulled(home, settings, suppression),
        "warehouse": lambda: renew_warehouse(home, gone.customers),
        "statements": lambda: (
            _erase_statements(home.statements, gone.customers) + _erase_statements(home.tag_statements, gone.customers)
        ),
        # What hangs on a warning goes before the warning: a second time nobody would know whose it was.
        "warnings": lambda: (
            _erase_what_was_told(home, gone.customers) + _erase_statements(home.warning_statements, gone.customers)
        ),
        "plans": lambda: _erase_plans(home, gone.customers),
        "decisions": lambda: _erase_decisions(home, gone.record_ids),
        "truth": lambda: erase_truth(home, suppression, gone.records),
        "tmp": lambda: _empty(home.temporary),
    }
    return {place: step() for place, step in steps.items()}


def _remove_leftovers(home: Home) -> int:
    """What was being written when a process was killed: nobody finishes it any more. Returns how many files."""
    found = sorted(home.state.rglob("*.new"))
    for path in found:
        path.unlink()
    return len(found)


def _empty(folder: Path) -> int:
    """Removes what is in a folder; a link is removed, not followed. Returns how many entries there were."""
    entries = sorted(folder.iterdir()) if folder.exists() else []
    for entry in entries:
        if entry.is_dir() and not entry.is_symlink():
            shutil.rmtree(entry)
        else:
            entry.unlink()
    if entries:
        sync(folder)
    return len(entries)


def _land(home: Home, settings: Settings) -> int:
    """Lands the files that wait, so that their rows are dropped too. Returns how many rows were."""
    now = datetime.now(UTC)
    reports = [
        land_block(home, settings.sources, ref.source, ref.block, f"erase-{now:%Y%m%dT%H%M%S}", now)
        for ref in blocks(settings.sources)
    ]
    return sum(file.rows_erased for report in reports for file in report.files if report.files)


def _erase_pulled(home: Home, settings: Settings, suppression: Suppression) -> int:
    """Keys of rows in what remembers the last pull. A row that the database still has is pulled again, and dropped again."""
    erased = 0
    for ref in blocks(settings.sources):
        by_source = {column: name for name, column in ref.settings.columns.items()}
        names = [by_source.get(column, "") for column in ref.settings.key]
        rows = Rows.of(ref)
        for path in sorted((home.pulled / ref.source).glob(f"{ref.block}.*")):
            table = pq.read_table(path)
            columns = {name: table[f"k{at}"].combine_chunks() for at, name in enumerate(names)
                       if name and f"k{at}" in table.column_names}  # fmt: skip
            erased += _keep(path, table, pc.invert(suppression.mask(rows, columns, table.num_rows)))
    return erased


def _erase_statements(folder: Path, customers: frozenset[str]) -> int:
    erased = 0
    for path in sorted(folder.glob("*/*")):
        if path.suffix != ".parquet":
            path.unlink()  # of a publication that was killed
            continue
        table = pq.read_table(path)
        erased += _keep(path, table, pc.invert(_among(table["customer_id"], customers)))
    return erased


def _erase_what_was_told(home: Home, customers: frozenset[str]) -> int:
    """Results of the customers' warnings, and these warnings in what was sent. Returns how many."""
    warnings = {
        row["warning_id"]
        for path in sorted(home.warning_statements.glob("*/*.parquet"))
        for row in pq.read_table(path, columns=["customer_id", "warning_id"]).to_pylist()
        if row["customer_id"] in customers
    }
    results = read_results(home.warning_results)
    kept = [result for result in results if result.warning_id not in warnings]
    if len(kept) < len(results):
        write_results(home.warning_results, kept)
    with alone(home.outbox):  # a run that was killed may still be sending
        told = [message for message in read_outbox(home.outbox) if warnings & set(message.warnings)]
        for message in told:
            write(home.outbox, replace(message, warnings=tuple(one for one in message.warnings if one not in warnings)))
    return len(results) - len(kept) + len(told)


def _erase_plans(home: Home, customers: frozenset[str]) -> int:
    """A plan is sealed by a hash over its moves: it goes as a whole."""
    gone = [
        path.parent
        for path in sorted(home.plans.glob("*/moves.parquet"))
        if pc.any(_among(pq.read_table(path, columns=["customer_id"])["customer_id"], customers)).as_py()
    ]
    for folder in gone:
        shutil.rmtree(folder)
    return len(gone)


def _erase_decisions(home: Home, record_ids: frozenset[str]) -> int:
    """Takes the records out of what people decided; a decision that is left with one side says nothing, and goes."""
    kept: list[Decision] = []
    dropped: set[str] = set()
    changed = 0
    for decision in read_decisions(home.decisions):
        left, right = (tuple(one for one in side if one not in record_ids) for side in (decision.left, decision.right))
        changed += len(left) < len(decision.left) or len(right) < len(decision.right)
        if not left or not right or decision.undoes in dropped:
            dropped.add(decision.event_id)
            continue
        kept.append(replace(decision, left=left, right=right))
    if changed:
        write_decisions(home.decisions, kept)
    return changed


def _among(values: pa.ChunkedArray, chosen: frozenset[str]) -> pa.ChunkedArray:
    return pc.fill_null(pc.is_in(values, value_set=pa.array(sorted(chosen), pa.string())), False)


def _keep(path: Path, table: pa.Table, kept: pa.ChunkedArray | pa.Array) -> int:
    """Writes a Parquet file again with these rows alone. Returns how many went."""
    left = table.filter(kept)
    if left.num_rows < table.num_rows:
        aside = path.with_name(path.name + ".new")
        pq.write_table(left, aside, compression="zstd")
        sync(aside)
        aside.replace(path)
        sync(path.parent)
    return table.num_rows - left.num_rows


def files_of(home: Home) -> Iterator[str]:
    """The places below a home as they are on disk, as PLACES names them."""
    for entry in home.root.iterdir():
        yield from (f"state/{each.name}" for each in entry.iterdir()) if entry == home.state else [entry.name]
