-- What the model compares: persons with something to go by. Shared keys and placeholders are unknown here; texts are without
-- blanks and punctuation.
with records as (
    select * from {{ ref('int_identity__records') }}
    where customer_type = 'person'
),

persons as (
    select * from {{ ref('stg_persons') }}
),

own_keys as (
    select
        keys.record_id,
        max(case when keys.key_type = 'phone' then keys.key_value end) as phone,
        max(case when keys.key_type = 'email' then keys.key_value end) as email
    from {{ ref('int_identity__keys') }} as keys
    left join {{ ref('int_identity__shared_keys') }} as shared
        on keys.key_type = shared.key_type and keys.key_value = shared.key_value
    where keys.key_type in ('phone', 'email') and shared.key_value is null
    group by keys.record_id
),

places as (
    select * from {{ source('control', 'place_names') }}
),

addresses as (
    select * from {{ source('control', 'addresses') }}
)

select
    records.record_id,
    case when records.entity <> 'reference' then records.source || '/' || records.entity end as block,
    nullif(records.given_key, '') as given,
    nullif(records.family_key, '') as family,
    nullif(records.given_signs, '') as signs,
    records.script,
    replace(cast(records.birth_date as varchar), '-', '') as birth,
    records.gender,
    records.national_id,
    own_keys.phone,
    nullif(split_part(own_keys.email, '@', 1), '') as mailbox,
    coalesce(nullif(addresses.address_key, ''), {{ compact_text('coalesce(persons.street, persons.address)') }}) as street,
    {{ compact_text('persons.district') }} as locality,
    nullif(places.name_key, '') as city,
    {{ compact_text('persons.postcode') }} as postcode,
    {{ compact_text('persons.region') }} as region
from records
left join own_keys on records.record_id = own_keys.record_id
left join persons on records.record_id = persons.record_id
left join places on persons.city = places.name
left join addresses
    on coalesce(persons.street, persons.address) = addresses.address and coalesce(persons.city, '') = addresses.city
where records.name_key <> '' or own_keys.record_id is not null
