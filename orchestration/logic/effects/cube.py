"""effect_cube: the months of effect_evaluation by tier, owner and channel crossed, as sums that add up.

Classes are those of classes.py: everybody known when the month began is in one cell. Sums and counts of the cells add up to
those behind effect_evaluation; rates do not, and are told only of cells with enough customers. Months prove no cause, so there
is no verdict.
"""

from datetime import date

import duckdb

from orchestration.logic.effects.classes import make_members
from orchestration.logic.effects.monthly import make_facts
from orchestration.logic.effects.periods import UNKNOWN
from orchestration.logic.segmentation.store import literal, replace_day
from orchestration.settings.criteria.effects import CHANNEL, OWNER
from orchestration.settings.insights import InsightSettings


def effect_cube(con: duckdb.DuckDBPyConnection, as_of: date, settings: InsightSettings) -> int:
    """Writes insights.effect_cube of `as_of`. Grain: period, tier (of the main scheme), owner, channel (of the last order
    before the month; '-' without one); cells without customers have no row. Needs insights.tier_history. Returns the rows."""
    make_members(con, as_of, settings)
    make_facts(con, as_of, settings)
    query = _CUBE.format(
        day=literal(as_of),
        main=literal(settings.criteria.main_scheme),
        least=settings.criteria.effects.minimum_customers,
    )
    rows = replace_day(con, "effect_cube", as_of, query, settings.criteria_version)
    con.execute("drop table temp.strata_members; drop table temp.strata_month_facts")
    return rows


_CUBE = f"""
with placed as (
    select
        period, any_value(period_start) as period_start, any_value(period_end) as period_end, customer_id,
        max(class) filter (where scheme_id = {{main}}) as tier,
        coalesce(max(class) filter (where scheme_id = '{OWNER}'), '{UNKNOWN}') as owner,
        coalesce(max(class) filter (where scheme_id = '{CHANNEL}'), '{UNKNOWN}') as channel
    from strata_members
    where scheme_id in ({{main}}, '{OWNER}', '{CHANNEL}')
    group by period, customer_id
),
sums as (
    select
        period, period_start, period_end, tier, owner, channel, count(*) as count_customers,
        count(first_date) as count_buyers, cast(coalesce(sum(orders), 0) as bigint) as count_orders,
        cast(coalesce(sum(net_amount), 0) as decimal(28, 4)) as net_amount,
        case when period_end + 90 <= {{day}} then count(*) filter (where gap_days <= 90) end as count_repeat_90,
        case when period_start + interval 12 month <= {{day}}
            then cast(coalesce(sum(net_amount_year), 0) as decimal(28, 4)) end as net_amount_12m,
        cast(coalesce(sum(csat_count), 0) as bigint) as count_csat,
        cast(coalesce(sum(csat), 0) as decimal(28, 4)) as csat_total
    from placed left join strata_month_facts using (period, customer_id)
    group by period, period_start, period_end, tier, owner, channel
),
told as (
    select
        *, count_customers < {{least}} as is_small,
        case when not is_small then round(count_buyers / count_customers, 4) end as conversion_rate,
        case when not is_small then round(net_amount / count_customers, 4) end as net_amount_per_customer,
        case when count_buyers >= {{least}} then round(count_repeat_90 / count_buyers, 4) end as repeat_rate_90,
        case when count_csat >= {{least}} then round(csat_total / count_csat, 4) end as csat
    from sums
)
select
    told.*,
    case when lag(period_end) over earlier = period_start then lag(conversion_rate) over earlier end
        as conversion_rate_before,
    case when lag(period_end) over earlier = period_start then lag(net_amount_per_customer) over earlier end
        as net_amount_per_customer_before
from told window earlier as (partition by tier, owner, channel order by period)
"""
