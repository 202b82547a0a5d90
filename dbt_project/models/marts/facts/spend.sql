with spend as (
    select * from {{ ref('stg_spend') }}
),

rates as (
    select * from {{ ref('int_facts__day_rates') }}
),

converted as (
    select
        spend.spend_key,
        spend.source,
        spend.entity as block,
        spend.spend_date,
        spend.campaign,
        spend.channel,
        spend.currency,
        {{ money('spend.amount', 'rates.rate_to_base') }} as amount
    from spend
    left join rates on spend.currency = rates.currency and spend.spend_date = rates.rate_day
)

select * from converted
