"""Which rows a publication takes: for each declared table a query over the warehouse, or over what is already
published.

A backfilled day must not turn readers back: only the days of insights that it computed are replaced, all else stays
published.
"""

from dataclasses import dataclass
from datetime import date

import duckdb

from orchestration.serving.hashes import columns_of
from orchestration.serving.tables import ALSO_NEEDED, TABLES, ServingTable

# Parquet and BI tools lack these types, or read them back as another.
PLAIN_TYPES = {
    "HUGEINT": "BIGINT",
    "UHUGEINT": "BIGINT",
    "JSON": "VARCHAR",
    "UUID": "VARCHAR",
    "TIMESTAMP_S": "TIMESTAMP",
}


class MissingTables(Exception):
    """Declared tables that the warehouse does not hold."""


@dataclass(frozen=True)
class Selection:
    """What to take. `as_of`: the publication's day; `days`: the most days of history; `backfilled`: a late day."""

    as_of: date
    days: int | None = None
    backfilled: date | None = None


def require_tables(connection: duckdb.DuckDBPyConnection) -> None:
    """Raises MissingTables, with all their names, when the attached `warehouse` lacks a declared table."""
    found = {
        f"{schema}.{name}"
        for schema, name in connection.execute(
            "select table_schema, table_name from information_schema.tables where table_catalog = 'warehouse'"
        ).fetchall()
    }
    wanted = [table.source for table in TABLES if "(" not in table.source and table.source.count(".") == 1]
    missing = [name for name in [*wanted, *ALSO_NEEDED] if name not in found]
    if missing:
        raise MissingTables(f"the warehouse lacks: {', '.join(missing)}")


def query_of(connection: duckdb.DuckDBPyConnection, table: ServingTable, selection: Selection) -> str:
    """The query of a table's rows, in plain types and without columns that are never published; unordered."""
    if selection.backfilled is None or table.name not in _published_tables(connection):
        return _plain(connection, table, f"select * from {table.relation} {_day_filter(table, selection)}")
    published = f"published.serving.{table.name}"
    if table.days != "history":
        return f"select * from {published}"
    day = f"date '{selection.backfilled.isoformat()}'"
    computed = _plain(connection, table, f"select * from {table.relation} where as_of = {day}")
    return f"select * from {published} where as_of <> {day} union all by name ({computed})"


def _published_tables(connection: duckdb.DuckDBPyConnection) -> set[str]:
    rows = connection.execute(
        "select table_name from information_schema.tables"
        " where table_catalog = 'published' and table_schema = 'serving'"
    ).fetchall()
    return {name for (name,) in rows}


def _day_filter(table: ServingTable, selection: Selection) -> str:
    day = f"date '{selection.as_of.isoformat()}'"
    if table.days == "none":
        return ""
    if table.days == "latest":
        return f"where as_of = {day}"
    if selection.days is None:
        return f"where as_of <= {day}"
    newest = (
        f"select distinct as_of from {table.relation} where as_of <= {day} order by as_of desc limit {selection.days}"
    )
    return f"where as_of in ({newest})"


def _plain(connection: duckdb.DuckDBPyConnection, table: ServingTable, query: str) -> str:
    columns = columns_of(connection, f"({query})")
    chosen = ", ".join(_plain_column(name, kind) for name, kind in columns.items() if name not in table.never)
    return f"select {chosen} from ({query})"


def _plain_column(name: str, kind: str) -> str:
    plain = "VARCHAR" if kind.startswith("ENUM") else PLAIN_TYPES.get(kind)
    return f'"{name}"' if plain is None else f'cast("{name}" as {plain}) as "{name}"'
