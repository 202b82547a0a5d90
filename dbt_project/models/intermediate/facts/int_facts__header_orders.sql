with headers as (
    select * from {{ ref('stg_orders') }}
),

totals as (
    select * from {{ ref('int_facts__line_totals') }}
),

rates as (
    select * from {{ ref('int_facts__day_rates') }}
),

header_orders as (
    select
        headers.order_key,
        headers.source,
        headers.entity as block,
        headers.channel,
        headers.order_id,
        headers.person_ref_by,
        headers.person_ref_value,
        headers.company_ref,
        headers.ordered_at,
        headers.order_date,
        headers.status,
        headers.currency,
        {{ money('headers.gross_amount', 'rates.rate_to_base') }} as gross_amount,
        {{ money('headers.discount_amount', 'rates.rate_to_base') }} as discount_amount,
        {{ money('headers.shipping_amount', 'rates.rate_to_base') }} as shipping_amount,
        {{ money('headers.tax_amount', 'rates.rate_to_base') }} as tax_amount,
        -- What the header says; else what follows from it; else its lines.
        case
            when headers.net_amount is not null then {{ money('headers.net_amount', 'rates.rate_to_base') }}
            when headers.gross_amount is not null
                then {{ money('(headers.gross_amount - coalesce(headers.discount_amount, 0)'
                    ~ ' + coalesce(headers.shipping_amount, 0))', 'rates.rate_to_base') }}
            when not totals.lacks_rate then {{ money('totals.line_amount') }}
        end as amount_before_refunds,
        coalesce(totals.count_lines, 0) as count_lines,
        coalesce(totals.count_negative_lines, 0) as count_negative_lines,
        coalesce(totals.count_positive_lines, 0) as count_positive_lines,
        rates.rate_to_base is null
        or (headers.net_amount is null and headers.gross_amount is null and coalesce(totals.lacks_rate, false)) as lacks_rate,
        headers.store_id,
        headers.payment_method,
        headers.coupon,
        headers.custom_request
    from headers
    left join totals on headers.order_key = totals.order_key
    left join rates on headers.currency = rates.currency and headers.order_date = rates.rate_day
)

select * from header_orders
