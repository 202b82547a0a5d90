with latest as (
    {{ latest_versions('refunds') }}
),

refunds as (
    select
        {{ common_columns() }},
        _record_key as refund_key,
        refund_id,
        order_id,
        reason,
        upper(currency) as currency,
        abs({{ to_amount('amount') }}) as amount,
        _event_at as refunded_at
    from latest
)

select * from refunds
