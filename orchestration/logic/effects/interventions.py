"""What an intervention changed: the treated against untreated customers who were alike before it, before and after.

Matching is exact within bands fixed beforehand (Iacus, King & Porro, Causal inference without balance checking:
coarsened exact matching, Political Analysis 20 (2012), 1-24). The effect is the difference in differences, each stratum
weighted by its treated customers; its variance is Neyman's for a stratified comparison (Imbens & Rubin, Causal
Inference, 2015, chapter 9), so that it needs no random draws and grows with the data only linearly. It says nothing
of what else happened to the treated alone at that time.
"""

from datetime import date, timedelta
from statistics import NormalDist

import duckdb

from orchestration.logic.effects.classes import ALL
from orchestration.logic.segmentation.grid import business_day, business_timezone
from orchestration.logic.segmentation.store import literal
from orchestration.settings.criteria import Intervention, Treated
from orchestration.settings.criteria.effects import Effects, Matching
from orchestration.settings.insights import InsightSettings

METRICS = ("conversion_rate", "repeat_buyer_rate", "orders_per_customer", "net_amount_per_customer", "csat")


def effects_of_interventions(con: duckdb.DuckDBPyConnection, as_of: date, settings: InsightSettings) -> list[str]:
    """The queries of the rows of effect_evaluation, one for each intervention that began before as_of and within the
    tier history: for all treated and by their tier then, each of METRICS."""
    effects = settings.criteria.effects
    (first,) = con.execute("select min(day) from insights.tier_history").fetchall()[0]
    return [
        _query(intervention, as_of, settings, business_timezone(con))
        for intervention in effects.interventions
        if first is not None and first <= intervention.started_on < as_of
    ]


def _query(intervention: Intervention, as_of: date, settings: InsightSettings, timezone: str) -> str:
    effects, start = settings.criteria.effects, intervention.started_on
    end = start + timedelta(days=intervention.days)
    before = start - timedelta(days=intervention.days)
    main = literal(settings.criteria.main_scheme)
    units = _UNITS.format(
        start=literal(start),
        window=literal(start - timedelta(days=settings.criteria.window_days)),
        first=literal(before),
        # Of an intervention still under way only who it reached so far is told, no effect.
        end=literal(min(end, as_of)),
        day=business_day("given_at", timezone),
        main=main,
        treated=_treated(intervention.treated, min(end, as_of), start, timezone),
        strata=_strata(effects.matching, with_tier=intervention.treated.tier is None),
    )
    return _EFFECT.format(
        units=units,
        # Who is treated for being in a tier has nobody of that tier to be compared with.
        by_tier="true" if intervention.treated.tier is None else "false",
        over=literal(end <= as_of),
        code=literal(intervention.code),
        start=literal(start),
        end=literal(end),
        main=main,
        z=NormalDist().inv_cdf(0.5 + float(effects.confidence) / 2),
        verdict=_judged(effects, over=end <= as_of),
    )


def _judged(effects: Effects, over: bool) -> str:
    if not over:
        return "'not_over'"
    least = effects.minimum_customers
    return f"""case
        when coalesce(least(count_customers, count_control), 0) < {least} or low is null then 'too_few'
        when low > 0 then 'increased' when high < 0 then 'decreased' else 'no_detectable_effect' end"""


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


# One row a customer known on the first day: treated or not, stratum, and each metric before and after.
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
    unnest([
        struct_pack(
            metric := 'conversion_rate', before := cast(cast(orders_before > 0 as integer) as decimal(18, 4)),
            after := cast(cast(orders_after > 0 as integer) as decimal(18, 4))
        ),
        struct_pack(
            metric := 'repeat_buyer_rate', before := cast(cast(days_before > 1 as integer) as decimal(18, 4)),
            after := cast(cast(days_after > 1 as integer) as decimal(18, 4))
        ),
        struct_pack(
            metric := 'orders_per_customer', before := cast(orders_before as decimal(18, 4)),
            after := cast(orders_after as decimal(18, 4))
        ),
        struct_pack(metric := 'net_amount_per_customer', before := net_before, after := net_after),
        struct_pack(metric := 'csat', before := cast(csat_before as decimal(18, 4)), after := cast(csat_after as decimal(18, 4)))
    ], recursive := true)
from described
"""

_BEFORE = ("value_before", "value_control_before")
_AFTER = ("value", "value_control", "difference", "low", "high")
_ROUNDED = ", ".join(
    [f"cast(round({column}, 4) as decimal(28, 4)) as {column}" for column in _BEFORE]
    + [f"case when {{over}} then cast(round({column}, 4) as decimal(28, 4)) end as {column}" for column in _AFTER]
)

# A group of one customer in a stratum borrows the pooled variance of its side.
_EFFECT = f"""
with units as ({{units}}),
classed as (
    select 'all' as scheme_id, '{ALL}' as class, * from units where before is not null and after is not null
    union all
    select {{main}} as scheme_id, tier as class, * from units
    where before is not null and after is not null and {{by_tier}}
),
groups as (
    select
        scheme_id, class, metric, stratum, is_treated, count(*) as n, avg(before) as before, avg(after) as after,
        avg(after - before) as change, var_samp(after - before) as variance
    from classed group by scheme_id, class, metric, stratum, is_treated
),
paired as (
    select t.scheme_id, t.class, t.metric, t, c
    from groups as t inner join groups as c using (scheme_id, class, metric, stratum)
    where t.is_treated and not c.is_treated
),
pooled as (
    select
        scheme_id, class, metric,
        sum(t.variance * (t.n - 1)) / nullif(sum(t.n - 1), 0) as of_treated,
        sum(c.variance * (c.n - 1)) / nullif(sum(c.n - 1), 0) as of_control
    from paired group by scheme_id, class, metric
),
estimated as (
    select
        scheme_id, class, metric, sum(t.n) as count_customers, sum(c.n) as count_control,
        sum(t.n * t.after) / sum(t.n) as value, sum(t.n * t.before) / sum(t.n) as value_before,
        sum(t.n * c.after) / sum(t.n) as value_control, sum(t.n * c.before) / sum(t.n) as value_control_before,
        sum(t.n * (t.change - c.change)) / sum(t.n) as difference,
        sqrt(sum(t.n * t.n * (
            coalesce(t.variance, of_treated) / t.n + coalesce(c.variance, of_control) / c.n
        ))) / sum(t.n) as error
    from paired inner join pooled using (scheme_id, class, metric)
    group by scheme_id, class, metric
),
bounded as (
    select
        *, difference - {{z}} * error as low, difference + {{z}} * error as high from estimated
),
rounded as (select scheme_id, class, metric, count_customers, count_control, {_ROUNDED} from bounded),
treated as (select distinct scheme_id, class, metric from classed where is_treated)
select
    {{code}} as period, 'intervention' as kind, {{start}} as period_start, {{end}} as period_end,
    scheme_id, class, metric, coalesce(count_customers, 0) as count_customers,
    coalesce(count_control, 0) as count_control, {", ".join((*_BEFORE, *_AFTER))}, {{verdict}} as verdict
from treated left join rounded using (scheme_id, class, metric)
"""
