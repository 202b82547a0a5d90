with latest as (
    {{ latest_versions('consents') }}
),

consents as (
    select
        {{ common_columns() }},
        _record_key as consent_key,
        person_ref,
        person_ref_by,
        person_ref_value,
        purpose,
        state,
        _event_at as given_at
    from latest
)

select * from consents
