"""threshold_advice: how the bounds of each criterion cut the customers, and how they would if the bounds moved.

Reads the scored day; a person decides and edits criteria.yml. Bands and points are made in segmentation/scorecard.py.
"""

from datetime import date

import duckdb

from orchestration.logic.segmentation.ranks import share_better
from orchestration.logic.segmentation.store import literal, replace_day, values
from orchestration.settings.criteria import Criterion, Scheme
from orchestration.settings.insights import InsightSettings

# The tiers' own criterion.
TOTAL = "total_points"


def threshold_advice(con: duckdb.DuckDBPyConnection, as_of: date, settings: InsightSettings) -> int:
    """Writes insights.threshold_advice of `as_of`. Grain: scheme_id, criterion (total_points: the tiers), kind (bound,
    quantile), point (band or tier code, or the quantile). Needs scorecard_points, customer_tiers. Returns the rows."""
    advice, schemes = settings.criteria.effects.advice, settings.criteria.schemes.items()
    bounds = [row for scheme_id, scheme in schemes for row in _bounds(scheme_id, scheme)]
    scores = [
        _scores(scheme_id, code, criterion, as_of)
        for scheme_id, scheme in schemes
        for code, criterion in scheme.criteria.items()
    ]
    query = _ADVICE.format(
        bounds=values("b(scheme_id, criterion, point, scale, rises, bound)", bounds),
        quantiles=values("q(quantile, point)", [(quantile, str(quantile)) for quantile in advice.quantiles]),
        scores=" union all ".join(scores),
        day=literal(as_of),
        total=TOTAL,
        step=advice.step,
        least=advice.least_share,
        largest=advice.largest_share,
    )
    return replace_day(con, "threshold_advice", as_of, query, settings.criteria_version)


def _bounds(scheme_id: str, scheme: Scheme) -> list[tuple[object, ...]]:
    """Each band but the worst with the bound that its customers and all in better bands have passed."""
    rows: list[tuple[object, ...]] = []
    for code, criterion in scheme.criteria.items():
        # The ends of top_share bands are shares of customers: the better, the lower.
        rises = criterion.scale == "value" and criterion.direction == "higher_is_better"
        rows += [
            (scheme_id, code, band.code, criterion.scale, rises, band.at_least if rises else band.below)
            for band in criterion.best_first[:-1]
        ]
    return rows + [(scheme_id, TOTAL, tier.code, "value", True, tier.at_least) for tier in scheme.tiers[:-1]]


def _scores(scheme_id: str, code: str, criterion: Criterion, as_of: date) -> str:
    """SQL: one row a customer: what is compared with the bound is `compared` against bound times `unit`."""
    higher = criterion.direction == "higher_is_better"
    compared, unit, usable = "raw_value", "1", "true"
    if criterion.scale == "top_share":
        usable = "raw_value > 0" if higher else "raw_value is not null"
        compared, unit = share_better("raw_value", f"coalesce({usable}, false)", "as_of", higher)
    return f"""
        select
            scheme_id, criterion, raw_value, {literal(higher)} as higher, {unit} as unit,
            case when {usable} then {compared} end as compared
        from insights.scorecard_points
        where as_of = {literal(as_of)} and scheme_id = {literal(scheme_id)} and criterion = {literal(code)}
    """


