with lines as (
    select * from {{ ref('int_facts__lines') }}
),

staged as (
    select * from {{ ref('stg_order_lines') }}
),

-- A cancelled or test line brings no money to an order whose other lines stand.
judged as (
    select
        staged.*,
        lines.order_key as order_key_found,
        lines.has_header,
        lines.ordered_at as placed_at,
        lines.currency as currency_used,
        lines.line_amount as base_amount,
        lines.discount_amount as base_discount,
        lines.lacks_rate,
        coalesce(staged.status, '') not in ('cancelled', 'test') as stands
    from lines
    inner join staged on lines.line_key = staged.line_key
    where lines.order_key is not null
),

totals as (
    select
        order_key_found as order_key,
        bool_or(has_header) as has_header,
        min(source) as source,
        min(entity) as block,
        min(channel) as channel,
        min(order_id) as order_id,
        min(person_ref_by) as person_ref_by,
        min(person_ref_value) as person_ref_value,
        min(placed_at) as ordered_at,
        coalesce(min(status) filter (where stands), min(status)) as status,
        case when min(currency_used) = max(currency_used) then min(currency_used) end as currency,
        min(store_id) as store_id,
        min(payment_method) as payment_method,
        min(coupon) as coupon,
        count(*) as count_lines,
        count(*) filter (where quantity < 0) as count_negative_lines,
        count(*) filter (where quantity > 0) as count_positive_lines,
        coalesce(sum(base_amount) filter (where stands), 0) as line_amount,
        coalesce(sum(base_discount) filter (where stands), 0) as discount_amount,
        bool_or(lacks_rate) as lacks_rate
    from judged
    group by order_key_found
)

select * from totals
