with interactions as (
    select * from {{ ref('stg_interactions') }}
),

customers as (
    select * from {{ ref('bridge_person_refs') }}
),

owned as (
    select
        interactions.interaction_key,
        customers.customer_id,
        interactions.source,
        interactions.entity as block,
        interactions.channel,
        interactions.interaction_id,
        interactions.kind,
        interactions.occurred_at,
        interactions.page_type,
        interactions.product_id,
        interactions.category,
        interactions.dwell_seconds,
        interactions.campaign,
        interactions.direction
    from interactions
    left join customers
        on
            interactions.source = customers.source
            and interactions.person_ref_by = customers.person_ref_by
            and interactions.person_ref_value = customers.person_ref_value
)

select * from owned
