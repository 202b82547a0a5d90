with feedback as (
    select * from {{ ref('stg_feedback') }}
),

customers as (
    select * from {{ ref('bridge_person_refs') }}
),

owned as (
    select
        feedback.feedback_key,
        customers.customer_id,
        feedback.source,
        feedback.entity as block,
        feedback.kind,
        feedback.question,
        feedback.score,
        feedback.text,
        feedback.given_at
    from feedback
    left join customers
        on
            feedback.source = customers.source
            and feedback.person_ref_by = customers.person_ref_by
            and feedback.person_ref_value = customers.person_ref_value
)

select * from owned
