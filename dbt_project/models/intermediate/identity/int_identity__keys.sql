-- What a record can be recognised by. Placeholders ("unknown" in disguise) are no keys.
with persons as (
    select * from {{ ref('stg_persons') }}
),

companies as (
    select
        companies.*,
        names.name_key,
        places.name_key as place_key,
        regexp_replace(
            regexp_replace(lower(companies.domain), '^(https?://)?(www[.])?', ''), '[/:?].*$', ''
        ) as site
    from {{ ref('stg_companies') }} as companies
    left join {{ source('control', 'company_names') }} as names on companies.name = names.name
    left join {{ source('control', 'place_names') }} as places on companies.city = places.name
),

freemail as (
    select domain from {{ source('control', 'freemail_domains') }}
),

of_persons as (
    {% for key_type, column in {
        'email': 'email', 'phone': 'phone_e164', 'loyalty_id': 'upper(loyalty_id)', 'wechat_id': 'upper(wechat_id)',
        'device_id': 'upper(device_id)'
    }.items() %}
    select
        record_id,
        '{{ key_type }}' as key_type,
        {{ column }} as key_value
    from persons
    union all
    {% endfor %}
    select
        record_id,
        'national_id' as key_type,
        national_id as key_value
    from {{ ref('int_identity__records') }}
    where customer_type = 'person'
    union all
    select
        record_id,
        'name_birth' as key_type,
        name_key || '|' || cast(birth_date as varchar) as key_value
    from {{ ref('int_identity__records') }}
    where given_key <> '' and family_key <> '' and customer_type = 'person'
    union all
    select
        records.record_id,
        'name_address' as key_type,
        records.name_key || '|' || addresses.address_key as key_value
    from {{ ref('int_identity__records') }} as records
    inner join persons on records.record_id = persons.record_id
    inner join {{ source('control', 'addresses') }} as addresses
        on coalesce(persons.street, persons.address) = addresses.address and coalesce(persons.city, '') = addresses.city
    where records.given_key <> '' and records.family_key <> '' and addresses.address_key <> ''
    union all
    select
        record_id,
        person_ref_by as key_type,
        case when person_ref_by in ('email', 'phone') then person_ref_value else upper(person_ref_value) end as key_value
    from {{ ref('int_identity__references') }}
    where person_ref_by <> 'record'
),

of_companies as (
    select
        record_id,
        'tax_id' as key_type,
        tax_id as key_value
    from companies
    union all
    select
        companies.record_id,
        'domain' as key_type,
        coalesce(nullif(companies.site, ''), substr(companies.email, position('@' in companies.email) + 1)) as key_value
    from companies
    union all
    select
        record_id,
        'company_phone' as key_type,
        phone_e164 as key_value
    from companies
    union all
    select
        record_id,
        'company_name_city' as key_type,
        name_key || '|' || place_key as key_value
    from companies
    where name_key <> ''
),

-- A company is known by who works there, whatever its name is in the other language.
of_contacts as (
    select
        memberships.company_record_id as record_id,
        'contact' as key_type,
        of_persons.key_type || '|' || of_persons.key_value as key_value
    from {{ ref('int_identity__memberships') }} as memberships
    inner join of_persons on memberships.person_record_id = of_persons.record_id
    left join {{ source('control', 'placeholders') }} as unknown
        on of_persons.key_type = unknown.key_type and of_persons.key_value = unknown.value
    where of_persons.key_type in ('email', 'phone', 'wechat_id') and unknown.value is null
),

unioned as (
    select * from of_persons
    union all
    select * from of_companies
    union all
    select * from of_contacts
)

select distinct
    unioned.record_id,
    unioned.key_type,
    unioned.key_value
from unioned
left join {{ source('control', 'placeholders') }} as placeholders
    on
        case unioned.key_type when 'company_phone' then 'phone' else unioned.key_type end = placeholders.key_type
        and unioned.key_value = placeholders.value
left join freemail on case unioned.key_type when 'domain' then unioned.key_value end = freemail.domain
where unioned.key_value is not null and placeholders.value is null and freemail.domain is null
