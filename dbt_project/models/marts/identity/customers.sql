-- The golden profile: one row a customer, each value from the record that `survivorship` names.
with clusters as (
    select * from {{ source('identity', 'clusters') }}
),

records as (
    select * from {{ ref('int_identity__records') }}
),

-- Undated records come last: of two of them the record id decides.
dated as (
    select
        clusters.customer_id,
        records.channel,
        row_number() over (
            partition by clusters.customer_id order by records.first_seen_at asc nulls last, records.record_id asc
        ) as place
    from clusters
    inner join records on clusters.record_id = records.record_id
),

members as (
    select
        clusters.customer_id,
        min(records.customer_type) as customer_type,
        min(records.first_seen_at) as first_seen_at,
        count(distinct records.source) as count_sources,
        count(*) as count_records
    from clusters
    inner join records on clusters.record_id = records.record_id
    group by clusters.customer_id
),

survivors as (
    select
        survivorship.customer_id,
        survivorship.field,
        field_values.value
    from {{ ref('survivorship') }} as survivorship
    inner join {{ ref('int_identity__field_values') }} as field_values
        on survivorship.record_id = field_values.record_id and survivorship.field = field_values.field
),

profiles as (
    select
        customer_id
        {% for field in [
            'display_name', 'email', 'phone', 'birth_date', 'gender', 'occupation', 'household', 'income_band', 'education',
            'country', 'region', 'city', 'district', 'postcode', 'loyalty_id', 'company_id', 'industry', 'employees',
            'lead_source', 'lead_status'
        ] -%}
        , max(case when field = '{{ field }}' then value end) as {{ field }}
        {% endfor %}
    from survivors
    group by customer_id
),

employers as (
    select
        profiles.customer_id,
        clusters.customer_id as company_id
    from profiles
    inner join clusters on profiles.company_id = clusters.record_id
),

placed as (
    select
        members.*,
        profiles.display_name,
        profiles.email,
        profiles.phone,
        cast(profiles.birth_date as date) as birth_date,
        profiles.gender,
        profiles.occupation,
        profiles.household,
        profiles.income_band,
        profiles.education,
        profiles.country,
        profiles.region,
        profiles.city,
        profiles.district,
        -- One name for one place, however it is written: sums by place must not tell 广州市 from Guangzhou.
        coalesce(
            city_by_sign.province_zh,
            city_by_letter.province_zh,
            province_by_sign.province_zh,
            province_by_letter.province_zh,
            profiles.region
        ) as place_region,
        coalesce(city_by_sign.name_zh, city_by_letter.name_zh, profiles.city) as place_city,
        coalesce(by_sign.tier, by_letter.tier, case when profiles.country = 'CN' and profiles.city is not null then 'other' end)
            as city_tier,
        coalesce(
            city_by_sign.region_zone, city_by_letter.region_zone, province_by_sign.region_zone, province_by_letter.region_zone
        ) as region_zone,
        coalesce(
            city_by_sign.climate_zone,
            city_by_letter.climate_zone,
            province_by_sign.climate_zone,
            province_by_letter.climate_zone
        ) as climate_zone,
        profiles.postcode,
        profiles.loyalty_id,
        employers.company_id,
        coalesce(profiles.industry, of_company.industry) as industry,
        cast(coalesce(profiles.employees, of_company.employees) as bigint) as employees,
        profiles.lead_source,
        profiles.lead_status,
        dated.channel as first_channel
    from members
    left join dated on members.customer_id = dated.customer_id and dated.place = 1
    left join profiles on members.customer_id = profiles.customer_id
    left join employers on members.customer_id = employers.customer_id
    left join profiles as of_company on employers.company_id = of_company.customer_id
    left join {{ source('control', 'place_names') }} as places on profiles.city = places.name
    left join {{ ref('city_tiers') }} as by_sign on replace(profiles.city, '市', '') = by_sign.city_zh
    left join {{ ref('city_tiers') }} as by_letter on places.name_key = by_letter.city
    -- In Latin letters a foreign place may be written like a Chinese one, so there the country must not say otherwise.
    left join {{ ref('geography') }} as city_by_sign
        on city_by_sign.level = 'city' and replace(profiles.city, '市', '') = city_by_sign.name_zh
    left join {{ ref('geography') }} as city_by_letter
        on
            city_by_letter.level = 'city'
            and places.name_key = city_by_letter.name_latin
            and coalesce(profiles.country, 'CN') in ('CN', 'HK', 'MO', 'TW')
    left join {{ ref('geography') }} as province_by_sign
        on province_by_sign.level = 'province' and profiles.region = province_by_sign.name_zh
    left join {{ ref('geography') }} as province_by_letter
        on
            province_by_letter.level = 'province'
            and lower(replace(profiles.region, ' ', '')) = province_by_letter.name_latin
            and coalesce(profiles.country, 'CN') in ('CN', 'HK', 'MO', 'TW')
)

select
    placed.customer_id,
    placed.customer_type,
    placed.display_name,
    placed.email,
    placed.phone,
    placed.birth_date,
    placed.gender,
    placed.occupation,
    placed.household,
    placed.income_band,
    placed.education,
    placed.country,
    placed.region,
    placed.city,
    placed.district,
    placed.place_region,
    placed.place_city,
    placed.city_tier,
    placed.region_zone,
    placed.climate_zone,
    placed.postcode,
    placed.loyalty_id,
    placed.company_id,
    placed.industry,
    placed.employees,
    case
        when placed.employees >= settings.large_employees then 'large'
        when placed.employees >= settings.medium_employees then 'medium'
        when placed.employees >= settings.small_employees then 'small'
        when placed.employees is not null then 'micro'
    end as size_band,
    placed.lead_source,
    placed.lead_status,
    placed.first_channel,
    placed.first_seen_at,
    placed.count_sources,
    placed.count_records
from placed
cross join {{ source('control', 'identity_settings') }} as settings
