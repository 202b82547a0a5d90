with latest as (
    {{ latest_versions('persons') }}
),

known_countries as (
    select * from {{ source('control', 'countries') }}
),

identity_settings as (
    select * from {{ source('control', 'identity_settings') }}
),

phone_numbers as (
    select * from {{ source('control', 'phone_numbers') }}
),

placed as (
    select
        latest.*,
        {{ country_code('latest.country') }} as country_code,
        coalesce({{ country_code('latest.country') }}, identity_settings.default_country) as phone_country
    from latest
    cross join identity_settings
    left join known_countries on lower(latest.country) = known_countries.written
),

reached as (
    select
        placed.*,
        phone_numbers.e164 as phone_e164
    from placed
    left join phone_numbers
        on placed.phone = phone_numbers.phone and placed.phone_country = phone_numbers.country
),

persons as (
    select
        {{ common_columns() }},
        source || '/' || entity || '/' || source_record_id as record_id,
        source_record_id,
        merged_into,
        full_name,
        full_name_as_received,
        given_name,
        family_name,
        {{ clean_email('email') }} as email,
        phone_e164,
        phone,
        {{ whole_identifier('national_id') }} as national_id,
        wechat_id,
        {{ whole_identifier('loyalty_id') }} as loyalty_id,
        device_id,
        case lower(gender)
            when 'm' then 'male' when 'male' then 'male' when '男' then 'male'
            when 'f' then 'female' when 'female' then 'female' when '女' then 'female'
        end as gender,
        company_name,
        job_title,
        occupation,
        income,
        education,
        household,
        address,
        street,
        district,
        city,
        region,
        postcode,
        country_code as country,
        lead_source,
        lead_status,
        owner,
        {{ to_day('birth_date') }} as birth_date,
        _event_at as created_at,
        _version_at as updated_at
    from reached
)

select * from persons
