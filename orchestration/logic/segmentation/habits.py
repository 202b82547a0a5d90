"""Features of how a customer buys: channel, payment, time of day, days off. Grain: as-of day, customer with an order
in the window.

Only counted orders of the window. What is bought: preferences.py.
"""

import duckdb

from orchestration.logic.segmentation.store import literal, words
from orchestration.settings.criteria import Vocabulary
from orchestration.settings.zones import local_of_utc


def make_habits(
    con: duckdb.DuckDBPyConnection,
    timezone: str,
    holiday_country: str,
    vocabulary: Vocabulary,
    wanted: bool = True,
) -> None:
    """The temporary table `strata_habits` for all days of `strata_grid`; without rows unless `wanted`."""
    query = _HABITS.format(
        local=local_of_utc("ordered_at", timezone),
        country=literal(holiday_country),
        online=words(vocabulary.online_payments),
        mobile=words(vocabulary.mobile_payments),
    )
    con.execute(f"create or replace temp table strata_habits as {query}{'' if wanted else ' limit 0'}")


_HABITS = """
with days_off as (
    select holiday_date, bool_and(coalesce(is_workday, false)) as is_workday
    from marts.holidays
    where country is null or country = {country}
    group by holiday_date
),
bought as (
    select
        orders.customer_id,
        orders.order_date,
        orders.channel,
        orders.payment_method,
        ['night', 'morning', 'afternoon', 'evening'][1 + hour({local}) // 6] as part_of_day,
        isodow(orders.order_date) >= 6 as is_weekend,
        coalesce(not days_off.is_workday, isodow(orders.order_date) >= 6) as is_off
    from marts.orders as orders
    left join days_off on days_off.holiday_date = orders.order_date
    where orders.is_counted and orders.customer_id is not null
),
placed as (
    select grid.as_of, bought.*
    from strata_grid as grid
    inner join bought on bought.order_date >= grid.window_start and bought.order_date < grid.seen_before
),
counted as (
    select as_of, customer_id, 'channel' as dimension, channel as choice, count(*) as n
    from placed where channel is not null group by all
    union all
    select as_of, customer_id, 'payment', payment_method, count(*)
    from placed where payment_method is not null group by all
    union all
    select as_of, customer_id, 'time', part_of_day, count(*)
    from placed where part_of_day is not null group by all
),
shared as (
    select *, cast(round(n / sum(n) over (partition by as_of, customer_id, dimension), 4) as decimal(9, 4)) as share
    from counted
),
favourites as (
    select
        as_of,
        customer_id,
        first(choice order by n desc, choice) filter (where dimension = 'channel') as main_channel,
        '{{' || string_agg(to_json(choice) || ': ' || share, ', ' order by n desc, choice)
            filter (where dimension = 'channel') || '}}' as channel_shares,
        first(choice order by n desc, choice) filter (where dimension = 'payment') as main_payment,
        first(choice order by n desc, choice) filter (where dimension = 'time') as usual_time
    from shared
    group by as_of, customer_id
),
off as (
    select
        as_of,
        customer_id,
        round(count(*) filter (where is_weekend) / count(*), 4) as weekend_share,
        round(count(*) filter (where is_off) / count(*), 4) as weekend_holiday_share,
        round(count(*) filter (where list_contains({online}, lower(trim(payment_method))))
            / nullif(count(payment_method), 0), 4) as online_payment_share,
        round(count(*) filter (where list_contains({mobile}, lower(trim(payment_method))))
            / nullif(count(payment_method), 0), 4) as mobile_payment_share
    from placed
    group by as_of, customer_id
)
select off.*, favourites.* exclude (as_of, customer_id)
from off
left join favourites on favourites.as_of = off.as_of and favourites.customer_id = off.customer_id
"""
