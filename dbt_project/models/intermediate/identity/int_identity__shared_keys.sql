-- Keys that too many carry to mean one person: a shop's telephone, info@, a card that went from hand to hand.
with members as (
    select * from {{ ref('int_identity__members') }}
),

counted as (
    select
        key_type,
        key_value,
        count(*) as count_records,
        count(distinct nullif(name_key, '')) as count_names,
        max(signature_number) as count_signatures
    from members
    group by key_type, key_value
)

select
    counted.key_type,
    counted.key_value,
    counted.count_records,
    counted.count_names,
    counted.count_signatures,
    case
        when counted.count_names > limits.max_names then 'names'
        when counted.count_records > limits.max_records then 'records'
        else 'signatures'
    end as reason
from counted
inner join {{ source('control', 'identity_keys') }} as limits on counted.key_type = limits.key_type
cross join {{ source('control', 'identity_settings') }} as settings
where
    counted.count_names > limits.max_names
    or counted.count_records > limits.max_records
    or counted.count_signatures > settings.max_signatures
