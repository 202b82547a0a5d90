"""dbt in this process, on a project that is parsed once in it: each process of its own would spend ten seconds on both."""

from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

from dbt.adapters.duckdb.connections import DuckDBConnectionManager
from dbt.cli.main import dbtRunner, dbtRunnerResult
from dbt.contracts.graph.manifest import Manifest
from dbt.contracts.results import RunResult

from tests.conftest import environment

PROJECT = Path(__file__).resolve().parents[1] / "dbt_project"


def call_dbt(warehouse: Path, *arguments: str) -> list[RunResult]:
    """`call_dbt(warehouse, "run", "--select", ...)`: the results by model or test. Fails where one of them does."""
    manifest = _parsed(warehouse.name).deepcopy()  # a call writes into it
    done = _invoke(warehouse, manifest, *arguments)
    results = list(done.result or ())
    assert done.success, done.exception or [
        (one.node.name, one.message) for one in results if one.status in ("error", "fail")
    ]
    return results


@cache
def _parsed(file: str) -> Manifest:
    """The project as it is parsed for warehouses of this file's name, which is that of the database in it."""
    done = _invoke(Path("/nowhere") / file, None, "parse")
    assert done.success, done.exception
    return done.result


def _invoke(warehouse: Path, manifest: Manifest | None, *arguments: str) -> dbtRunnerResult:
    with TemporaryDirectory() as folder, environment(STRATA_WAREHOUSE=str(warehouse), STRATA_TARGET="duckdb"):
        folders = {"--project-dir": PROJECT, "--profiles-dir": PROJECT, "--target-path": folder, "--log-path": folder}
        options = [f"{option}={path}" for option, path in folders.items()]
        quiet = ["--quiet", "--no-write-json", "--log-level-file=none"]
        try:
            return dbtRunner(manifest=manifest).invoke([*quiet, *arguments, *options])
        finally:
            DuckDBConnectionManager.close_all_connections()  # else the file stays open in this process
