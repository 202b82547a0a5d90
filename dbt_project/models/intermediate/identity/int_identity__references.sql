-- References to persons that need a record of their own: ids without a persons row, and every address, number or card.
with person_refs as (
    select * from {{ ref('stg_person_refs') }}
),

persons as (
    select distinct
        source,
        source_record_id
    from {{ ref('stg_persons') }}
),

placeholders as (
    select * from {{ source('control', 'placeholders') }}
),

sources as (
    select
        source,
        min(channel) as channel,
        max(trust) as trust
    from {{ source('control', 'sources') }}
    group by source
),

-- Conditions on one side go into a column: inside a left join they would have every row compared with every other.
keyed as (
    select
        person_refs.*,
        case when person_ref_by = 'record' then person_ref_value end as record_value,
        case
            when person_ref_by in ('email', 'phone') then person_ref_value
            when person_ref_by <> 'record' then upper(person_ref_value)
        end as key_value
    from person_refs
),

unknown as (
    select keyed.*
    from keyed
    left join persons on keyed.source = persons.source and keyed.record_value = persons.source_record_id
    left join placeholders on keyed.person_ref_by = placeholders.key_type and keyed.key_value = placeholders.value
    where persons.source is null and placeholders.value is null
),

named as (
    select
        unknown.*,
        case
            when person_ref_by = 'record' then person_ref_value
            else person_ref_by || ':' || {{ short_hash('person_ref_value') }}
        end as source_record_id
    from unknown
)

select
    named.source || '/reference/' || named.source_record_id as record_id,
    named.source,
    'reference' as entity,
    named.source_record_id,
    sources.channel,
    coalesce(sources.trust, 0) as trust,
    named.person_ref_by,
    named.person_ref_value,
    named.first_seen_at
from named
left join sources on named.source = sources.source
