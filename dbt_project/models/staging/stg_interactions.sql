with latest as (
    {{ latest_versions('interactions') }}
),

interactions as (
    select
        {{ common_columns() }},
        _record_key as interaction_key,
        interaction_id,
        person_ref,
        person_ref_by,
        person_ref_value,
        kind,
        page_type,
        product_id,
        category,
        campaign,
        direction,
        {{ to_amount('dwell_seconds') }} as dwell_seconds,
        _event_at as occurred_at
    from latest
)

select * from interactions
