-- What each record says about each field of a profile, as text. Placeholders and shared keys are nobody's own value.
-- Chinese, Japanese and Korean signs begin at 11904; there the family name comes first, without a blank.
with persons as (
    select
        persons.*,
        coalesce(
            full_name_as_received,
            case
                when ascii(family_name) >= 11904 then family_name || coalesce(given_name, '')
                else nullif(trim(coalesce(given_name, '') || ' ' || coalesce(family_name, '')), '')
            end
        ) as written_name
    from {{ ref('stg_persons') }} as persons
),

companies as (
    select * from {{ ref('stg_companies') }}
),

memberships as (
    select * from {{ ref('int_identity__memberships') }}
),

unpivoted as (
    {% for field, column in {
        'display_name': 'written_name',
        'email': 'email', 'phone': 'phone_e164', 'birth_date': 'cast(birth_date as varchar)', 'gender': 'gender',
        'occupation': 'occupation', 'household': 'household', 'income_band': 'income', 'education': 'education',
        'country': 'country', 'region': 'region', 'city': 'city', 'district': 'district', 'postcode': 'postcode',
        'loyalty_id': 'loyalty_id', 'lead_source': 'lead_source', 'lead_status': 'lead_status'
    }.items() %}
    select
        record_id,
        '{{ field }}' as field,
        {{ column }} as value
    from persons
    union all
    {% endfor %}
    {% for field, column in {
        'display_name': 'name', 'email': 'email', 'phone': 'phone_e164', 'country': 'country', 'region': 'region',
        'city': 'city', 'district': 'district', 'postcode': 'postcode', 'industry': 'industry', 'employees': 'cast(employees as varchar)'
    }.items() %}
    select
        record_id,
        '{{ field }}' as field,
        {{ column }} as value
    from companies
    union all
    {% endfor %}
    select
        person_record_id as record_id,
        'company_id' as field,
        company_record_id as value
    from memberships
    union all
    select
        record_id,
        case person_ref_by when 'phone' then 'phone' when 'email' then 'email' else 'loyalty_id' end as field,
        person_ref_value as value
    from {{ ref('int_identity__references') }}
    where person_ref_by in ('phone', 'email', 'loyalty_id')
)

select
    unpivoted.record_id,
    unpivoted.field,
    unpivoted.value
from unpivoted
left join {{ source('control', 'placeholders') }} as placeholders
    on unpivoted.field = placeholders.key_type and unpivoted.value = placeholders.value
left join {{ ref('int_identity__shared_keys') }} as shared
    on unpivoted.field = shared.key_type and unpivoted.value = shared.key_value
where unpivoted.value is not null and placeholders.value is null and shared.key_value is null
