with opportunities as (
    select * from {{ ref('stg_opportunities') }}
),

customers as (
    select * from {{ ref('bridge_person_refs') }}
),

rates as (
    select * from {{ ref('int_facts__day_rates') }}
),

owned as (
    select
        opportunities.opportunity_key,
        coalesce(persons.customer_id, companies.customer_id) as customer_id,
        opportunities.source,
        opportunities.entity as block,
        opportunities.opportunity_id,
        opportunities.stage,
        opportunities.currency,
        {{ money('opportunities.amount', 'rates.rate_to_base') }} as amount,
        opportunities.lead_source,
        opportunities.created_at,
        opportunities.closed_at,
        opportunities.is_won
    from opportunities
    left join rates
        on opportunities.currency = rates.currency and opportunities.created_date = rates.rate_day
    left join customers as persons
        on
            opportunities.source = persons.source
            and opportunities.person_ref_by = persons.person_ref_by
            and opportunities.person_ref_value = persons.person_ref_value
    left join customers as companies
        on
            opportunities.source = companies.source
            and companies.person_ref_by = 'company'
            and opportunities.company_ref = companies.person_ref_value
)

select * from owned
