"""Features of orders: recency, counts, amounts, purchase cycle. Grain of what it makes: as-of day, customer with an
order.

Orders count when `is_counted`; money comes from rows that `counts_money` (counted orders and returns). Lines:
preferences.py.
"""

import duckdb


def make_purchases(con: duckdb.DuckDBPyConnection) -> None:
    """The temporary table `strata_purchases` for all days of `strata_grid`."""
    con.execute(f"create or replace temp table strata_order_days as {_ORDER_DAYS}")
    con.execute(f"create or replace temp table strata_purchases as {_PURCHASES}")


_ORDER_DAYS = """
with days as (
    select
        customer_id,
        order_date,
        count(*) filter (where is_counted) as count_orders,
        cast(coalesce(sum(cast(gross_amount as decimal(18, 4))) filter (where is_counted), 0) as decimal(18, 4))
            as gross_amount,
        cast(coalesce(sum(cast(net_amount as decimal(18, 4))) filter (where counts_money), 0) as decimal(18, 4))
            as net_amount,
        count(*) filter (where is_counted and custom_request) as custom_orders,
        count(*) filter (where is_counted and (discount_amount > 0 or coupon is not null)) as discount_orders,
        count(*) filter (where is_counted and coupon is not null) as coupon_orders
    from marts.orders
    where customer_id is not null and (is_counted or counts_money)
    group by customer_id, order_date
)
select
    days.*,
    case when count_orders > 0 then
        order_date - lag(order_date) over (partition by customer_id, count_orders > 0 order by order_date)
    end as gap_days
from days
"""

_PURCHASES = """
with refunds as (
    select customer_id, order_date, refund_date, sum(cast(refund_amount as decimal(18, 4))) as amount
    from marts.refunds
    where order_key in (select order_key from marts.orders where is_counted) and refund_amount <> 0
    group by customer_id, order_date, refund_date
),
placed as (
    select grid.as_of, days.*, days.order_date >= grid.window_start as in_window
    from strata_grid as grid
    inner join strata_order_days as days on days.order_date < grid.seen_before
    union all by name
    -- The net amount of an order is told after all refunds; on an earlier day the later ones were not known yet.
    select
        grid.as_of, refunds.customer_id, refunds.order_date, cast(0 as bigint) as count_orders,
        refunds.amount as net_amount, refunds.order_date >= grid.window_start as in_window
    from strata_grid as grid
    inner join refunds on refunds.order_date < grid.seen_before and refunds.refund_date >= grid.seen_before
),
sums as (
    select
        as_of,
        customer_id,
        min(order_date) filter (where count_orders > 0) as first_order_date,
        max(order_date) filter (where count_orders > 0) as last_order_date,
        cast(sum(count_orders) as bigint) as count_orders,
        cast(sum(gross_amount) as decimal(28, 4)) as gross_amount,
        cast(sum(net_amount) as decimal(28, 4)) as net_amount,
        cast(coalesce(sum(count_orders) filter (where in_window), 0) as bigint) as count_orders_window,
        cast(coalesce(sum(gross_amount) filter (where in_window), 0) as decimal(28, 4)) as gross_amount_window,
        cast(coalesce(sum(net_amount) filter (where in_window), 0) as decimal(28, 4)) as net_amount_window,
        cast(coalesce(sum(custom_orders) filter (where in_window), 0) as bigint) as custom_order_count_window,
        cast(coalesce(sum(discount_orders) filter (where in_window), 0) as bigint) as discount_orders_window,
        cast(coalesce(sum(coupon_orders) filter (where in_window), 0) as bigint) as coupon_orders_window,
        cast(coalesce(sum(count_orders) filter (where as_of - order_date <= 90), 0) as bigint) as count_orders_90d,
        count(distinct date_trunc('month', order_date)) filter (where in_window and count_orders > 0)
            as active_months_window,
        min(order_date) filter (where in_window and count_orders > 0) as first_window_date,
        cast(median(gap_days) as decimal(9, 1)) as purchase_cycle_days
    from placed
    group by as_of, customer_id
)
select
    sums.* exclude (discount_orders_window, coupon_orders_window, first_window_date),
    cast(as_of - last_order_date as integer) as recency_days,
    round(net_amount / nullif(count_orders, 0), 4) as average_order_amount,
    round(net_amount_window / nullif(count_orders_window, 0), 4) as average_order_amount_window,
    greatest(count_orders_window - case when first_window_date = first_order_date then 1 else 0 end, 0)
        as repeat_orders_window,
    round((as_of - last_order_date) / purchase_cycle_days, 4) as overdue_ratio,
    last_order_date + cast(ceil(purchase_cycle_days) as integer) as expected_next_order_date,
    round(discount_orders_window / nullif(count_orders_window, 0), 4) as discount_order_share,
    round(coupon_orders_window / nullif(count_orders_window, 0), 4) as coupon_share,
    round(custom_order_count_window / nullif(count_orders_window, 0), 4) as custom_request_rate
from sums
"""
