"""Who belonged to which class when each month began: tiers of every scheme, customer type, owner and channel.

Reads insights.tier_history, so that nobody is in a class because of what came later. Metrics are in monthly.py.
"""

from datetime import date

import duckdb

from orchestration.logic.churn.owners import assigned
from orchestration.logic.effects.periods import months_table
from orchestration.logic.segmentation.store import literal
from orchestration.settings.criteria.effects import ALL, CHANNEL, CUSTOMER_TYPE, OWNER
from orchestration.settings.insights import InsightSettings


def make_members(con: duckdb.DuckDBPyConnection, as_of: date, settings: InsightSettings) -> None:
    """The temporary table strata_members: period, period_start, period_end, scheme_id, class, customer_id.

    Every customer known when the month began is in one class of each scheme, in 'all', and in one class by customer
    type, by owner (of the tier in the main scheme) and, once there was an order, by the channel of the last one.
    """
    main = literal(settings.criteria.main_scheme)
    con.execute(
        "create or replace temp table strata_members as "
        + _MEMBERS.format(months=months_table(as_of, settings.criteria.effects.months), main=main)
    )
    for tier in (tier.code for tier in settings.criteria.main.tiers):
        pairs = (
            f"(select distinct customer_id, class as tier from strata_members where {{}} and class = {literal(tier)})"
        )
        owners = assigned(pairs.format(f"scheme_id = {main}"), settings.people.owners)
        con.execute(
            f"""insert into strata_members
            select m.period, m.period_start, m.period_end, '{OWNER}', o.owner, m.customer_id
            from strata_members as m inner join ({owners}) as o on o.customer_id = m.customer_id
            where m.scheme_id = {main} and m.class = {literal(tier)}"""
        )


_MEMBERS = f"""
with months as (select * from {{months}}),
tiers as (
    select months.*, h.scheme_id, h.tier as class, h.customer_id
    from months inner join insights.tier_history as h on h.day = months.period_start
),
known as (select * exclude (scheme_id, class) from tiers where scheme_id = {{main}}),
last_orders as (
    select customer_id, order_date + 1 as seen_on, max_by(channel, (ordered_at, order_key)) as channel
    from marts.orders
    where customer_id is not null and is_counted
    group by customer_id, order_date
)
select * from tiers
union all by name
select *, '{ALL}' as scheme_id, '{ALL}' as class from known
union all by name
select known.*, '{CUSTOMER_TYPE}' as scheme_id, c.customer_type as class
from known inner join marts.customers as c on c.customer_id = known.customer_id
union all by name
select known.*, '{CHANNEL}' as scheme_id, o.channel as class
from known asof join last_orders as o on o.customer_id = known.customer_id and known.period_start >= o.seen_on
where o.channel is not null
"""
