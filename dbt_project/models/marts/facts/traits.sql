with traits as (
    select * from {{ ref('stg_traits') }}
),

customers as (
    select * from {{ ref('bridge_person_refs') }}
),

owned as (
    select
        traits.trait_key,
        customers.customer_id,
        traits.source,
        traits.entity as block,
        traits.trait,
        traits.value,
        traits.stated_or_inferred,
        traits.recorded_at
    from traits
    left join customers
        on
            traits.source = customers.source
            and traits.person_ref_by = customers.person_ref_by
            and traits.person_ref_value = customers.person_ref_value
)

select * from owned
