"""The metrics of each class in each complete month, with the month before beside it: tracked values, no verdict.

A class is who was in it when the month began. Formulas are in `_METRICS`; a metric that needs a follow-up (repeat
rates, realised CLV) is null until the last customer of the month has been followed for all of it.
"""

from datetime import date

import duckdb

from orchestration.logic.effects.classes import make_members
from orchestration.logic.effects.expected import make_expected
from orchestration.logic.effects.periods import months_table
from orchestration.logic.effects.survival import median_days
from orchestration.logic.segmentation.grid import business_day, business_timezone
from orchestration.logic.segmentation.store import literal
from orchestration.settings.criteria.effects import ALL
from orchestration.settings.insights import InsightSettings

TEMPORARY = ("members", "month_facts", "month_values", "month_deals")
REPEAT_DAYS = (30, 90, 365)


def monthly(con: duckdb.DuckDBPyConnection, as_of: date, settings: InsightSettings) -> str:
    """Makes the temporary tables (see TEMPORARY; the caller drops them) and returns the query of the rows of
    effect_evaluation of kind month: period, its bounds, scheme_id, class, metric, value, value_before, difference,
    count_customers (the denominator)."""
    timezone, day = business_timezone(con), literal(as_of)
    make_members(con, as_of, settings)
    make_expected(con, as_of, settings)
    make_facts(con, as_of, settings)
    months = months_table(as_of, settings.criteria.effects.months)
    created, closed = business_day("created_at", timezone), business_day("closed_at", timezone)
    con.execute(
        f"create or replace temp table strata_month_deals as {_DEALS.format(created=created, closed=closed, day=day)}"
    )
    cycle = median_days("cycles", "period, scheme_id, class")
    return _ROWS.format(months=months, day=day, cycle=cycle)


def make_facts(con: duckdb.DuckDBPyConnection, as_of: date, settings: InsightSettings) -> None:
    """The temporary table strata_month_facts: what each customer bought and said in each month."""
    months = months_table(as_of, settings.criteria.effects.months)
    given = business_day("given_at", business_timezone(con))
    facts = _FACTS.format(months=months, given=given, day=literal(as_of))
    con.execute(f"create or replace temp table strata_month_facts as {facts}")


# Per customer and month: orders, money, first order day with the one after it, scores given. Facts before as_of only.
_FACTS = """
with months as (select * from {months}),
days as (
    select
        customer_id, order_date, count(*) filter (where is_counted) as orders,
        sum(cast(net_amount as decimal(18, 4))) filter (where counts_money) as net_amount
    from marts.orders
    where customer_id is not null and (is_counted or counts_money) and order_date < {day}
    group by customer_id, order_date
),
followed as (
    select *, lead(order_date) over (partition by customer_id, orders > 0 order by order_date) as next_date from days
),
bought as (
    select
        period, customer_id, sum(orders) as orders, sum(net_amount) as net_amount,
        min(order_date) filter (where orders > 0) as first_date,
        min_by(next_date - order_date, order_date) filter (where orders > 0 and next_date is not null) as gap_days
    from followed inner join months on order_date >= period_start and order_date < period_end
    group by period, customer_id
),
year_after as (
    select period, customer_id, sum(net_amount) as net_amount_year
    from days inner join months
        on order_date >= period_start and order_date < period_start + interval 12 month
        and period_start + interval 12 month <= {day}
    group by period, customer_id
),
questions as (
    select customer_id, source, block, kind, score, {given} as day from marts.feedback
    where customer_id is not null and kind in ('csat', 'nps') and {given} < {day}
),
-- Where a source writes down who did not answer, its rows are all who were asked.
tells_of_the_silent as (select distinct source, block, kind from questions where score is null),
scores as (
    select
        period, customer_id, sum(cast(score as decimal(18, 4))) filter (where kind = 'csat') as csat,
        count(score) filter (where kind = 'csat') as csat_count, count(score) filter (where kind = 'nps') as nps_count,
        count(*) filter (where kind = 'nps' and score >= 9) as promoters,
        count(*) filter (where kind = 'nps' and score <= 6) as detractors,
        count(*) filter (where t.source is not null) as asked, count(score) filter (where t.source is not null) as answered
    from questions inner join months on day >= period_start and day < period_end
    left join tells_of_the_silent as t using (source, block, kind)
    group by period, customer_id
)
select
    coalesce(bought.period, year_after.period, scores.period) as period,
    coalesce(bought.customer_id, year_after.customer_id, scores.customer_id) as customer_id,
    bought.* exclude (period, customer_id), net_amount_year, scores.* exclude (period, customer_id)
from bought
full join year_after on year_after.period = bought.period and year_after.customer_id = bought.customer_id
full join scores on scores.period = coalesce(bought.period, year_after.period)
    and scores.customer_id = coalesce(bought.customer_id, year_after.customer_id)
"""

_DEALS = """
select customer_id, created, case when closed < {day} then closed end as closed, is_won and closed < {day} as is_won
from (select customer_id, {created} as created, {closed} as closed, is_won from marts.opportunities)
where customer_id is not null and created < {day}
"""

