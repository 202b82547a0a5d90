"""conversion_drivers: which behaviours went before an order more often than their absence, with an interval.

Behaviours are read as they stood outcome_days before as_of and the order is looked for since, so that nothing explains
itself. Never-buyers and buyers are told apart. The interval of the risk ratio is Katz's (Katz, Baptista, Azen & Pike,
Obtaining confidence intervals for the risk ratio in cohort studies, Biometrics 34 (1978), 469-474). Those of one
population hold together (Bonferroni's inequality): so many behaviours are looked at that some would always seem to matter
by chance. A ratio above 1 is a pattern worth a trial, no proof of a cause.
"""

from datetime import date, timedelta

import duckdb

from orchestration.logic.effects.interventions import quantiles
from orchestration.logic.leads.scores import source_group
from orchestration.logic.segmentation.features import build_features, drop_temporary
from orchestration.logic.segmentation.store import literal, replace_day
from orchestration.settings.insights import InsightSettings

# Numbers count as shown by who is in the upper fifth of those with any; texts by each value.
NUMBERS = (
    "interactions_90d", "presale_window", "aftersale_window", "custom_requests_window", "complaints_window",
    "referrals_window", "count_orders_window", "net_amount_window", "average_order_amount_window",
    "count_categories_window", "discount_order_share", "weekend_share", "csat_last",
)  # fmt: skip
TEXTS = (
    "main_channel",
    "main_payment",
    "usual_time",
    "top_brand",
    "marketing_consent",
    "loyalty_member",
    "source_group",
)


def conversion_drivers(con: duckdb.DuckDBPyConnection, as_of: date, settings: InsightSettings) -> int:
    """Writes insights.conversion_drivers of `as_of`. Grain: population (prospects, buyers), behaviour, value. Only
    where both sides have minimum_customers. Returns the rows."""
    drivers = settings.criteria.effects.drivers
    start = as_of - timedelta(days=drivers.outcome_days)
    past = build_features(con, [start], as_of, settings)
    columns = ", ".join(("customer_id", "count_orders", *NUMBERS, *TEXTS))
    # Where a customer came from is no behaviour but told beside them: conversion by source.
    sources = f"select customer_id, {source_group(settings.criteria.lead_score)} as source_group from marts.customers"
    con.execute(
        f"create or replace temp table strata_behaviours as "
        f"select {columns} from ({past}) as past inner join ({sources}) as sources using (customer_id)"
    )
    drop_temporary(con)
    ratios = _RATIOS.format(
        numbers=" union all ".join(_NUMBER.format(name=name) for name in NUMBERS),
        texts=" union all ".join(_TEXT.format(name=name) for name in TEXTS),
        start=literal(start),
        day=literal(as_of),
        least=drivers.minimum_customers,
    )
    con.execute(f"create or replace temp table strata_ratios as {ratios}")
    ((most,),) = con.execute("select coalesce(max(count_told), 1) from temp.strata_ratios").fetchall()
    query = _DRIVERS.format(zs=quantiles(float(settings.criteria.effects.confidence), most))
    rows = replace_day(con, "conversion_drivers", as_of, query, settings.criteria_version)
    con.execute("drop table temp.strata_behaviours")
    con.execute("drop table temp.strata_ratios")
    return rows


_NUMBER = """
select population, '{name}' as behaviour, 'any' as value, converted, {name} > 0 as shown from people
where {name} is not null
union all
select population, '{name}', 'upper_fifth', converted, {name} >= bound
from (
    select *, quantile_disc({name}, 0.8) filter (where {name} > 0) over (partition by population) as bound from people
)
where {name} is not null and bound is not null
"""

_TEXT = """
select p.population, '{name}', v.value, converted, cast(p.{name} as varchar) = v.value
from people as p inner join (
    select distinct population, cast({name} as varchar) as value from people where {name} is not null
) as v on v.population = p.population
where p.{name} is not null
"""

# An empty cell would make the logarithm endless: a half is added to all four then.
_RATIOS = """
with outcome as (
    select distinct customer_id from marts.orders
    where is_counted and customer_id is not null and order_date >= {start} and order_date < {day}
),
people as (
    select
        b.*, if(count_orders > 0, 'buyers', 'prospects') as population, outcome.customer_id is not null as converted
    from strata_behaviours as b left join outcome on outcome.customer_id = b.customer_id
),
seen as ({numbers} union all {texts}),
counted as (
    select
        population, behaviour, value, count(*) filter (where shown) as count_with,
        count(*) filter (where not shown) as count_without,
        count(*) filter (where shown and converted) as converted_with,
        count(*) filter (where not shown and converted) as converted_without
    from seen group by population, behaviour, value
),
halved as (
    select
        *,
        case
            when least(converted_with, converted_without, count_with - converted_with,
                count_without - converted_without) = 0 then 0.5 else 0
        end as extra
    from counted
    where count_with >= {least} and count_without >= {least} and not (converted_with = 0 and converted_without = 0)
)
select
    *, count(*) over (partition by population) as count_told,
    ((converted_with + extra) / (count_with + 2 * extra))
    / ((converted_without + extra) / (count_without + 2 * extra)) as ratio,
    sqrt(
        1 / (converted_with + extra) - 1 / (count_with + 2 * extra)
        + 1 / (converted_without + extra) - 1 / (count_without + 2 * extra)
    ) as error
from halved
"""

_DRIVERS = """
with told as (
    select
        population, behaviour, value, count_with, count_without, converted_with, converted_without,
        round(converted_with / count_with, 4) as rate_with, round(converted_without / count_without, 4) as rate_without,
        round(ratio, 4) as lift, round(ratio * exp(-list_extract({zs}, count_told) * error), 4) as low,
        round(ratio * exp(list_extract({zs}, count_told) * error), 4) as high
    from temp.strata_ratios
)
select
    *, case when low > 1 then 'more' when high < 1 then 'less' else 'no_detectable_effect' end as verdict
from told
"""
