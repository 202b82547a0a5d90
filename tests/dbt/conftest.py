"""dbt as a test needs it: one call on one warehouse, with everything it writes in a folder of the test."""

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import duckdb
import pytest

PROJECT = Path(__file__).resolve().parents[2] / "dbt_project"

Dbt = Callable[..., str]


@pytest.fixture(scope="session")
def dbt_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Shared by all calls of a session, so that the project is parsed once."""
    return tmp_path_factory.mktemp("dbt")


@pytest.fixture(scope="session")
def dbt(dbt_folder: Path) -> Dbt:
    """`dbt(warehouse, "run", "--select", ...)`: runs dbt in a process of its own and returns what it printed."""

    def call(warehouse: Path, *arguments: str) -> str:
        command = [sys.executable, "-m", "dbt.cli.main", *arguments]
        folders = ["--project-dir", PROJECT, "--profiles-dir", PROJECT]
        folders += ["--target-path", dbt_folder / "target", "--log-path", dbt_folder / "logs"]
        environment = {**os.environ, "STRATA_WAREHOUSE": str(warehouse), "STRATA_TARGET": "duckdb"}
        done = subprocess.run(
            [*command, *map(str, folders)], env=environment, capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    return call


@pytest.fixture(scope="session")
def query() -> Callable[[Path, str], list[tuple]]:
    """`query(warehouse, sql)`: rows of a query."""

    def rows(warehouse: Path, sql: str) -> list[tuple]:
        with duckdb.connect(warehouse, read_only=True) as con:
            return con.execute(sql).fetchall()

    return rows
