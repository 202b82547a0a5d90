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
),

signatures as (
    select
        key_type,
        key_value,
        name_key,
        given_key,
        family_key,
        script,
        birth_date,
        gender,
        national_id,
        min(record_id) as anchor_record_id,
        coalesce(min(mailbox_given), '') as mailbox_given
    from members
    group by key_type, key_value, name_key, given_key, family_key, script, birth_date, gender, national_id
),

numbered as (
    select
        *,
        row_number() over (
            partition by key_type, key_value
            order by name_key, given_key, family_key, script, birth_date, gender, national_id
        ) as signature_number
    from signatures
)

select
    members.key_type,
    members.key_value,
    members.record_id,
    members.first_seen_at,
    members.name_key,
    members.given_key,
    members.family_key,
    members.given_signs,
    members.script,
    members.birth_date,
    members.gender,
    members.national_id,
    numbered.signature_number,
    numbered.anchor_record_id,
    numbered.mailbox_given
from members
inner join numbered
    on
        members.key_type = numbered.key_type
        and members.key_value = numbered.key_value
        and members.name_key = numbered.name_key
        and members.given_key = numbered.given_key
        and members.family_key = numbered.family_key
        and members.script = numbered.script
        and members.birth_date is not distinct from numbered.birth_date
        and members.gender is not distinct from numbered.gender
        and members.national_id is not distinct from numbered.national_id
