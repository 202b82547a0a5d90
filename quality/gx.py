"""The bridge to Great Expectations: opens a DuckDB file read-only, evaluates expectations, gives bare outcomes.

All knowledge of that library is here. It is imported inside functions, for its import takes seconds; its telemetry and
progress bars are off, and both of its engines are disposed, or the file would stay locked. Results keep counts only,
never values.
"""

import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

# Without AUTOCOMMIT nearly every expectation fails on DuckDB; without read_only no other reader can open the file.
ENGINE = {"isolation_level": "AUTOCOMMIT", "skip_autocommit_rollback": True, "connect_args": {"read_only": True}}
# "BASIC" with no examples keeps observed_value and unexpected_count, and no value of any row.
RESULT_FORMAT = {"result_format": "BASIC", "partial_unexpected_count": 0}
# Only these complaints name identifiers alone. Others, such as failed casts, quote the data.
SPEAKABLE_ERRORS = ("Binder Error", "Catalog Error", "Parser Error", 'The column "')


@dataclass(frozen=True)
class Outcome:
    """What one expectation gave. `observed` is its measure, or the count of rows that break it."""

    success: bool
    observed: float | None
    error: str | None = None


@contextmanager
def open_source(database: Path) -> Iterator[Any]:
    """A Great Expectations data source on the DuckDB file. Raises FileNotFoundError when there is no such file."""
    if not database.is_file():
        raise FileNotFoundError(f"no database file at {database}")
    os.environ["GX_ANALYTICS_ENABLED"] = "false"
    import great_expectations
    from great_expectations.data_context.types.base import ProgressBarsConfig

    context: Any = great_expectations.get_context(mode="ephemeral")
    context.variables.progress_bars = ProgressBarsConfig(globally=False)
    context.variables.save = lambda: None  # kept nowhere, it would be written as YAML twice a table, longer each time
    url = f"duckdb:///{database.absolute()}"
    settings: dict[str, Any] = {"connection_string": url, "kwargs": ENGINE, "create_temp_table": False}
    source = context.data_sources.add_sql(name="warehouse", **settings)
    try:
        yield source
    finally:
        source.get_execution_engine().engine.dispose()
        source.get_engine().dispose()


def table_batch(source: Any, table: str) -> Any:
    """The whole of `schema.table` as a batch."""
    schema, _, name = table.rpartition(".")
    asset = source.add_table_asset(table, table_name=name, schema_name=schema)
    return asset.add_batch_definition_whole_table("all").get_batch()


def query_batch(source: Any, name: str, query: str) -> Any:
    """The rows of a query as a batch."""
    return source.add_query_asset(name, query=query).add_batch_definition_whole_table("all").get_batch()


def evaluate(batch: Any, expectations: Sequence[tuple[str, str, dict[str, Any]]]) -> dict[str, Outcome]:
    """Evaluates (name, expectation class, arguments) on one batch, together; gives the outcomes by name."""
    import great_expectations
    from great_expectations import expectations as library

    suite = great_expectations.ExpectationSuite(name="suite")
    suite.expectations = [
        getattr(library, kind)(**arguments, meta={"check": name}) for name, kind, arguments in expectations
    ]
    results = batch.validate(suite, result_format=RESULT_FORMAT).results
    return {result.expectation_config.meta["check"]: _outcome(result) for result in results}


def speak(error: str) -> str:
    """An error's first line if it can hold no data, else only its kind."""
    for kind in SPEAKABLE_ERRORS:
        start = error.find(kind)
        if start >= 0:
            return error[start:].splitlines()[0][:300]
    return f"{error.split(':')[0].split('(')[0].strip()[:80]} (text withheld: it may quote data)"


def _outcome(result: Any) -> Outcome:
    error = _raised(result.exception_info)
    if error is not None:
        return Outcome(False, None, speak(error))
    observed = result.result.get("observed_value", result.result.get("unexpected_count"))
    return Outcome(bool(result.success), observed)


def _raised(information: dict[str, Any]) -> str | None:
    """The message of the exception an expectation ended in: at the top, or one for each of its metrics."""
    if "raised_exception" in information:
        information = {"": information}
    raised = [entry for entry in information.values() if entry["raised_exception"]]
    return str(raised[0]["exception_message"]) if raised else None
