with lines as (
    select * from {{ ref('int_facts__lines') }}
),

staged as (
    select * from {{ ref('stg_order_lines') }}
),

orders as (
    select * from {{ ref('orders') }}
),

order_lines as (
    select
        lines.line_key,
        lines.order_key,
        orders.customer_id,
        staged.source,
        staged.entity as block,
        staged.order_id,
        staged.line_number,
        staged.product_id,
        staged.product_name,
        staged.category,
        staged.brand,
        staged.status,
        staged.quantity,
        lines.currency,
        lines.unit_price,
        lines.discount_amount,
        lines.line_amount,
        lines.ordered_at
    from lines
    inner join staged on lines.line_key = staged.line_key
    left join orders on lines.order_key = orders.order_key
)

select * from order_lines