# Equal customers are counted once for all; `passes` of a bound: at least it, or below it where lower is better.
_ADVICE = """
with bounds as (select * from {bounds}),
scored as (
    {scores}
    union all
    select scheme_id, '{total}', total_points, true, 1, total_points from insights.customer_tiers where as_of = {day}
),
places as (
    select
        scheme_id, criterion, higher, cast(raw_value as decimal(28, 4)) as raw_value,
        cast(compared as decimal(28, 6)) as compared, unit, count(*) as n
    from scored group by all
),
totals as (
    select scheme_id, criterion, any_value(higher) as higher, sum(n) as everybody,
        coalesce(sum(n) filter (where raw_value is not null), 0) as known
    from places group by scheme_id, criterion
),
moved as (
    select bounds.*, what, bound * factor as moved_bound
    from bounds cross join (values ('now', 1.0), ('lower', 1 - {step}), ('higher', 1 + {step})) as f(what, factor)
),
counted as (
    select
        m.scheme_id, m.criterion, m.point, m.scale, m.rises, m.bound,
        sum(p.n) filter (where what = 'now') as n, sum(p.n) filter (where what = 'lower') as n_lower,
        sum(p.n) filter (where what = 'higher') as n_higher,
        min(raw_value) filter (where what = 'now') as smallest, max(raw_value) filter (where what = 'now') as largest
    from moved as m
    left join places as p on p.scheme_id = m.scheme_id and p.criterion = m.criterion
        and case when rises then compared >= moved_bound * unit else compared < moved_bound * unit end
    group by m.scheme_id, m.criterion, m.point, m.scale, m.rises, m.bound
),
judged as (
    select
        c.*, t.higher, t.known, coalesce(c.n, 0) / nullif(everybody, 0) as reached,
        case
            when coalesce(c.n, 0) < {least} * everybody then 'too_few'
            when c.n > {largest} * everybody then 'too_many' else 'fine'
        end as verdict
    from counted as c inner join totals as t on t.scheme_id = c.scheme_id and t.criterion = c.criterion
),
by_value as (
    select scheme_id, criterion, higher, raw_value, sum(n) as n
    from places where raw_value is not null group by scheme_id, criterion, higher, raw_value
),
-- What share a bound at each value would leave.
possible as (
    select
        v.*, everybody, case
            when v.higher then sum(n) over (partition by v.scheme_id, v.criterion order by raw_value desc)
            else sum(n) over (partition by v.scheme_id, v.criterion order by raw_value) - n
        end as n_passing
    from by_value as v inner join totals as t on t.scheme_id = v.scheme_id and t.criterion = v.criterion
),
suggested as (
    select
        j.scheme_id, j.criterion, j.point,
        case j.verdict
            when 'too_few' then min_by(raw_value, n_passing) filter (where n_passing >= {least} * everybody)
            when 'too_many' then max_by(raw_value, n_passing) filter (where n_passing <= {largest} * everybody)
        end as suggested_value
    from judged as j inner join possible as p on p.scheme_id = j.scheme_id and p.criterion = j.criterion
    where j.scale = 'value' and j.verdict <> 'fine'
    group by j.scheme_id, j.criterion, j.point, j.verdict
),
-- quantile_disc for every quantile at once: the first value at which so large a share is reached.
climbed as (
    select
        *, sum(n) over upwards as below_or_at, sum(n) over (partition by scheme_id, criterion) as known,
        sum(n) over (partition by scheme_id, criterion order by raw_value desc) as at_or_above
    from by_value window upwards as (partition by scheme_id, criterion order by raw_value)
),
quantiles as (
    select
        scheme_id, criterion, point, any_value(known) as known, min(raw_value) as value,
        min_by(if(higher, at_or_above, below_or_at), raw_value) as n
    from climbed cross join {quantiles}
    where below_or_at >= quantile * known group by scheme_id, criterion, point
)
select
    j.scheme_id, j.criterion, 'bound' as kind, j.point, j.scale,
    cast(case when j.scale = 'value' then bound when higher then smallest else largest end as decimal(28, 4)) as value,
    cast(bound as decimal(18, 6)) as bound, cast(coalesce(n, 0) as bigint) as count_customers,
    cast(round(reached, 4) as decimal(9, 4)) as share, cast(coalesce(n_lower, 0) as bigint) as count_if_lower,
    cast(coalesce(n_higher, 0) as bigint) as count_if_higher, j.verdict, suggested_value,
    cast(known as bigint) as count_known
from judged as j
left join suggested as s on s.scheme_id = j.scheme_id and s.criterion = j.criterion and s.point = j.point
union all
select
    q.scheme_id, q.criterion, 'quantile', point, null, value, null,
    cast(n as bigint), cast(round(n / everybody, 4) as decimal(9, 4)), null, null, null, null, cast(q.known as bigint)
from quantiles as q inner join totals as t on t.scheme_id = q.scheme_id and t.criterion = q.criterion
"""
