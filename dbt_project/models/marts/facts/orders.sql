with placed as (
    select * from {{ ref('int_facts__header_orders') }}
    union all
    select * from {{ ref('int_facts__line_orders') }}
),

refunds as (
    select
        order_key,
        sum(refund_amount) as refund_amount,
        bool_or(lacks_rate) as lacks_rate
    from {{ ref('int_facts__refunds') }}
    where order_key is not null
    group by order_key
),

customers as (
    select * from {{ ref('bridge_person_refs') }}
),

owned as (
    select
        placed.*,
        coalesce(persons.customer_id, companies.customer_id) as customer_id,
        coalesce(refunds.refund_amount, 0) as refund_amount,
        placed.lacks_rate or coalesce(refunds.lacks_rate, false) as is_without_rate
    from placed
    left join refunds on placed.order_key = refunds.order_key
    left join customers as persons
        on
            placed.source = persons.source
            and placed.person_ref_by = persons.person_ref_by
            and placed.person_ref_value = persons.person_ref_value
    left join customers as companies
        on
            placed.source = companies.source
            and companies.person_ref_by = 'company'
            and placed.company_ref = companies.person_ref_value
),

judged as (
    select
        owned.*,
        case
            when status in ('cancelled', 'test') then status
            when is_without_rate then 'no_rate'
            when status = 'returned' then 'return'
            when count_positive_lines = 0 and (count_negative_lines > 0 or amount_before_refunds < 0) then 'return'
        end as excluded_by
    from owned
),

orders as (
    select
        order_key,
        customer_id,
        source,
        block,
        channel,
        order_id,
        ordered_at,
        order_date,
        status,
        excluded_by is null as is_counted,
        coalesce(excluded_by, 'return') = 'return' as counts_money,
        excluded_by,
        currency,
        gross_amount,
        discount_amount,
        shipping_amount,
        tax_amount,
        {{ money('refund_amount') }} as refund_amount,
        case
            when is_without_rate then null
            -- What came back brings no money, and a return document takes some away.
            when excluded_by = 'return' then least({{ money('(amount_before_refunds - refund_amount)') }}, 0)
            else {{ money('(amount_before_refunds - refund_amount)') }}
        end as net_amount,
        count_lines,
        store_id,
        payment_method,
        coupon,
        custom_request
    from judged
)

select * from orders
