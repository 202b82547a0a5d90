with latest as (
    {{ latest_versions('traits') }}
),

traits as (
    select
        {{ common_columns() }},
        _record_key as trait_key,
        person_ref,
        person_ref_by,
        person_ref_value,
        trait,
        value,
        stated_or_inferred,
        _event_at as recorded_at
    from latest
)

select * from traits
