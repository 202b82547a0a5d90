with refunds as (
    select * from {{ ref('int_facts__refunds') }}
),

staged as (
    select * from {{ ref('stg_refunds') }}
),

orders as (
    select * from {{ ref('orders') }}
),

run as (
    select * from {{ source('control', 'run') }}
),

owned as (
    select
        refunds.refund_key,
        refunds.order_key,
        orders.customer_id,
        refunds.source,
        refunds.block,
        staged.refunded_at,
        {{ day_in_zone('staged.refunded_at', 'run.business_timezone') }} as refund_date,
        orders.order_date,
        refunds.refund_amount
    from refunds
    inner join staged on refunds.refund_key = staged.refund_key
    left join orders on refunds.order_key = orders.order_key
    cross join run
)

select * from owned
