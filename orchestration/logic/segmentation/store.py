"""How an insight table is created and one day of it replaced, and small helpers for SQL text.

Nothing that knows what a table means lives here.
"""

from collections.abc import Callable, Iterable
from datetime import date

import duckdb

from orchestration.logic.segmentation.columns import TABLES, Table


def replace_day(con: duckdb.DuckDBPyConnection, name: str, as_of: date, query: str, version: str) -> int:
    """Writes the rows of `query` (all columns of the table but as_of and criteria_version, by name) as the table's day
    `as_of`.

    One transaction: a reader sees the old day or the new one. A table without days (`by_day` false) is replaced as a
    whole. Returns the rows written.
    """
    table = TABLES[name]
    con.begin()
    try:
        _ensure(con, table)
        con.execute(f"delete from insights.{name} where not ? or as_of = ?", [table.by_day, as_of])
        con.execute(
            f"insert into insights.{name} by name "
            f"select cast(? as date) as as_of, ? as criteria_version, q.* from ({query}) as q",
            [as_of, version],
        )
        con.commit()
    except Exception:
        con.rollback()
        raise
    return scalar(con, f"select count(*) from insights.{name} where as_of = {literal(as_of)}")


def create_in_parts(con: duckdb.DuckDBPyConnection, table: str, parts: int, query: Callable[[int], str]) -> None:
    """Makes the temporary `table` of what `query` gives for each of so many parts, one after the other: for what DuckDB puts
    together in memory alone, such as lists."""
    for part in range(parts):
        into = f"insert into {table}" if part else f"create or replace temp table {table} as"
        con.execute(f"{into} {query(part)}")


def _ensure(con: duckdb.DuckDBPyConnection, table: Table) -> None:
    """Makes the table; one of an older shape is made anew, since every day can be computed again."""
    con.execute("create schema if not exists insights")
    found = con.execute(
        "select column_name from information_schema.columns where table_catalog = current_database() "
        "and table_schema = 'insights' and table_name = ? order by ordinal_position",
        [table.name],
    ).fetchall()
    if [row[0] for row in found] == table.column_names:
        return
    con.execute(f"drop table if exists insights.{table.name}")
    columns = ", ".join(f'"{column.name}" {column.type}' for column in table.columns)
    con.execute(f"create table insights.{table.name} ({columns})")


def scalar(con: duckdb.DuckDBPyConnection, query: str) -> int:
    row = con.execute(query).fetchone()
    return int(row[0]) if row else 0


def literal(value: object) -> str:
    """A SQL literal of a setting (text, number, date, truth value or nothing)."""
    if value is None:
        return "null"
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, date):
        return f"date '{value.isoformat()}'"
    if isinstance(value, str):
        return "'" + value.replace("'", "''") + "'"
    return str(value)


def values(name: str, rows: Iterable[Iterable[object]]) -> str:
    """A relation of literal rows; `name` is its name and columns: `(values (…), (…)) as t(a, b)`."""
    body = ", ".join("(" + ", ".join(literal(cell) for cell in row) + ")" for row in rows)
    return f"(values {body}) as {name}"


def words(listed: Iterable[str]) -> str:
    """A SQL list of texts, lower case."""
    return "[" + ", ".join(literal(word.strip().lower()) for word in listed) + "]::varchar[]"


def case_by(column: str, choices: dict[str, object], otherwise: object = None) -> str:
    """A CASE that maps the codes in `column` to literals."""
    if not choices:
        return literal(otherwise)
    branches = " ".join(f"when {literal(code)} then {literal(value)}" for code, value in choices.items())
    return f"case {column} {branches} else {literal(otherwise)} end"
