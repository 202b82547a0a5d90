"""funnel: how many customers stand at each stage on the way to buying again and on the way to a won opportunity, and
how the opportunities themselves stand.

customers: known, enquired, bought, bought again. sales: lead (an enquiry or an opportunity), opportunity, won. A stage
is reached by its own event or by a later one's; nobody falls back. opportunities: open ones by the stage their source
gives, won, lost, as known on as_of.
"""

from datetime import date

import duckdb

from orchestration.logic.effects.survival import median_days
from orchestration.logic.segmentation.grid import business_day, business_timezone
from orchestration.logic.segmentation.store import literal, replace_day, values
from orchestration.settings.insights import InsightSettings

# Funnel, stage with its names, and the column of strata_journeys with the day on which it was reached.
STAGES = (
    ("customers", "prospect", "潜客", "Known", "known_on"),
    ("customers", "enquiry", "咨询", "Enquired", "interested_on"),
    ("customers", "customer", "首购", "Bought", "first_day"),
    ("customers", "repeat", "复购", "Bought again", "second_day"),
    ("sales", "lead", "线索", "Lead", "lead_on"),
    ("sales", "opportunity", "商机", "Opportunity", "deal_on"),
    ("sales", "won", "赢单", "Won", "won_on"),
)


def funnel(con: duckdb.DuckDBPyConnection, as_of: date, settings: InsightSettings) -> int:
    """Writes insights.funnel of `as_of`. Grain: funnel (customers, sales, opportunities),
    stage. `entered` counts the window.
    Returns the rows."""
    timezone = business_timezone(con)
    days = {
        name: business_day(column, timezone)
        for name, column in (
            ("seen", "first_seen_at"), ("occurred", "occurred_at"), ("created", "created_at"), ("closed", "closed_at"),
        )
    }  # fmt: skip
    stages = values(
        "stages(place, funnel, stage, stage_zh, stage_en, is_last)",
        [(place, *stage[:4], _NEXT[place] == "null") for place, stage in enumerate(STAGES)],
    )
    common = {"day": literal(as_of), "window": settings.criteria.window_days, **days}
    con.execute(f"create or replace temp table strata_journeys as {_JOURNEYS.format(**common)}")
    steps = median_days("strata_steps", "place")
    con.execute(f"create or replace temp table strata_steps as {_STEPS.format(**common)}")
    customers = _CUSTOMERS.format(stages=stages, steps=steps, **common)
    opportunities = _OPPORTUNITIES.format(cycle=median_days("timed", "place"), **common)
    query = f"from ({customers}) union all by name from ({opportunities})"
    rows = replace_day(con, "funnel", as_of, query, settings.criteria_version)
    con.execute("drop table temp.strata_journeys; drop table temp.strata_steps")
    return rows


_JOURNEYS = """
with seen as (select customer_id, {seen} as day from marts.customers),
enquired as (
    select customer_id, min({occurred}) as day from marts.interactions
    where kind in ('presale', 'enquiry') and {occurred} < {day} group by customer_id
),
deals as (
    select
        customer_id, min({created}) as day, min({closed}) filter (where is_won and {closed} < {day}) as won_on
    from marts.opportunities where {created} < {day} group by customer_id
),
days as (
    select distinct customer_id, order_date from marts.orders
    where is_counted and customer_id is not null and order_date < {day}
),
bought as (
    select customer_id, min(order_date) as first_day, (min(order_date, 2))[2] as second_day
    from days group by customer_id
)
select
    seen.customer_id, second_day, first_day, least(enquired.day, first_day) as interested_on,
    least(seen.day, enquired.day, first_day, {day} - 1) as known_on,
    won_on, deals.day as deal_on, case when deals.day is null then enquired.day else least(enquired.day, deals.day) end
        as lead_on
from seen
left join enquired on enquired.customer_id = seen.customer_id
left join deals on deals.customer_id = seen.customer_id
left join bought on bought.customer_id = seen.customer_id
"""

_NEXT = [
    following[4] if following and following[0] == stage[0] else "null"
    for stage, following in zip(STAGES, [*STAGES[1:], None], strict=True)
]

_STEPS = " union all ".join(
    f"select {place} as place, {after} is not null as happened, "
    f"greatest(coalesce({after}, {{day}}) - {stage[4]}, 0) as days from strata_journeys where {stage[4]} is not null"
    for place, (stage, after) in enumerate(zip(STAGES, _NEXT, strict=True))
    if after != "null"
)

_REACHED = " union all ".join(
    f"select {place} as place, count({stage[4]}) as reached, count({after}) as went_on, "
    f"count(*) filter (where {stage[4]} >= {{day}} - {{window}}) as entered, "
    f"count(*) filter (where {stage[4]} is not null and {after} is null) as standing, "
    f"median({{day}} - {stage[4]}) filter (where {after} is null) as age from strata_journeys"
    for place, (stage, after) in enumerate(zip(STAGES, _NEXT, strict=True))
)

_CUSTOMERS = f"""
select
    funnel, cast(stages.place + 1 as integer) as stage_order, stage, stage_zh, stage_en,
    standing as count_now, reached as count_reached, entered as count_entered,
    cast(age as decimal(9, 1)) as median_age_days,
    case when not is_last then round(went_on / nullif(reached, 0), 4) end
        as conversion_to_next,
    median_days as median_days_to_next, cast(null as decimal(28, 4)) as amount
from {{stages}}
inner join ({_REACHED}) as r on r.place = stages.place
left join ({{steps}}) as s on s.place = stages.place
"""

_OPPORTUNITIES = """
with deals as (
    select *, case when closed < {day} then closed end as closed_on
    from (select stage, amount, is_won, {created} as created, {closed} as closed from marts.opportunities)
    where created < {day}
),
placed as (
    select
        *, case when closed_on is null then 'open' when is_won then 'won' else 'lost' end as outcome,
        coalesce(nullif(trim(stage), ''), '?') as named
    from deals
),
timed as (
    select 0 as place, closed_on is not null as happened, coalesce(closed_on, {day}) - created as days from deals
),
told as (
    select
        0 as place, 'all' as stage, '全部商机' as stage_zh, 'All opportunities' as stage_en, count(*) as n,
        count(*) filter (where created >= {day} - {window}) as entered,
        median({day} - created) as age, sum(amount) as amount,
        round(count(*) filter (where outcome = 'won') / nullif(count(*) filter (where outcome <> 'open'), 0), 4) as won
    from placed having count(*) > 0
    union all
    select
        1, 'open: ' || named, '进行中:' || named, 'Open: ' || named, count(*),
        count(*) filter (where created >= {day} - {window}), median({day} - created), sum(amount), null
    from placed where outcome = 'open' group by named
    union all
    select
        case outcome when 'won' then 2 else 3 end, outcome, case outcome when 'won' then '赢单' else '输单' end,
        case outcome when 'won' then 'Won' else 'Lost' end, count(*),
        count(*) filter (where closed_on >= {day} - {window}), median({day} - closed_on), sum(amount), null
    from placed where outcome <> 'open' group by outcome
)
select
    'opportunities' as funnel, cast(told.place + 1 as integer) as stage_order, stage, stage_zh, stage_en,
    n as count_now, n as count_reached, entered as count_entered, cast(age as decimal(9, 1)) as median_age_days,
    won as conversion_to_next, median_days as median_days_to_next, cast(amount as decimal(28, 4)) as amount
from told left join ({cycle}) as cycle on cycle.place = told.place
"""
