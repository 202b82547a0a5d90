with latest as (
    {{ latest_versions('stores') }}
),

known_countries as (
    select * from {{ source('control', 'countries') }}
),

placed as (
    select
        latest.*,
        {{ country_code('latest.country') }} as country_code
    from latest
    left join known_countries on lower(latest.country) = known_countries.written
),

stores as (
    select
        {{ common_columns() }},
        source || '/' || store_id as store_key,
        store_id,
        store_name,
        phone,
        city,
        region,
        country_code as country
    from placed
)

select * from stores
