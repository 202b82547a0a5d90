with latest as (
    {{ latest_versions('feedback') }}
),

feedback as (
    select
        {{ common_columns() }},
        _record_key as feedback_key,
        feedback_id,
        person_ref,
        person_ref_by,
        person_ref_value,
        kind,
        question,
        text,
        {{ to_amount('score') }} as score,
        _event_at as given_at
    from latest
)

select * from feedback
