with outcomes as (
    select * from {{ ref('stg_outcomes') }}
),

customers as (
    select * from {{ ref('bridge_person_refs') }}
),

owned as (
    select
        outcomes.outcome_key,
        customers.customer_id,
        outcomes.source,
        outcomes.entity as block,
        outcomes.outcome,
        outcomes.occurred_at
    from outcomes
    left join customers
        on
            outcomes.source = customers.source
            and outcomes.person_ref_by = customers.person_ref_by
            and outcomes.person_ref_value = customers.person_ref_value
)

select * from owned
