"""`strata quarantine`: refused rows, grouped and one by one. Only `show ID` prints a row's bytes, and only to the terminal."""

from typing import Any

import duckdb
from rich.console import Console
from rich.table import Table

from orchestration.landing import read_quarantine
from orchestration.settings import Home

console = Console()

GROUPS = """
select source, entity, rule, "column", reason, count(*) as rows
from refused where state = 'open' group by all order by rows desc, source, entity, rule, "column", reason
"""
ROWS = """
select quarantine_id, source, entity, file, line_number, "column", rule, reason
from refused
where ($source is null or source = $source) and ($rule is null or rule = $rule)
order by source, entity, file, line_number, quarantine_id limit $limit
"""
ONE = "select * from refused where quarantine_id = $id"


def show_groups(home: Home) -> None:
    """Open rows by source, entity, rule, column and reason."""
    columns, rows = _query(home, GROUPS, {})
    _print(columns, rows, "nothing is in quarantine")


def show_rows(home: Home, quarantine_id: str | None, source: str | None, rule: str | None, limit: int) -> None:
    """Rows by source and rule; or, by its id, one row with its bytes."""
    if quarantine_id is None:
        columns, rows = _query(home, ROWS, {"source": source, "rule": rule, "limit": limit})
        _print(columns, rows, "no such row is in quarantine")
        return
    columns, rows = _query(home, ONE, {"id": quarantine_id})
    for row in rows:
        for name, value in zip(columns, row, strict=True):
            console.print(f"{name:>14}  {value!r}" if name == "raw_bytes" else f"{name:>14}  {value}", highlight=False)
    if not rows:
        console.print("no such row is in quarantine")


def _query(home: Home, sql: str, parameters: dict[str, Any]) -> tuple[list[str], list[tuple[Any, ...]]]:
    with duckdb.connect() as con:
        con.register("refused", read_quarantine(home, with_bytes=True))
        result = con.execute(sql, parameters)
        return [column[0] for column in result.description], result.fetchall()


def _print(columns: list[str], rows: list[tuple[Any, ...]], if_none: str) -> None:
    if not rows:
        console.print(if_none)
        return
    table = Table(*columns)
    for row in rows:
        table.add_row(*("" if value is None else str(value) for value in row))
    console.print(table)
