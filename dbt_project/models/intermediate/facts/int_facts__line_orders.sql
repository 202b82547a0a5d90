with totals as (
    select * from {{ ref('int_facts__line_totals') }}
),

run as (
    select * from {{ source('control', 'run') }}
),

line_orders as (
    select
        totals.order_key,
        totals.source,
        totals.block,
        totals.channel,
        totals.order_id,
        totals.person_ref_by,
        totals.person_ref_value,
        cast(null as varchar) as company_ref,
        totals.ordered_at,
        {{ day_in_zone('totals.ordered_at', 'run.business_timezone') }} as order_date,
        totals.status,
        coalesce(totals.currency, run.base_currency) as currency,
        case when not totals.lacks_rate then {{ money('(totals.line_amount + totals.discount_amount)') }} end as gross_amount,
        case when not totals.lacks_rate then {{ money('totals.discount_amount') }} end as discount_amount,
        cast(null as decimal(18, 2)) as shipping_amount,
        cast(null as decimal(18, 2)) as tax_amount,
        case when not totals.lacks_rate then {{ money('totals.line_amount') }} end as amount_before_refunds,
        totals.count_lines,
        totals.count_negative_lines,
        totals.count_positive_lines,
        totals.lacks_rate,
        totals.store_id,
        totals.payment_method,
        totals.coupon,
        cast(null as boolean) as custom_request
    from totals
    cross join run
    where not totals.has_header
)

select * from line_orders
