"""What an intervention changed: the treated against untreated customers who were alike before it, before and after.

The effect is the difference in differences, each stratum of matching.py weighted by its treated customers; its variance
is Neyman's for a stratified comparison (Imbens & Rubin, Causal Inference, 2015, chapter 9), so that it needs no random
draws and grows with the data only linearly. It says nothing of what else happened to the treated alone at that time.

The intervals of one intervention hold together with the confidence asked for (Bonferroni's inequality): each of its
metrics and tiers is one more chance to see an effect where there is none, and an evaluation must not claim one for that.
"""

from datetime import date, timedelta
from statistics import NormalDist

import duckdb

from orchestration.logic.effects.matching import METRICS, matched_units
from orchestration.logic.segmentation.grid import business_timezone
from orchestration.logic.segmentation.store import literal
from orchestration.settings.criteria import Effects, Intervention
from orchestration.settings.criteria.effects import ALL
from orchestration.settings.insights import InsightSettings


def effects_of_interventions(con: duckdb.DuckDBPyConnection, as_of: date, settings: InsightSettings) -> list[str]:
    """The queries of the rows of effect_evaluation, one for each intervention that began before as_of and within the
    tier history: for all treated and by their tier then, each metric of matching.py."""
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
    return _EFFECT.format(
        # Of an intervention still under way only who it reached so far is told, no effect.
        units=matched_units(intervention, min(end, as_of), settings, timezone),
        # Who is treated for being in a tier has nobody of that tier to be compared with.
        by_tier="true" if intervention.treated.tier is None else "false",
        over=literal(end <= as_of),
        code=literal(intervention.code),
        start=literal(start),
        end=literal(end),
        main=literal(settings.criteria.main_scheme),
        zs=quantiles(float(effects.confidence), len(METRICS) * (1 + len(settings.criteria.main.tiers))),
        least=effects.minimum_customers,
        verdict=_judged(effects, over=end <= as_of),
    )


def quantiles(confidence: float, at_most: int) -> str:
    """SQL: the list whose n-th entry is so many errors wide that n intervals hold together with that confidence."""
    return str([NormalDist().inv_cdf(1 - (1 - confidence) / (2 * n)) for n in range(1, at_most + 1)])


def _judged(effects: Effects, over: bool) -> str:
    if not over:
        return "'not_over'"
    return f"""case
        when coalesce(least(count_customers, count_control), 0) < {effects.minimum_customers} or low is null then 'too_few'
        when low > 0 then 'increased' when high < 0 then 'decreased' else 'no_detectable_effect' end"""


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
    select *, difference - z * error as low, difference + z * error as high
    from (
        select
            *, {{zs}}[
                count(*) filter (where least(count_customers, count_control) >= {{least}} and error is not null) over ()
            ] as z
        from estimated
    )
),
rounded as (select scheme_id, class, metric, count_customers, count_control, {_ROUNDED} from bounded),
treated as (select distinct scheme_id, class, metric from classed where is_treated)
select
    {{code}} as period, 'intervention' as kind, {{start}} as period_start, {{end}} as period_end,
    scheme_id, class, metric, coalesce(count_customers, 0) as count_customers,
    coalesce(count_control, 0) as count_control, {", ".join((*_BEFORE, *_AFTER))}, {{verdict}} as verdict
from treated left join rounded using (scheme_id, class, metric)
"""
