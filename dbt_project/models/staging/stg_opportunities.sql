with latest as (
    {{ latest_versions('opportunities') }}
),

run as (
    select * from {{ source('control', 'run') }}
),

dated as (
    select
        latest.*,
        run.as_of_at,
        {{ day_in_zone('latest._event_at', 'run.business_timezone') }} as created_date
    from latest
    cross join run
),

opportunities as (
    select
        {{ common_columns() }},
        _record_key as opportunity_key,
        opportunity_id,
        person_ref,
        person_ref_by,
        person_ref_value,
        company_ref,
        stage,
        lead_source,
        coalesce(upper(currency), source_currency) as currency,
        {{ to_amount('amount') }} as amount,
        -- A row without a version time may tell of a close that lies ahead of the as-of instant: not known yet.
        case when not coalesce({{ to_utc('closed_at') }} >= as_of_at, false) then {{ to_truth('is_won') }} end as is_won,
        _event_at as created_at,
        created_date,
        case when {{ to_utc('closed_at') }} < as_of_at then {{ to_utc('closed_at') }} end as closed_at,
        _version_at as updated_at
    from dated
)

select * from opportunities
