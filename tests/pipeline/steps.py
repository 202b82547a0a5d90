"""The way from files to readers without the orchestrator and its checks, for tests that compare many days or many inputs."""

from datetime import UTC, date, datetime

import duckdb

from orchestration import statements, warehouse
from orchestration.landing import land_block
from orchestration.logic import identity
from orchestration.logic.segmentation.catalogue import FUNCTIONS
from orchestration.serving import publish, state_hash
from orchestration.serving.hashes import columns_of
from orchestration.serving.tables import TABLES
from orchestration.settings import Home, Settings, load_settings
from orchestration.settings.sources import SourcesFile, blocks
from tests.dbt_calls import call_dbt

ACCOUNTS = {"conservation", "ingest_ledger", "quarantine"}
"""Tables that account for every row and file that came, known or not yet known."""
STAGING = ["fqn:strata.staging", "fqn:strata.intermediate.identity"]


def land(home: Home, sources: SourcesFile) -> None:
    for ref in blocks(sources):
        land_block(home, sources, ref.source, ref.block, load_id="test", now=datetime.now(UTC))


def refresh(home: Home, day: date) -> None:
    """Lands, builds and publishes as a run of `day` does, in about half of its time."""
    land(home, load_settings().sources)
    publish_day(home, day, datetime.now(UTC))


def build_insights(
    home: Home, day: date, known_at: datetime | None = None, settings: Settings | None = None
) -> dict[str, str]:
    """Builds everything from raw as of `day`, known at `known_at` (default: now), by `settings` (default: the configuration).

    Returns the content hash of each insight table and of the profiles.
    """
    settings = settings or load_settings()
    warehouse.prepare(home, settings, day, known_at or datetime.now(UTC))
    dbt(home, "--select", *STAGING)
    with warehouse.connect(home) as con:
        identity.resolve(con, settings, home.models)
        identity.write_quality(con, home.truth)
    dbt(home, "--exclude", *STAGING)
    with warehouse.connect(home) as con:
        for compute in FUNCTIONS.values():
            compute(con, day, settings)
        tables = [*(f"insights.{name}" for name in FUNCTIONS), "marts.customers", "marts.orders"]
        return {table: str(state_hash(con, table)) for table in tables}


def publish_day(home: Home, day: date, known_at: datetime, again: bool = False) -> dict[str, str]:
    """Builds and publishes a day as it is known at `known_at`, and keeps what was said; `again`: by the criteria of then.

    Returns the hash of what every published table that tells of customers says of that day, whatever has been loaded since
    and whatever other days stand beside it.
    """
    settings = load_settings(None, statements.criteria_in_force(home, known_at) if again else None)
    build_insights(home, day, known_at, settings)
    publish(home, as_of=day, run_id="test", criteria_version=settings.criteria_version)
    with warehouse.connect(home, read_only=True) as con:
        statements.keep(home, con, settings)
    with duckdb.connect(home.serving / "strata_restricted.duckdb", read_only=True) as con:
        names = [table.name for table in TABLES if table.name not in ACCOUNTS]
        return {name: str(state_hash(con, _of_day(con, f"serving.{name}", day))) for name in names}


def _of_day(con: duckdb.DuckDBPyConnection, table: str, day: date) -> str:
    """The rows of a day of a table that keeps several, else the table."""
    return f"(select * from {table} where as_of = date '{day}')" if "as_of" in columns_of(con, table) else table


def dbt(home: Home, *selection: str) -> None:
    call_dbt(home.warehouse, "build", "--resource-type", "model", "--resource-type", "seed", *selection)
