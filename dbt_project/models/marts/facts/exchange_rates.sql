with exchange_rates as (
    select * from {{ ref('stg_exchange_rates') }}
),

-- Two sources may name a rate for the same day: the one with more trust is taken.
chosen as (
    select
        rate_date,
        currency,
        rate_to_base,
        source,
        entity as block
    from exchange_rates
    where rate_to_base is not null
    qualify row_number() over (
        partition by rate_date, currency order by trust desc, source asc, entity asc, _loaded_at desc, _record_key asc
    ) = 1
)

select * from chosen
