"""The days a statement is made for: as_of alone, or as_of with the first days of the months before it, their windows,
and up to which day facts count.

Days are business days; instants are UTC. No table but the temporary `strata_grid` is made here.
"""

from datetime import date, timedelta

import duckdb

from orchestration.logic.segmentation.store import literal
from orchestration.settings.zones import local_of_utc


def month_starts(as_of: date, months: int) -> list[date]:
    """The last `months` first-of-month days before `as_of`, oldest first."""
    days, day = [], as_of
    for _ in range(months):
        day = (day - timedelta(days=1)).replace(day=1)
        days.append(day)
    return days[::-1]


def business_timezone(con: duckdb.DuckDBPyConnection) -> str:
    """The business time zone of the run. Raises LookupError when control.run is empty."""
    row = con.execute("select business_timezone from control.run").fetchone()
    if row is None:
        raise LookupError("control.run is empty: prepare the warehouse first")
    return str(row[0])


def make_grid(
    con: duckdb.DuckDBPyConnection, days: list[date], window_days: int, seen_before: date | None = None
) -> None:
    """The temporary table `strata_grid`, one row a day: as_of, window_start, seen_before (days).

    Facts before the day `seen_before` count. It is as_of, or the given day when that is earlier: what as_of would have
    looked like had nothing happened since.
    """
    rows = ", ".join(
        f"({literal(day)}, {literal(day - timedelta(days=window_days))}, {literal(min(day, seen_before or day))})"
        for day in days
    )
    con.execute("create or replace temp table strata_grid (as_of date, window_start date, seen_before date)")
    con.execute(f"insert into strata_grid values {rows}")


def business_day(column: str, timezone: str) -> str:
    """SQL: the business day of a naive UTC timestamp."""
    return f"cast({local_of_utc(column, timezone)} as date)"
