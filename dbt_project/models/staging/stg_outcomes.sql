with latest as (
    {{ latest_versions('outcomes') }}
),

outcomes as (
    select
        {{ common_columns() }},
        _record_key as outcome_key,
        person_ref,
        person_ref_by,
        person_ref_value,
        outcome,
        _event_at as occurred_at
    from latest
)

select * from outcomes
