with refunds as (
    select * from {{ ref('stg_refunds') }}
),

orders as (
    select * from {{ ref('int_facts__header_orders') }}
    union all
    select * from {{ ref('int_facts__line_orders') }}
),

rates as (
    select * from {{ ref('int_facts__day_rates') }}
),

-- A refund names an order id and no person: of orders that share the id, the last one placed before it is meant.
matched as (
    select
        refunds.refund_key,
        refunds.source,
        refunds.entity as block,
        refunds.amount,
        orders.order_key,
        orders.order_date,
        coalesce(refunds.currency, orders.currency) as currency
    from refunds
    left join orders on refunds.source = orders.source and refunds.order_id = orders.order_id
    qualify row_number() over (
        partition by refunds.refund_key
        order by
            orders.ordered_at <= refunds.refunded_at desc nulls last,
            orders.ordered_at desc nulls last,
            orders.order_key asc
    ) = 1
),

-- Converted at the rate of the order's day: that is the day on which it lowers the money.
converted as (
    select
        matched.refund_key,
        matched.source,
        matched.block,
        matched.order_key,
        {{ money('matched.amount', 'rates.rate_to_base') }} as refund_amount,
        matched.order_key is not null and rates.rate_to_base is null as lacks_rate
    from matched
    left join rates on matched.currency = rates.currency and matched.order_date = rates.rate_day
)

select * from converted
