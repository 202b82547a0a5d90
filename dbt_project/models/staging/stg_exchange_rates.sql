with latest as (
    {{ latest_versions('exchange_rates') }}
),

exchange_rates as (
    select
        {{ common_columns() }},
        _event_at as rate_date,
        upper(currency) as currency,
        {{ to_rate('rate_to_base') }} as rate_to_base
    from latest
)

select * from exchange_rates
