"""`strata publish`: checks what the warehouse holds once more, and publishes it if it passes."""

from rich.console import Console

from orchestration import statements
from orchestration.cli.summary import print_summary
from orchestration.runlock import run_lock
from orchestration.serving import publish
from orchestration.settings import Home, load_settings
from orchestration.warehouse import connect

console = Console()


def publish_again(home: Home) -> int:
    """Returns 0 when published, 1 when a blocking check fails or there is nothing to publish."""
    from quality import run_suite  # here, for it takes seconds

    settings = load_settings()
    with run_lock(home, "strata publish"):
        if not home.warehouse.exists():
            console.print("the warehouse is empty: run `strata run` first")
            return 1
        failed = [
            result
            for layer in ("staging", "marts", "insights")
            for result in run_suite(layer, home.warehouse)
            if result.blocks
        ]
        for result in failed:
            console.print(f"check failed: {result.table} {result.name}: {result.message}")
        if failed:
            return 1
        with connect(home, read_only=True) as con:
            (as_of,) = con.execute("select as_of from control.run").fetchall()[0]
        publish(home, as_of=as_of, run_id="strata publish", criteria_version=settings.criteria_version)
        with connect(home, read_only=True) as con:
            statements.keep(home, con, settings)
    print_summary(home, True)
    return 0
