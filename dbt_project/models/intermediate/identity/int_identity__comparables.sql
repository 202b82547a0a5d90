-- What the model compares: persons with something to go by. Shared keys and placeholders are unknown here; texts are without
-- blanks and punctuation. An hour in which very many were first seen is that of an import, and says nothing.
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

hours as (
    select
        {{ hour_number('first_seen_at') }} as hour_number,
        count(*) as count_records,
        sum(count(*)) over () as count_all
    from records
    where first_seen_at is not null
    group by {{ hour_number('first_seen_at') }}
),

crowded_hours as (
    select hours.hour_number
    from hours
    cross join {{ source('control', 'identity_settings') }} as settings
    where hours.count_records > greatest(settings.crowded_hour_records, settings.crowded_hour_share * hours.count_all)
),

spelled as (
    select
        own_keys.record_id,
        nullif(split_part(own_keys.email, '@', 1), '') as mailbox,
        {{ sorted_signs("split_part(own_keys.email, '@', 1)") }} as mailbox_signs,
        nullif(records.mailbox_given, '') as mailbox_given,
        {{ sorted_signs("records.family_key || records.mailbox_given") }} as name_signs
    from own_keys
    inner join records on own_keys.record_id = records.record_id
),

-- A mailbox of a name and nothing else says no more than the name: every company has a wei.wang.
mailboxes as (
    select
        record_id,
        case when mailbox_given is null or mailbox_signs <> name_signs then mailbox end as mailbox,
        case
            when length(mailbox_signs) >= 6 and (mailbox_given is null or mailbox_signs <> name_signs) then mailbox_signs
        end as mailbox_signs
    from spelled
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
    coalesce(case when records.script <> 'mixed' then nullif(records.given_key, '') end, nullif(records.mailbox_given, ''))
        as called,
    replace(cast(records.birth_date as varchar), '-', '') as birth,
    records.gender,
    records.national_id,
    own_keys.phone,
    mailboxes.mailbox,
    mailboxes.mailbox_signs,
    coalesce(nullif(addresses.address_key, ''), {{ compact_text('coalesce(persons.street, persons.address)') }}) as street,
    {{ compact_text('persons.district') }} as locality,
    nullif(places.name_key, '') as city,
    {{ compact_text('persons.postcode') }} as postcode,
    {{ compact_text('persons.region') }} as region,
    case when crowded_hours.hour_number is null then {{ hour_number('records.first_seen_at') }} end as hour
from records
left join own_keys on records.record_id = own_keys.record_id
left join mailboxes on records.record_id = mailboxes.record_id
left join persons on records.record_id = persons.record_id
left join places on persons.city = places.name
left join addresses
    on coalesce(persons.street, persons.address) = addresses.address and coalesce(persons.city, '') = addresses.city
left join crowded_hours on {{ hour_number('records.first_seen_at') }} = crowded_hours.hour_number
where records.name_key <> '' or own_keys.record_id is not null
