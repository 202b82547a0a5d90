"""Life cycle: prospect, new, active, lapsing, dormant, lost, regained, and the first as-of day from which the state
holds.

States follow days since the last order; where a customer's own cycle is longer, active and lapsing last for so many
cycles, but nobody is anything but lost beyond dormant_days. `since` is computed in closed form from the order days, by
today's bounds, so that no earlier run is needed. An order on day d is first seen on as-of day d + 1.
"""

from datetime import date

import duckdb

from orchestration.logic.segmentation.grid import business_day, business_timezone
from orchestration.logic.segmentation.store import case_by, literal, replace_day
from orchestration.settings.criteria import Lifecycle
from orchestration.settings.insights import InsightSettings

LABELS_ZH: dict[str, object] = {
    "prospect": "潜客", "new": "新客", "active": "活跃", "lapsing": "潜在", "dormant": "沉睡", "lost": "流失",
    "regained": "回流",
}  # fmt: skip


def lifecycle_states(con: duckdb.DuckDBPyConnection, as_of: date, settings: InsightSettings) -> int:
    """Writes insights.lifecycle_states of `as_of` from insights.customer_features and the order days. Returns the
    rows."""
    rules, day = settings.criteria.lifecycle, literal(as_of)
    query = _STATES.format(
        day=day,
        seen_day=business_day("first_seen_at", business_timezone(con)),
        active=_bound(rules, "active"),
        lapsing=_bound(rules, "lapsing"),
        dormant=rules.dormant_days,
        new=rules.new_days,
        regained=rules.regained_days,
        label=case_by("lifecycle", LABELS_ZH),
    )
    return replace_day(con, "lifecycle_states", as_of, query, settings.criteria_version)


def _bound(rules: Lifecycle, state: str) -> str:
    days = getattr(rules, f"{state}_days")
    if rules.own_cycle is None:
        return str(days)
    multiple = getattr(rules.own_cycle, state)
    own = f"cast(floor({multiple} * coalesce(purchase_cycle_days, 0)) as integer)"
    return f"least(greatest({days}, {own}), {rules.dormant_days})"


_STATES = """
with base as (
    select
        customer_id, recency_days, first_order_date, last_order_date,
        {active} as active_days, {lapsing} as lapsing_days
    from insights.customer_features where as_of = {day}
),
order_days as (
    select distinct customer_id, order_date
    from marts.orders where is_counted and customer_id is not null and order_date < {day}
),
gaps as (
    select
        customer_id, order_date,
        order_date - lag(order_date) over (partition by customer_id order by order_date) as gap_days
    from order_days
),
returns as (
    select
        gaps.customer_id,
        max(gaps.order_date) filter (where gap_days > {dormant}) as returned_on,
        max(gaps.order_date) filter (where gap_days > base.active_days) as resumed_on
    from gaps inner join base on base.customer_id = gaps.customer_id
    group by gaps.customer_id
),
dated as (
    select
        base.*,
        returns.resumed_on,
        returns.returned_on,
        {seen_day} as seen_day
    from base
    inner join marts.customers as customers on customers.customer_id = base.customer_id
    left join returns on returns.customer_id = base.customer_id
),
stated as (
    select
        dated.*,
        case
            when recency_days is null then 'prospect'
            when recency_days > {dormant} then 'lost'
            when recency_days > lapsing_days then 'dormant'
            when recency_days > active_days then 'lapsing'
            when {day} - first_order_date <= {new} then 'new'
            when {day} - returned_on <= {regained} then 'regained'
            else 'active'
        end as lifecycle
    from dated
)
select
    customer_id,
    lifecycle,
    case lifecycle
        when 'prospect' then least(seen_day + 1, {day})
        when 'lost' then last_order_date + {dormant} + 1
        when 'dormant' then last_order_date + lapsing_days + 1
        when 'lapsing' then last_order_date + active_days + 1
        when 'new' then first_order_date + 1
        when 'regained' then returned_on + 1
        else greatest(first_order_date + {new} + 1, resumed_on + 1, returned_on + {regained} + 1)
    end as since,
    {label} as lifecycle_zh
from stated
"""
