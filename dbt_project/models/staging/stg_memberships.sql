with latest as (
    {{ latest_versions('memberships') }}
),

memberships as (
    select
        {{ common_columns() }},
        person_ref,
        person_ref_by,
        person_ref_value,
        company_ref,
        merged_into,
        role,
        _version_at as updated_at
    from latest
)

select * from memberships
