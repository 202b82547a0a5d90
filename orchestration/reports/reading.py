"""The published files as reports read them: a connection, columns of a table, and rows in order."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import duckdb

from orchestration.reports.fields import Field, Labels, fields_of

MEMORY_LIMIT = "2GB"
ROWS_AT_ONCE = 5_000


@contextmanager
def reader(database: Path, spill: Path) -> Iterator[duckdb.DuckDBPyConnection]:
    """A published database, read-only; spill files go into `spill`."""
    config: dict[str, str | bool | int | float | list[str]] = {
        "memory_limit": MEMORY_LIMIT,
        "temp_directory": str(spill),
    }
    with duckdb.connect(database, read_only=True, config=config) as con:
        con.execute("set TimeZone = 'UTC'; set enable_progress_bar = false")
        yield con


def columns_of(con: duckdb.DuckDBPyConnection, table: str) -> dict[str, str]:
    """Column → type of a published table, in order."""
    return {name: kind for name, kind, *_ in con.execute(f"describe serving.{table}").fetchall()}


def published_fields(
    con: duckdb.DuckDBPyConnection, table: str, labels: Labels, only: Sequence[str] = (), alias: str = ""
) -> list[Field]:
    """The report's columns of a published table: all, or `only` those named that it has."""
    return fields_of(table, columns_of(con, table), labels, only, alias)


def rows_of(
    con: duckdb.DuckDBPyConnection, fields: Sequence[Field], relation: str, order_by: str
) -> Iterator[tuple[Any, ...]]:
    """The rows, a few thousand at a time, on a cursor of their own."""
    with con.cursor() as cursor:
        cursor.execute(f"select {', '.join(field.sql for field in fields)} from {relation} order by {order_by}")
        while rows := cursor.fetchmany(ROWS_AT_ONCE):
            yield from rows
