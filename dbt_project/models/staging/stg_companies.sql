with latest as (
    {{ latest_versions('companies') }}
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

companies as (
    select
        {{ common_columns() }},
        source || '/' || entity || '/' || source_record_id as record_id,
        source_record_id,
        parent_id,
        merged_into,
        name,
        upper({{ whole_identifier('tax_id') }}) as tax_id,
        lower(domain) as domain,
        phone_e164,
        phone,
        {{ clean_email('email') }} as email,
        address,
        street,
        district,
        city,
        region,
        postcode,
        country_code as country,
        industry,
        cast({{ to_amount('employees') }} as bigint) as employees,
        {{ to_amount('annual_revenue') }} as annual_revenue,
        _event_at as created_at,
        _version_at as updated_at
    from reached
)

select * from companies