# Each metric with the number it divides by; `e` is the day after the month.
_METRICS = """
        struct_pack(metric := 'conversion_rate', value := buyers / members, n := members),
        struct_pack(metric := 'orders_per_customer', value := orders / members, n := members),
        struct_pack(metric := 'net_amount_per_customer', value := net_amount / members, n := members),
        struct_pack(metric := 'clv_12m_realised', value := case when has_year then net_amount_year / members end, n := members),
        struct_pack(metric := 'clv_expected', value := clv / members, n := members),
        struct_pack(metric := 'csat', value := csat / nullif(csat_count, 0), n := csat_givers),
        struct_pack(metric := 'nps', value := 100 * (promoters - detractors) / nullif(nps_count, 0), n := nps_givers),
        struct_pack(metric := 'feedback_rate', value := givers / members, n := members),
        struct_pack(metric := 'response_rate', value := answered / nullif(asked, 0), n := count_asked),
""" + ",\n".join(
    f"        struct_pack(metric := 'repeat_rate_{days}', value := case when period_end + {days} <= {{day}} "
    f"then back_{days} / nullif(buyers, 0) end, n := buyers)"
    for days in REPEAT_DAYS
)

_BACK = ", ".join(f"cast(count(*) filter (where gap_days <= {days}) as double) as back_{days}" for days in REPEAT_DAYS)

_ROWS = f"""
with months as (select * from {{months}}),
sums as (
    select
        m.period, m.period_start, m.period_end, m.scheme_id, m.class, count(*) as members,
        count(first_date) as buyers, coalesce(sum(orders), 0) as orders, coalesce(sum(net_amount), 0) as net_amount,
        m.period_start + interval 12 month <= {{day}} as has_year, coalesce(sum(net_amount_year), 0) as net_amount_year,
        sum(csat) as csat, sum(csat_count) as csat_count, sum(promoters) as promoters, sum(detractors) as detractors,
        sum(nps_count) as nps_count, count(*) filter (where csat_count > 0) as csat_givers,
        count(*) filter (where nps_count > 0) as nps_givers,
        count(*) filter (where csat_count + nps_count > 0) as givers, sum(asked) as asked, sum(answered) as answered,
        count(*) filter (where asked > 0) as count_asked, coalesce(sum(clv), 0) as clv, {_BACK}
    from strata_members as m
    left join strata_month_facts as f on f.period = m.period and f.customer_id = m.customer_id
    left join strata_month_values as v on v.period = m.period and v.customer_id = m.customer_id
    group by m.period, m.period_start, m.period_end, m.scheme_id, m.class
),
of_customers as (
    select period, scheme_id, class, unnest([{_METRICS}], recursive := true) from sums
),
deals as (
    select months.period, d.* from months inner join strata_month_deals as d
        on d.created < period_end and (d.created >= period_start or d.closed >= period_start)
),
class_deals as (
    select d.*, m.scheme_id, m.class, m.period_start, m.period_end
    from deals as d inner join strata_members as m on m.period = d.period and m.customer_id = d.customer_id
    where m.scheme_id <> '{ALL}'
    union all by name
    select d.*, '{ALL}' as scheme_id, '{ALL}' as class, months.period_start, months.period_end
    from deals as d inner join months on months.period = d.period
),
cycles as (
    select
        period, scheme_id, class, closed is not null as happened, coalesce(closed, {{day}}) - created as days
    from class_deals where created >= period_start
),
of_deals as (
    select period, scheme_id, class, 'sales_cycle_days' as metric, median_days as value, count_cases as n from ({{cycle}})
    union all
    select
        period, scheme_id, class, 'win_rate', count(*) filter (where is_won) / nullif(count(*), 0), count(*)
    from class_deals where closed >= period_start and closed < period_end group by period, scheme_id, class
),
acquired as (
    select months.period, count(*) as customers
    from (
        select customer_id, min(order_date) as day from marts.orders
        where is_counted and customer_id is not null group by customer_id
    ) inner join months on day >= period_start and day < period_end
    group by months.period
),
spent as (
    select months.period, sum(cast(amount as decimal(18, 4))) as amount
    from marts.spend inner join months on spend_date >= period_start and spend_date < period_end
    where amount is not null group by months.period
),
of_business as (
    select
        months.period, '{ALL}' as scheme_id, '{ALL}' as class, 'cac' as metric,
        amount / nullif(customers, 0) as value, coalesce(customers, 0) as n
    from months left join acquired on acquired.period = months.period left join spent on spent.period = months.period
),
told as (
    select * from of_customers
    union all by name select * from of_deals
    union all by name select * from of_business
),
lagged as (
    select
        months.period, period_start, period_end, scheme_id, class, metric, n,
        cast(round(value, 4) as decimal(28, 4)) as value
    from told inner join months on months.period = told.period
)
select
    period, 'month' as kind, period_start, period_end, scheme_id, class, metric, value, n as count_customers,
    value_before, value - value_before as difference
from (
    select *, case when lag(period_end) over earlier = period_start then lag(value) over earlier end as value_before
    from lagged window earlier as (partition by scheme_id, class, metric order by period)
)
"""
