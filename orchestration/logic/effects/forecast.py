"""class_forecast: revenue and orders of the coming months by class, by the seasonal naive method, with its past errors.

A month of a class is what the customers in it when the month began bought in it; '-' is who came during the month. The
forecast is the value of the same month of the season before (naive: the last month, where the history is too short).
Its interval widens with the seasons ahead (Hyndman & Athanasopoulos, Forecasting: Principles and Practice, 3rd ed.,
5.2 and 5.5). MAPE leaves out months of zero; MASE divides by the mean error of the last-month forecast (Hyndman &
Koehler, Another look at measures of forecast accuracy, Int. J. Forecasting 22 (2006), 679-688).
"""

from datetime import date
from statistics import NormalDist

import duckdb

from orchestration.logic.effects.periods import UNKNOWN, months_table
from orchestration.logic.segmentation.grid import month_starts
from orchestration.logic.segmentation.store import literal, replace_day, values
from orchestration.settings.criteria.effects import ALL
from orchestration.settings.insights import InsightSettings

# As far back as the whole business is read; classes are known for effects.months.
_LONGEST_MONTHS = 60


def class_forecast(con: duckdb.DuckDBPyConnection, as_of: date, settings: InsightSettings) -> int:
    """Writes insights.class_forecast of `as_of`. Grain: scheme_id, class, measure (net_amount, orders), month, horizon.
    Horizon 1 is the first month that is not complete. Needs insights.tier_history. Returns the rows."""
    effects = settings.criteria.effects
    horizons = [(h, _month_after(as_of, h - 1)) for h in range(1, effects.forecast.horizon_months + 1)]
    season, least = effects.forecast.season_months, effects.forecast.least_errors
    query = _FORECAST.format(
        day=literal(as_of),
        months=months_table(as_of, effects.months),
        all_months=values("a(month)", [(day,) for day in month_starts(as_of.replace(day=1), _LONGEST_MONTHS)]),
        horizons=values("horizons(horizon, month)", horizons),
        season=season,
        least=least,
        z=NormalDist().inv_cdf(0.5 + float(effects.confidence) / 2),
    )
    return replace_day(con, "class_forecast", as_of, query, settings.criteria_version)


def _month_after(day: date, months: int) -> date:
    """The first day of the month so many months after that of `day`."""
    years, month = divmod(day.month - 1 + months, 12)
    return date(day.year + years, month + 1, 1)


_FORECAST = f"""
with months as (select * from {{months}}),
all_months as (select * from {{all_months}}),
bought as (
    select
        customer_id, cast(date_trunc('month', order_date) as date) as month, count(*) filter (where is_counted) as orders,
        sum(cast(net_amount as decimal(18, 4))) filter (where counts_money) as net_amount
    from marts.orders
    where customer_id is not null and (is_counted or counts_money) and order_date < date_trunc('month', {{day}})
    group by customer_id, month
),
-- The month of the very first order is rarely a whole one.
opening as (select date_trunc('month', min(month)) + interval 1 month as month from bought where orders > 0),
schemes as (select distinct scheme_id from insights.tier_history),
classed as (
    select schemes.scheme_id, coalesce(h.tier, '{UNKNOWN}') as class, bought.*
    from bought
    inner join months on months.period_start = bought.month
    cross join schemes
    left join insights.tier_history as h
        on h.customer_id = bought.customer_id and h.day = bought.month and h.scheme_id = schemes.scheme_id
    union all by name
    select '{ALL}' as scheme_id, '{ALL}' as class, * from bought
),
sums as (
    select
        scheme_id, class, month, cast(sum(orders) as decimal(28, 4)) as orders,
        cast(coalesce(sum(net_amount), 0) as decimal(28, 4)) as net_amount
    from classed group by scheme_id, class, month
),
-- A class without a purchase in a month sold nothing then.
classes as (
    select distinct scheme_id, class from sums
    union select scheme_id, tier from insights.tier_history
),
grid as (
    select scheme_id, class, all_months.month
    from classes inner join all_months on all_months.month >= (select month from opening)
        and (scheme_id = '{ALL}' or all_months.month >= (select min(period_start) from months))
),
series as (
    select
        scheme_id, class, measure, month, cast(value as double) as y, month_number
    from (
        select
            grid.*, coalesce(orders, 0) as orders, coalesce(net_amount, 0) as net_amount,
            date_diff('month', date '2000-01-01', grid.month) as month_number
        from grid left join sums
            on sums.scheme_id = grid.scheme_id and sums.class = grid.class and sums.month = grid.month
    ) unpivot (value for measure in (orders, net_amount))
),
lengths as (
    select scheme_id, class, measure, count(*) as n, max(month_number) as latest,
        case when n >= {{season}} + {{least}} then 'seasonal_naive' when n >= 1 + {{least}} then 'naive' end as method
    from series group by scheme_id, class, measure
),
-- How far back each horizon reads: whole seasons, or to the last month.
reach as (
    select
        lengths.*, horizon, horizons.month,
        case method when 'seasonal_naive' then {{season}} * (1 + (horizon - 1) // {{season}}) else horizon end as lag,
        case method when 'seasonal_naive' then {{season}} else 1 end as step
    from lengths cross join {{horizons}} where method is not null
),
errors as (
    select
        s.scheme_id, s.class, s.measure, r.horizon, count(*) as n,
        avg(abs(s.y - p.y) / nullif(abs(s.y), 0) order by s.month) as mape,
        avg(abs(s.y - p.y) order by s.month) as mae
    from series as s
    inner join reach as r on r.scheme_id = s.scheme_id and r.class = s.class and r.measure = s.measure
    inner join series as p on p.scheme_id = s.scheme_id and p.class = s.class and p.measure = s.measure
        and p.month_number = s.month_number - r.lag
    group by s.scheme_id, s.class, s.measure, r.horizon
),
-- Spread of the one-step errors of the method, and the scale of MASE.
spreads as (
    select
        s.scheme_id, s.class, s.measure, r.step,
        sqrt(avg((s.y - p.y) * (s.y - p.y) order by s.month)) as sigma,
        avg(abs(s.y - p.y) order by s.month) as mean_error
    from series as s
    cross join (select distinct step from reach union select 1) as r
    inner join series as p on p.scheme_id = s.scheme_id and p.class = s.class and p.measure = s.measure
        and p.month_number = s.month_number - r.step
    group by s.scheme_id, s.class, s.measure, r.step
)
select
    r.scheme_id, r.class, r.measure, r.month, cast(r.horizon as integer) as horizon, r.method,
    cast(round(s.y, 4) as decimal(28, 4)) as value,
    cast(round(greatest(s.y - {{z}} * w.sigma * sqrt(r.lag // r.step), least(s.y, 0)), 4) as decimal(28, 4)) as low,
    cast(round(s.y + {{z}} * w.sigma * sqrt(r.lag // r.step), 4) as decimal(28, 4)) as high,
    round(mape, 4) as mape, round(mae / nullif(scale.mean_error, 0), 4) as mase, e.n as count_errors,
    r.n as count_months
from reach as r
inner join series as s on s.scheme_id = r.scheme_id and s.class = r.class and s.measure = r.measure
    and s.month_number = date_diff('month', date '2000-01-01', r.month) - r.lag
left join errors as e on e.scheme_id = r.scheme_id and e.class = r.class and e.measure = r.measure
    and e.horizon = r.horizon
left join spreads as w on w.scheme_id = r.scheme_id and w.class = r.class and w.measure = r.measure and w.step = r.step
left join spreads as scale on scale.scheme_id = r.scheme_id and scale.class = r.class and scale.measure = r.measure
    and scale.step = 1
"""
