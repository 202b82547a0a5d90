-- The records of each key that more than one carries. Records that the guards cannot tell apart share a signature.
with keys as (
    select * from {{ ref('int_identity__keys') }}
),

records as (
    select * from {{ ref('int_identity__records') }}
),

repeated as (
    select
        key_type,
        key_value
    from keys
    group by key_type, key_value
    having count(*) > 1
),

members as (
    select
        keys.key_type,
        keys.key_value,
        records.record_id,
        records.first_seen_at,
        records.name_key,
        records.given_key,
        records.family_key,
        records.script,
        records.given_signs,
        nullif(records.mailbox_given, '') as mailbox_given,
        records.birth_date,
        records.gender,
        records.national_id
    from keys
    inner join repeated on keys.key_type = repeated.key_type and keys.key_value = repeated.key_value
    inner join records on keys.record_id = records.record_id
)

select
    key_type,
    key_value,
    record_id,
    first_seen_at,
    name_key,
    given_key,
    family_key,
    given_signs,
    script,
    birth_date,
    gender,
    national_id,
    dense_rank() over (
        partition by key_type, key_value
        order by name_key, given_key, family_key, script, birth_date, gender, national_id
    ) as signature_number,
    min(record_id) over (
        partition by key_type, key_value, name_key, given_key, family_key, script, birth_date, gender, national_id
    ) as anchor_record_id,
    coalesce(
        min(mailbox_given) over (
            partition by key_type, key_value, name_key, given_key, family_key, script, birth_date, gender, national_id
        ), ''
    ) as mailbox_given
from members
