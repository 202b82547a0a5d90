"""tier_migration: from which tier to which customers went in each complete month, and whether they kept buying.

Reads insights.tier_history; the same customers' single moves are elsewhere.
"""

from datetime import date

import duckdb

from orchestration.logic.effects.periods import UNKNOWN, months_table
from orchestration.logic.segmentation.store import literal, replace_day
from orchestration.settings.insights import InsightSettings


def tier_migration(con: duckdb.DuckDBPyConnection, as_of: date, settings: InsightSettings) -> int:
    """Writes insights.tier_migration of `as_of`. Grain: scheme_id, period, from_tier, to_tier; pairs without customers
    have no row. `share` is of those who began in from_tier. Returns the rows."""
    query = _MOVES.format(months=months_table(as_of, settings.criteria.effects.months), day=literal(as_of))
    return replace_day(con, "tier_migration", as_of, query, settings.criteria_version)


_MOVES = f"""
with months as (select * from {{months}}),
starts as (
    select period, scheme_id, customer_id, tier
    from months inner join insights.tier_history as h on h.day = period_start
),
ends as (
    select period, period_start, period_end, scheme_id, customer_id, tier
    from months inner join insights.tier_history as h on h.day = period_end
),
bought as (
    select
        period, customer_id, sum(cast(net_amount as decimal(18, 4))) filter (where counts_money) as net_amount,
        count(*) filter (where is_counted) as orders
    from marts.orders inner join months on order_date >= period_start and order_date < period_end
    where customer_id is not null and (is_counted or counts_money) and order_date < {{day}}
    group by period, customer_id
),
moves as (
    select
        ends.scheme_id, ends.period, any_value(period_start) as period_start, any_value(period_end) as period_end,
        coalesce(starts.tier, '{UNKNOWN}') as from_tier, ends.tier as to_tier, count(*) as count_customers,
        count(*) filter (where orders > 0) as count_buyers,
        cast(coalesce(sum(net_amount), 0) as decimal(28, 4)) as net_amount
    from ends
    left join starts on starts.period = ends.period and starts.scheme_id = ends.scheme_id
        and starts.customer_id = ends.customer_id
    left join bought on bought.period = ends.period and bought.customer_id = ends.customer_id
    group by ends.scheme_id, ends.period, coalesce(starts.tier, '{UNKNOWN}'), ends.tier
)
select
    *, cast(round(count_customers / sum(count_customers) over (partition by scheme_id, period, from_tier), 4)
        as decimal(9, 4)) as share,
    cast(round(count_buyers / count_customers, 4) as decimal(9, 4)) as buyer_share
from moves
"""
