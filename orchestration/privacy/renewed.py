"""The warehouse as a new file that holds nothing of the customers who went.

A table that is rewritten in its file leaves its old rows in free blocks, so the file itself must be another. Only the insights of
past days are copied: all else is built from raw.
"""

from pathlib import Path

import duckdb

from orchestration.durable import sync
from orchestration.settings import Home
from orchestration.warehouse import MEMORY_LIMIT


def renew_warehouse(home: Home, customers: frozenset[str]) -> int:
    """Puts the new file in place of the old one. Returns how many rows were left out."""
    old, aside = home.warehouse, home.warehouse.with_name("renewed.duckdb")
    for path in old.parent.glob("*"):
        if path != old:
            path.unlink()
    if not old.exists():
        return 0
    try:
        erased = _copy_insights(home, old, aside, customers)
    except duckdb.Error:  # damaged: it is a cache, and comes back from raw without its history
        old.unlink()
        aside.unlink(missing_ok=True)
        return 0
    sync(aside)
    aside.replace(old)
    sync(old.parent)
    return erased


def _copy_insights(home: Home, old: Path, aside: Path, customers: frozenset[str]) -> int:
    erased = 0
    with duckdb.connect(config={"memory_limit": MEMORY_LIMIT, "temp_directory": str(home.temporary)}) as con:
        con.execute(f"attach '{_quoted(old)}' as old (read_only); attach '{_quoted(aside)}' as new")
        con.execute("set enable_progress_bar = false; create schema new.insights")
        for table, with_customers in _insight_tables(con):
            where = "where customer_id not in (select unnest($gone))" if with_customers else ""
            told = {"gone": sorted(customers)} if with_customers else {}
            con.execute(f"create table new.insights.{table} as select * from old.insights.{table} {where}", told)
            counts = "select (select count(*) from old.insights.{0}) - (select count(*) from new.insights.{0})"
            erased += con.execute(counts.format(table)).fetchall()[0][0]
        con.execute("checkpoint new; detach new")
    return erased


def _insight_tables(con: duckdb.DuckDBPyConnection) -> list[tuple[str, bool]]:
    return con.execute(
        "select table_name, bool_or(column_name = 'customer_id') from duckdb_columns()"
        " where database_name = 'old' and schema_name = 'insights' group by table_name order by table_name"
    ).fetchall()


def _quoted(path: Path) -> str:
    """A path inside a SQL text: ATTACH takes no bound parameter."""
    return str(path).replace("'", "''")
