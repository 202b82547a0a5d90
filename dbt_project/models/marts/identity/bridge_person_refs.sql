-- Which customer a source means by a reference: its own record id, an address, number or card, or (by 'company') its
-- company id. What too many share (a shop's telephone, info@) means nobody.
with records as (
    select * from {{ ref('int_identity__records') }}
),

own_ids as (
    select
        record_id,
        source,
        case customer_type when 'company' then 'company' else 'record' end as person_ref_by,
        source_record_id as person_ref_value,
        row_number() over (
            partition by source, customer_type, source_record_id
            order by case when entity = 'reference' then 1 else 0 end, entity
        ) as place
    from records
),

own_keys as (
    select
        record_id,
        source,
        person_ref_by,
        person_ref_value,
        case when person_ref_by in ('email', 'phone') then person_ref_value else upper(person_ref_value) end as key_value
    from {{ ref('int_identity__references') }}
    where person_ref_by <> 'record'
),

named as (
    select
        record_id,
        source,
        person_ref_by,
        person_ref_value
    from own_ids
    where place = 1
    union all
    select
        own_keys.record_id,
        own_keys.source,
        own_keys.person_ref_by,
        own_keys.person_ref_value
    from own_keys
    left join {{ ref('int_identity__shared_keys') }} as shared
        on own_keys.person_ref_by = shared.key_type and own_keys.key_value = shared.key_value
    where shared.key_type is null
)

select
    named.source,
    named.person_ref_by,
    named.person_ref_value,
    clusters.customer_id
from named
inner join {{ source('identity', 'clusters') }} as clusters on named.record_id = clusters.record_id
