"""ABC classes by cumulative share of net revenue in the window, largest first.

The customer that crosses a bound belongs to the better class: a class is decided by what the strictly larger ones hold.
Equal amounts share a class; zero and negative amounts are C and take no part in the total.
"""

from datetime import date

import duckdb

from orchestration.logic.segmentation.store import literal, replace_day
from orchestration.settings.insights import InsightSettings


def abc_classes(con: duckdb.DuckDBPyConnection, as_of: date, settings: InsightSettings) -> int:
    """Writes insights.abc_classes of `as_of` from insights.customer_features. Returns the rows."""
    abc = settings.criteria.abc
    query = f"""
        with base as (
            select customer_id, net_amount_window as net_amount, greatest(net_amount_window, 0) as revenue
            from insights.customer_features where as_of = {literal(as_of)}
        ),
        summed as (
            select
                base.*,
                cast(sum(revenue) over () as decimal(28, 4)) as total,
                cast(sum(revenue) over (order by revenue desc range unbounded preceding) as decimal(28, 4))
                    as cumulated,
                cast(sum(revenue) over (partition by revenue) as decimal(28, 4)) as of_equals
            from base
        )
        select
            customer_id,
            net_amount,
            case when total > 0 then round(cumulated / total, 6) else 0 end as cumulative_share,
            case
                when revenue <= 0 then 'C'
                when cumulated - of_equals < total * cast({abc.a_share} as decimal(6, 4)) then 'A'
                when cumulated - of_equals < total * cast({abc.b_share} as decimal(6, 4)) then 'B'
                else 'C'
            end as abc_class
        from summed
    """
    return replace_day(con, "abc_classes", as_of, query, settings.criteria_version)
