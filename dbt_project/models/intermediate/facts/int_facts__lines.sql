with lines as (
    select * from {{ ref('stg_order_lines') }}
),

headers as (
    select * from {{ ref('stg_orders') }}
),

-- Headers by their id alone, for lines that name no person or name it in another way than the header does.
sole_headers as (
    select
        source,
        order_id,
        min(order_key) as order_key,
        min(person_ref_by) as person_ref_by,
        count(*) as count_headers,
        count(person_ref) as count_named
    from headers
    group by source, order_id
),

matched as (
    select
        lines.*,
        case
            when headers.order_key is not null then headers.order_key
            when sole_headers.order_id is null then lines.order_key
            when
                lines.person_ref is not null
                and sole_headers.count_named > 0
                and lines.person_ref_by = sole_headers.person_ref_by
                then lines.order_key
            when sole_headers.count_headers = 1 then sole_headers.order_key
        end as order_key_found
    from lines
    left join headers on lines.order_key = headers.order_key
    left join sole_headers on lines.source = sole_headers.source and lines.order_id = sole_headers.order_id
),

dated as (
    select
        matched.line_key,
        matched.order_key_found as order_key,
        headers.order_key is not null as has_header,
        coalesce(matched.ordered_at, headers.ordered_at) as ordered_at,
        coalesce(headers.order_date, matched.order_date) as rate_day,
        coalesce(matched.currency, headers.currency, matched.source_currency) as currency,
        matched.quantity,
        matched.unit_price,
        matched.discount_amount,
        matched.line_amount
    from matched
    left join headers on matched.order_key_found = headers.order_key
),

converted as (
    select
        dated.line_key,
        dated.order_key,
        dated.has_header,
        dated.ordered_at,
        dated.currency,
        {{ line_money('dated.unit_price', 'rates.rate_to_base') }} as unit_price,
        {{ line_money('dated.discount_amount', 'rates.rate_to_base') }} as discount_amount,
        {{ line_money('dated.line_amount', 'rates.rate_to_base') }} as line_amount,
        rates.rate_to_base is null as lacks_rate
    from dated
    left join {{ ref('int_facts__day_rates') }} as rates
        on dated.currency = rates.currency and dated.rate_day = rates.rate_day
    -- Neither the line nor a header that is known says when: it cannot be placed in time.
    where dated.ordered_at is not null
)

select * from converted
