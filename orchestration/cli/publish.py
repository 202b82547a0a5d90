"""`strata publish`: checks what the warehouse holds once more, and publishes it if it passes; writes the reports."""

from collections.abc import Sequence

from rich.console import Console

from orchestration import statements
from orchestration.cli.summary import print_summary
from orchestration.reports import KINDS, NothingPublished, write_reports
from orchestration.runlock import run_lock
from orchestration.serving import publish, recover
from orchestration.settings import Home, Settings, load_settings
from orchestration.warehouse import connect

console = Console()


def publish_again(home: Home, targets: Sequence[str]) -> int:
    """Publishes (duckdb and parquet, which are swapped in together) and writes reports (xlsx, html), as `targets` say.

    Reports alone are written anew for what is published already. Returns 0 when done, 1 when a blocking check fails or
    there is nothing to publish.
    """
    settings = load_settings()
    with run_lock(home, "strata publish"):
        recover(home.serving)
        if {"duckdb", "parquet"} & set(targets) and not _publish_checked(home, settings):
            return 1
        kinds = [kind for kind in KINDS if kind in targets]
        if kinds:
            try:
                reports = write_reports(home, settings, kinds)
            except NothingPublished as nothing:
                console.print(str(nothing))
                return 1
            console.print(f"{len(reports.files)} reports in {reports.folder}", highlight=False, soft_wrap=True)
    print_summary(home)
    return 0


def _publish_checked(home: Home, settings: Settings) -> bool:
    from quality import run_suite  # here, for it takes seconds

    if not home.warehouse.exists():
        console.print("the warehouse is empty: run `strata run` first")
        return False
    failed = [
        result
        for layer in ("staging", "marts", "insights")
        for result in run_suite(layer, home.warehouse)
        if result.blocks
    ]
    for result in failed:
        console.print(f"check failed: {result.table} {result.name}: {result.message}")
    if failed:
        return False
    with connect(home, read_only=True) as con:
        (as_of,) = con.execute("select as_of from control.run").fetchall()[0]
    publish(home, as_of=as_of, run_id="strata publish", criteria_version=settings.criteria_version)
    with connect(home, read_only=True) as con:
        statements.keep(home, con, settings)
    return True
