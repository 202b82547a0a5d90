with consents as (
    select * from {{ ref('stg_consents') }}
),

customers as (
    select * from {{ ref('bridge_person_refs') }}
),

owned as (
    select
        consents.consent_key,
        customers.customer_id,
        consents.source,
        consents.entity as block,
        consents.purpose,
        consents.state,
        consents.given_at
    from consents
    left join customers
        on
            consents.source = customers.source
            and consents.person_ref_by = customers.person_ref_by
            and consents.person_ref_value = customers.person_ref_value
)

select * from owned
