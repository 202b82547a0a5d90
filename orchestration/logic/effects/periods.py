"""The complete months before as_of that effects are told for, and the tier of each customer on their first days.

The months are calendar months that ended by as_of; the running month is in none of them.
"""

from collections.abc import Iterator
from datetime import date
from itertools import pairwise

import duckdb

from orchestration.logic.segmentation.features import make_history
from orchestration.logic.segmentation.grid import month_starts
from orchestration.logic.segmentation.store import literal, replace_day, values
from orchestration.logic.segmentation.walk import code_of_rank, used_features, walk
from orchestration.settings.insights import InsightSettings

# The class of customers that were not known yet when a month began. No tier code looks like it.
UNKNOWN = "-"


def month_bounds(as_of: date, months: int) -> list[date]:
    """The first days of the last `months` complete months, and the day after the last of them; oldest first."""
    end = as_of.replace(day=1)
    return [*month_starts(end, months), end]


def complete_months(as_of: date, months: int) -> Iterator[tuple[str, date, date]]:
    """(name, first day, day after the last) of each complete month, oldest first; the name is 2026-08."""
    for start, end in pairwise(month_bounds(as_of, months)):
        yield start.strftime("%Y-%m"), start, end


def months_table(as_of: date, months: int) -> str:
    """The months as the relation m: period, period_start, period_end."""
    return values("m(period, period_start, period_end)", complete_months(as_of, months))


def tier_history(con: duckdb.DuckDBPyConnection, as_of: date, settings: InsightSettings) -> int:
    """Writes insights.tier_history: the tier in each scheme on the first day of each month of effects.months and of
    the month of `as_of`, for the customers known by then. Replaced as a whole.

    The walk begins on the first of these days, where tiers follow the points alone. Returns the rows."""
    days = month_bounds(as_of, settings.criteria.effects.months)
    make_history(con, "strata_months", days, as_of, settings, used_features(settings.criteria))
    walks = {
        scheme_id: walk(con, f"months_{place}", scheme, "strata_months", days)
        for place, (scheme_id, scheme) in enumerate(settings.criteria.schemes.items())
    }
    query = " union all ".join(
        f"select as_of as day, {literal(scheme_id)} as scheme_id, customer_id, "
        f"{code_of_rank('rank', walked.scheme)} as tier from {walked.tiers}"
        for scheme_id, walked in walks.items()
    )
    rows = replace_day(con, "tier_history", as_of, query, settings.criteria_version)
    for walked in walks.values():
        walked.drop(con)
    con.execute("drop table temp.strata_months")
    return rows
