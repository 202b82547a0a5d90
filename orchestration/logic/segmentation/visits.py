"""Features of how regularly a customer comes: days with a counted order or a visit, and the evenness of the gaps. Grain:
as-of day, customer with such a day in the window.

Regularity is 1 - standard deviation / mean of the gaps between the days, not below 0: 1 comes at even intervals, 0 at
random ones or less evenly. It is computed from whole numbers, so that the order of rows cannot show.
"""

import duckdb

from orchestration.logic.segmentation.grid import business_day


def make_visits(con: duckdb.DuckDBPyConnection, timezone: str, wanted: bool = True) -> None:
    """The temporary table `strata_visits` for all days of `strata_grid`; without rows unless `wanted`."""
    query = _VISITS.format(day=business_day("occurred_at", timezone))
    con.execute(f"create or replace temp table strata_visits as {query}{'' if wanted else ' limit 0'}")


_VISITS = """
with days as (
    select customer_id, order_date as day from marts.orders where is_counted and customer_id is not null
    union
    select customer_id, {day} from marts.interactions
    where kind = 'visit' and customer_id is not null and occurred_at is not null
),
placed as (
    select
        grid.as_of,
        days.customer_id,
        cast(days.day - lag(days.day) over (partition by grid.as_of, days.customer_id order by days.day) as hugeint)
            as gap
    from strata_grid as grid
    inner join days on days.day >= grid.window_start and days.day < grid.as_of
),
sums as (
    select
        as_of,
        customer_id,
        count(*) as visit_days_window,
        count(gap) as gaps,
        sum(gap) as total,
        sum(gap * gap) as squares
    from placed
    group by as_of, customer_id
)
select
    as_of,
    customer_id,
    visit_days_window,
    case when gaps >= 2 then
        round(greatest(0, 1 - sqrt(cast(gaps * squares - total * total as double)) / cast(total as double)), 4)
    end as visit_regularity
from sums
"""
