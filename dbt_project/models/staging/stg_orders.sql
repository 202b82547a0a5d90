with latest as (
    {{ latest_versions('orders') }}
),

run as (
    select * from {{ source('control', 'run') }}
),

dated as (
    select
        latest.*,
        {{ day_in_zone('latest._event_at', 'run.business_timezone') }} as order_date
    from latest
    cross join run
),

orders as (
    select
        {{ common_columns() }},
        {{ order_key() }} as order_key,
        order_id,
        person_ref,
        person_ref_by,
        person_ref_value,
        company_ref,
        store_id,
        status,
        payment_method,
        coupon,
        coalesce(upper(currency), source_currency) as currency,
        {{ to_amount('gross_amount') }} as gross_amount,
        {{ to_amount('discount_amount') }} as discount_amount,
        {{ to_amount('shipping_amount') }} as shipping_amount,
        {{ to_amount('tax_amount') }} as tax_amount,
        {{ to_amount('net_amount') }} as net_amount,
        {{ to_truth('custom_request') }} as custom_request,
        _event_at as ordered_at,
        order_date,
        _version_at as updated_at
    from dated
)

select * from orders
