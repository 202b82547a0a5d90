"""The way from raw to insights without the orchestrator and its checks, for tests that compare many days."""

import subprocess
import sys
from datetime import UTC, date, datetime
from pathlib import Path

from orchestration import warehouse
from orchestration.logic import identity
from orchestration.logic.segmentation.catalogue import FUNCTIONS
from orchestration.resources import DBT, DBT_FOLDER
from orchestration.serving import state_hash
from orchestration.settings import Home, load_settings
from tests.conftest import environment

STAGING = ["fqn:strata.staging", "fqn:strata.intermediate.identity"]


def build_insights(home: Home, day: date) -> dict[str, str]:
    """Builds everything from raw as of `day`. Returns the content hash of each insight table and of the profiles."""
    settings = load_settings()
    warehouse.prepare(home, settings, day, datetime.now(UTC))
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


def dbt(home: Home, *selection: str) -> None:
    folders = ["--project-dir", DBT_FOLDER, "--profiles-dir", DBT_FOLDER, "--target-path", home.state / "dbt"]
    command = [DBT, "--quiet", "build", "--resource-type", "model", "--resource-type", "seed", *folders, *selection]
    with environment(STRATA_WAREHOUSE=str(home.warehouse)):
        subprocess.run(command, check=True, stdout=sys.stderr, cwd=Path.cwd())
