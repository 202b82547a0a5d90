with rates as (
    select * from {{ ref('exchange_rates') }}
),

run as (
    select * from {{ source('control', 'run') }}
),

days as (
    select order_date as rate_day from {{ ref('stg_orders') }}
    union
    select order_date as rate_day from {{ ref('stg_order_lines') }}
    union
    select created_date as rate_day from {{ ref('stg_opportunities') }}
    union
    select spend_date as rate_day from {{ ref('stg_spend') }}
),

-- A rate holds until the next one of its currency; the first one known also holds for the time before it.
periods as (
    select
        rates.currency,
        rates.rate_to_base,
        case
            when row_number() over (partition by rates.currency order by rates.rate_date) = 1 then date '0001-01-01'
            else rates.rate_date
        end as valid_from,
        lead(rates.rate_date, 1, date '9999-12-31') over (partition by rates.currency order by rates.rate_date) as valid_to
    from rates
    cross join run
    where rates.currency <> run.base_currency
    union all
    select
        base_currency as currency,
        cast(1 as decimal(18, 8)) as rate_to_base,
        date '0001-01-01' as valid_from,
        date '9999-12-31' as valid_to
    from run
),

day_rates as (
    select
        periods.currency,
        days.rate_day,
        periods.rate_to_base
    from days
    inner join periods on days.rate_day >= periods.valid_from and days.rate_day < periods.valid_to
)

select * from day_rates
