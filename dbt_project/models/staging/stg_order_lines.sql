with latest as (
    {{ latest_versions('order_lines') }}
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

numbers as (
    select
        dated.*,
        {{ to_amount('quantity') }} as quantity_number,
        {{ to_amount('unit_price') }} as unit_price_number,
        {{ to_amount('discount_amount') }} as discount_number,
        {{ to_amount('line_amount') }} as line_amount_given
    from dated
),

amounts as (
    select
        numbers.*,
        coalesce(
            line_amount_given,
            cast(round(quantity_number * unit_price_number, 4) as decimal(18, 4)) - coalesce(discount_number, 0)
        ) as amount_as_written
    from numbers
),

order_lines as (
    select
        {{ common_columns() }},
        md5(_record_key || '/' || coalesce(person_ref_value, person_ref, '')) as line_key,
        {{ order_key() }} as order_key,
        order_id,
        line_number,
        person_ref,
        person_ref_by,
        person_ref_value,
        product_id,
        product_name,
        category,
        brand,
        store_id,
        status,
        payment_method,
        coupon,
        upper(currency) as currency,
        source_currency,
        quantity_number as quantity,
        unit_price_number as unit_price,
        discount_number as discount_amount,
        cast(
            case when quantity_number < 0 then -abs(amount_as_written) else amount_as_written end as decimal(18, 4)
        ) as line_amount,
        _event_at as ordered_at,
        order_date,
        _version_at as updated_at
    from amounts
)

select * from order_lines
