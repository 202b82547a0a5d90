-- Every record that can be (part of) a customer, with what the guards compare.
with persons as (
    select
        *,
        {{ latin_letters("split_part(email, '@', 1)") }} as mailbox_letters
    from {{ ref('stg_persons') }}
),

companies as (
    select * from {{ ref('stg_companies') }}
),

person_refs as (
    select * from {{ ref('stg_person_refs') }}
    where person_ref_by = 'record'
),

placeholders as (
    select * from {{ source('control', 'placeholders') }}
),

unioned as (
    select
        persons.record_id,
        persons.source,
        persons.entity,
        persons.source_record_id,
        'person' as customer_type,
        persons.channel,
        persons.trust,
        coalesce(least(persons.created_at, person_refs.first_seen_at), persons.created_at, person_refs.first_seen_at)
            as first_seen_at,
        persons.updated_at,
        coalesce(names.name_key, '') as name_key,
        coalesce(names.given_key, '') as given_key,
        coalesce(names.family_key, '') as family_key,
        coalesce(names.given_signs, '') as given_signs,
        coalesce({{ given_in_mailbox('persons.mailbox_letters', 'names.family_key') }}, '') as mailbox_given,
        coalesce(names.script, 'none') as script,
        case when unknown_days.value is null then persons.birth_date end as birth_date,
        persons.gender,
        case when unknown_ids.value is null then upper(persons.national_id) end as national_id,
        persons.merged_into
    from persons
    left join person_refs
        on persons.source = person_refs.source and persons.source_record_id = person_refs.person_ref_value
    left join {{ source('control', 'person_names') }} as names
        on
            coalesce(persons.full_name, '') = names.full_name
            and coalesce(persons.given_name, '') = names.given_name
            and coalesce(persons.family_name, '') = names.family_name
    left join placeholders as unknown_days
        on unknown_days.key_type = 'birth_date' and cast(persons.birth_date as varchar) = unknown_days.value
    left join placeholders as unknown_ids
        on unknown_ids.key_type = 'national_id' and upper(persons.national_id) = unknown_ids.value

    union all

    select
        companies.record_id,
        companies.source,
        companies.entity,
        companies.source_record_id,
        'company' as customer_type,
        companies.channel,
        companies.trust,
        companies.created_at as first_seen_at,
        companies.updated_at,
        coalesce(names.name_key, '') as name_key,
        coalesce(names.name_key, '') as given_key,
        '' as family_key,
        '' as given_signs,
        '' as mailbox_given,
        coalesce(names.script, 'none') as script,
        cast(null as date) as birth_date,
        cast(null as varchar) as gender,
        case when unknown_ids.value is null then companies.tax_id end as national_id,
        companies.merged_into
    from companies
    left join {{ source('control', 'company_names') }} as names on companies.name = names.name
    left join placeholders as unknown_ids
        on unknown_ids.key_type = 'tax_id' and companies.tax_id = unknown_ids.value

    union all

    select
        record_id,
        source,
        entity,
        source_record_id,
        'person' as customer_type,
        channel,
        trust,
        first_seen_at,
        cast(null as timestamp) as updated_at,
        '' as name_key,
        '' as given_key,
        '' as family_key,
        '' as given_signs,
        '' as mailbox_given,
        'none' as script,
        cast(null as date) as birth_date,
        cast(null as varchar) as gender,
        cast(null as varchar) as national_id,
        cast(null as varchar) as merged_into
    from {{ ref('int_identity__references') }}
)

select * from unioned
