"""`strata status`: what landed and when, how the last run ended, what is open."""

import os

import dagster as dg
import duckdb
import pyarrow.compute as pc
from rich.console import Console
from rich.table import Table

from orchestration.cli.deliver import uncertain_line
from orchestration.delivery import read_outbox
from orchestration.landing import ledger_table, pending_files, read_ledger, read_quarantine
from orchestration.settings import Home, load_settings
from orchestration.settings.sources import blocks

console = Console()

LOADS = """
with refs as (select unnest($refs) as ref),
ledger_by_block as (
    select source, entity, max(loaded_at) as last_load, max(last_event_at) as last_event, count(*) as files,
           sum(rows_loaded) as rows_loaded, sum(rows_quarantined) as rows_quarantined,
           sum(rows_duplicate) as rows_duplicate, count(*) filter (where status = 'refused') as files_refused
    from ledger group by all
)
select ref.source, ref.entity, strftime(last_load, '%Y-%m-%d %H:%M'), strftime(last_event, '%Y-%m-%d'), coalesce(files, 0),
       coalesce(rows_loaded, 0), coalesce(rows_quarantined, 0), coalesce(rows_duplicate, 0), coalesce(files_refused, 0)
from refs left join ledger_by_block as l on l.source = ref.source and l.entity = ref.entity
order by 1, 2
"""


def show_status(home: Home) -> None:
    """Prints sources, last run, quarantine, publication."""
    _print_sources(home)
    _print_last_run(home)
    _print_quarantine(home)
    _print_publication(home)


def _print_sources(home: Home) -> None:
    sources = load_settings().sources
    refs = [{"source": ref.source, "entity": ref.block} for ref in blocks(sources)]
    waiting = pending_files(home, sources)
    columns = (
        "source",
        "entity",
        "last load (UTC)",
        "last event",
        "files",
        "loaded",
        "quarantined",
        "duplicate",
        "refused",
        "waiting",
    )
    table = Table(*columns)
    with duckdb.connect() as con:
        con.register("ledger", ledger_table(read_ledger(home)))
        for row in con.execute(LOADS, {"refs": refs}).fetchall():
            cells = [f"{value:,}" if isinstance(value, int) else str(value or "-") for value in row]
            table.add_row(*cells, str(len(waiting.get((row[0], row[1]), []))))
    console.print(table)


def _print_quarantine(home: Home) -> None:
    refused = read_quarantine(home)
    waiting = refused.filter(pc.equal(refused["state"], "open")).group_by(["rule"]).aggregate([([], "count_all")])
    rules = ", ".join(f"{row['rule']} {row['count_all']:,}" for row in waiting.sort_by("rule").to_pylist())
    rows = pc.sum(waiting["count_all"]).as_py() or 0
    told = f"{rows:,} rows open ({rules})" if rows else "no row open"
    console.print(f"quarantine: {told}, {len(refused) - rows:,} closed (`strata quarantine list`)", highlight=False)


def _print_last_run(home: Home) -> None:
    if not (home.dagster / "history").exists():
        console.print("last run: none")
        return
    os.environ["DAGSTER_HOME"] = str(home.dagster)
    with dg.DagsterInstance.get() as instance:
        records = instance.get_run_records(limit=1)
        for record in records:
            run = record.dagster_run
            day = run.tags.get("dagster/partition", "landing only")
            console.print(f"last run: {run.status.value} ({run.job_name}, {day}, run {run.run_id})", highlight=False)
            for line in open_checks(instance, run.run_id):
                console.print(f"  {line}", highlight=False)


def open_checks(instance: dg.DagsterInstance, run_id: str) -> list[str]:
    """The failed checks of a run, one line each."""
    events = instance.all_logs(run_id, of_type=dg.DagsterEventType.ASSET_CHECK_EVALUATION)
    evaluations = [event.get_dagster_event().asset_check_evaluation_data for event in events]
    return [
        f"{'failed' if found.severity == dg.AssetCheckSeverity.ERROR else 'warned'}: "
        f"{'/'.join(found.asset_key.path)} {found.check_name}: {found.description or ''}"
        for found in evaluations
        if not found.passed
    ]


def _print_publication(home: Home) -> None:
    database = home.serving / "strata.duckdb"
    if not database.exists():
        console.print("published: nothing yet")
        return
    with duckdb.connect(database, read_only=True) as con:
        as_of, run = con.execute("select as_of, run_id from serving.publication").fetchall()[0]
        (warnings,) = con.execute(
            "select count(*) from serving.churn_warnings where as_of = $day and closed_on is null", {"day": as_of}
        ).fetchall()[0]
    console.print(f"published: as of {as_of} by run {run}; {warnings:,} churn warnings", highlight=False)
    for message in read_outbox(home.outbox):
        if message.state == "uncertain":
            console.print(uncertain_line(message), highlight=False, soft_wrap=True)
