-- Which company a person's record names, by its source's own ids: the latest membership, then the smallest id.
with memberships as (
    select * from {{ ref('stg_memberships') }}
    where person_ref_by = 'record'
),

records as (
    select * from {{ ref('int_identity__records') }}
),

matched as (
    select
        persons.record_id as person_record_id,
        companies.record_id as company_record_id,
        memberships.role,
        row_number() over (
            partition by persons.record_id
            order by memberships.updated_at desc nulls last, companies.record_id asc
        ) as place
    from memberships
    inner join records as persons
        on
            memberships.source = persons.source
            and memberships.person_ref_value = persons.source_record_id
            and persons.customer_type = 'person'
    inner join records as companies
        on
            memberships.source = companies.source
            and memberships.company_ref = companies.source_record_id
            and companies.customer_type = 'company'
)

select
    person_record_id,
    company_record_id,
    role
from matched
where place = 1
