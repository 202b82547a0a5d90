"""Who was treated by an intervention, who was alike, and what each customer did before and after it.

Matching is exact within bands fixed beforehand (Iacus, King & Porro, Causal inference without balance checking:
coarsened exact matching, Political Analysis 20 (2012), 1-24): tier, recency, orders and amount as they stood when the
intervention began. What follows from it is computed in interventions.py.
"""

from datetime import date, timedelta

from orchestration.logic.segmentation.grid import business_day
from orchestration.logic.segmentation.store import literal
from orchestration.settings.criteria import Intervention, Treated
from orchestration.settings.criteria.effects import Matching
from orchestration.settings.insights import InsightSettings

# What is compared; `#` stands for before or after.
METRICS = {
    "conversion_rate": "cast(orders_# > 0 as integer)",
    "repeat_buyer_rate": "cast(days_# > 1 as integer)",
    "orders_per_customer": "orders_#",
    "net_amount_per_customer": "net_#",
    "csat": "csat_#",
}


def matched_units(intervention: Intervention, end: date, settings: InsightSettings, timezone: str) -> str:
    """SQL: customer_id, tier, is_treated, stratum, metric, before, after, one row a metric and customer known on the
    first day. `end`: the day after the last that counts. The tier is that of the month's first day."""
    treated = _treated(intervention.treated, end, intervention.started_on, timezone)
    strata = _strata(settings.criteria.effects.matching, with_tier=intervention.treated.tier is None)
    return _units(intervention.started_on, intervention.days, end, settings, timezone, treated, strata)


def all_units(start: date, days: int, end: date, settings: InsightSettings, timezone: str) -> str:
    """The same of everybody known on the day `start`, compared with nobody: all are treated, in one stratum."""
    return _units(start, days, end, settings, timezone, "select customer_id from known", "(0)")


def _units(
    start: date, days: int, end: date, settings: InsightSettings, timezone: str, treated: str, strata: str
) -> str:
    return _UNITS.format(
        start=literal(start),
        window=literal(start - timedelta(days=settings.criteria.window_days)),
        first=literal(start - timedelta(days=days)),
        end=literal(end),
        day=business_day("given_at", timezone),
        main=literal(settings.criteria.main_scheme),
        metrics=", ".join(
            _METRIC.format(name=name, before=value.replace("#", "before"), after=value.replace("#", "after"))
            for name, value in METRICS.items()
        ),
        treated=treated,
        strata=strata,
    )


def _treated(treated: Treated, end: date, start: date, timezone: str) -> str:
    """SQL: the customers that were treated."""
    if treated.campaign is not None:
        day = business_day("occurred_at", timezone)
        return (
            f"select distinct customer_id from marts.interactions where campaign = {literal(treated.campaign)} "
            f"and {day} >= {literal(start)} and {day} < {literal(end)}"
        )
    if treated.tier is not None:
        return f"select customer_id from known where tier = {literal(treated.tier)}"
    day = business_day("given_at", timezone)
    return (
        f"select customer_id from marts.consents where purpose = 'marketing' and {day} < {literal(start)} "
        f"group by customer_id having max_by(state, (given_at, state)) = {literal(treated.marketing_consent)}"
    )


def _strata(matching: Matching, with_tier: bool) -> str:
    """SQL of the columns whose combination is a stratum. The tier cannot be one when it is the treatment."""

    def band(column: str, bounds: list[int]) -> str:
        return f"case {' '.join(f'when {column} < {b} then {k}' for k, b in enumerate(bounds))} else {len(bounds)} end"

    recency = f"case when recency is null then -1 else {band('recency', matching.recency_days)} end"
    rank = "rank() over (partition by amount > 0 order by amount)"
    amounts = f"(({rank} - 1) * {matching.amount_bands}) // count(*) over (partition by amount > 0)"
    tier = "tier, " if with_tier else ""
    return f"({tier}{recency}, {band('orders', matching.orders)}, case when amount > 0 then {amounts} else -1 end)"


_METRIC = "struct_pack(metric := '{name}', before := cast({before} as decimal(18, 4)), after := cast({after} as decimal(18, 4)))"

_UNITS = """
with known as (
    select customer_id, tier from insights.tier_history
    where scheme_id = {main} and day = (select max(day) from insights.tier_history where day <= {start})
),
treated as ({treated}),
orders as (
    select
        customer_id,
        {start} - max(order_date) filter (where is_counted and order_date < {start}) as recency,
        count(*) filter (where is_counted and order_date >= {window} and order_date < {start}) as orders,
        coalesce(sum(net) filter (where order_date >= {window} and order_date < {start}), 0) as amount,
        count(*) filter (where is_counted and order_date >= {first} and order_date < {start}) as orders_before,
        count(*) filter (where is_counted and order_date >= {start}) as orders_after,
        count(distinct order_date) filter (where is_counted and order_date >= {first} and order_date < {start})
            as days_before,
        count(distinct order_date) filter (where is_counted and order_date >= {start}) as days_after,
        coalesce(sum(net) filter (where order_date >= {first} and order_date < {start}), 0) as net_before,
        coalesce(sum(net) filter (where order_date >= {start}), 0) as net_after
    from (
        select *, case when counts_money then cast(net_amount as decimal(18, 4)) end as net
        from marts.orders where customer_id is not null and order_date < {end} and (is_counted or counts_money)
    ) group by customer_id
),
scores as (
    select
        customer_id, avg(score) filter (where day >= {first} and day < {start}) as csat_before,
        avg(score) filter (where day >= {start}) as csat_after
    from (select *, {day} as day from marts.feedback where kind = 'csat' and score is not null)
    where day < {end} group by customer_id
),
described as (
    select
        known.customer_id, known.tier, t.customer_id is not null as is_treated, o.recency,
        coalesce(o.orders, 0) as orders, coalesce(o.amount, 0) as amount, csat_before, csat_after,
        coalesce(orders_before, 0) as orders_before, coalesce(orders_after, 0) as orders_after,
        coalesce(days_before, 0) as days_before, coalesce(days_after, 0) as days_after,
        cast(coalesce(net_before, 0) as decimal(18, 4)) as net_before,
        cast(coalesce(net_after, 0) as decimal(18, 4)) as net_after
    from known
    left join treated as t on t.customer_id = known.customer_id
    left join orders as o on o.customer_id = known.customer_id
    left join scores on scores.customer_id = known.customer_id
)
select
    customer_id, tier, is_treated, {strata} as stratum,
    unnest([{metrics}
    ], recursive := true)
from described
"""
