-- Accepted links. Equal signatures hang on their anchor; different ones are paired when nothing contradicts; and what a source
-- merged itself. A record that fits two people who contradict each other (a bare phone number in a family) is linked to neither.
with candidates as (
    select
        candidates.*,
        settings.needs,
        settings.strength
    from {{ ref('int_identity__candidates') }} as candidates
    inner join {{ source('control', 'identity_keys') }} as settings on candidates.key_type = settings.key_type
),

records as (
    select * from {{ ref('int_identity__records') }}
),

opposed as (
    select
        key_type,
        key_value,
        names,
        left_number as signature_number,
        cast(power(2, right_number) as bigint) as opponent
    from candidates
    where veto is not null
    union all
    select
        key_type,
        key_value,
        names,
        right_number as signature_number,
        cast(power(2, left_number) as bigint) as opponent
    from candidates
    where veto is not null
),

-- Whom each signature contradicts under this key, as sets of bits; namesakes are father and son of one name.
contradictions as (
    select
        key_type,
        key_value,
        signature_number,
        sum(opponent) as opponents,
        sum(case when names = 'equal' then opponent else 0 end) as namesakes
    from opposed
    group by key_type, key_value, signature_number
),

disputed as (
    select distinct
        key_type,
        key_value
    from contradictions
),

paired as (
    select
        candidates.left_record_id,
        candidates.right_record_id,
        candidates.key_type,
        candidates.key_value,
        candidates.strength,
        'names ' || candidates.names || ', birth dates ' || candidates.birth_dates as comparison
    from candidates
    left join contradictions as of_left
        on
            candidates.key_type = of_left.key_type
            and candidates.key_value = of_left.key_value
            and candidates.left_number = of_left.signature_number
    left join contradictions as of_right
        on
            candidates.key_type = of_right.key_type
            and candidates.key_value = of_right.key_value
            and candidates.right_number = of_right.signature_number
    where
        candidates.needs = 'nothing'
        or (
            candidates.veto is null
            and (candidates.needs = 'no_conflict' or candidates.names in ('equal', 'agree'))
            and case
                when candidates.names = 'equal' then coalesce(of_left.namesakes, 0) = coalesce(of_right.namesakes, 0)
                else coalesce(of_left.opponents, 0) = coalesce(of_right.opponents, 0)
            end
        )
),

chained as (
    select
        members.anchor_record_id as left_record_id,
        members.record_id as right_record_id,
        members.key_type,
        members.key_value,
        settings.strength,
        case when members.name_key = '' then 'names unknown' else 'names equal' end as comparison
    from {{ ref('int_identity__members') }} as members
    inner join {{ source('control', 'identity_keys') }} as settings on members.key_type = settings.key_type
    left join {{ ref('int_identity__shared_keys') }} as shared
        on members.key_type = shared.key_type and members.key_value = shared.key_value
    left join disputed
        on members.key_type = disputed.key_type and members.key_value = disputed.key_value
    where
        members.record_id <> members.anchor_record_id
        and shared.key_type is null
        and (
            settings.needs = 'nothing'
            or members.given_key <> ''
            or (settings.needs = 'no_conflict' and disputed.key_type is null)
        )
),

merged_by_source as (
    select
        least(losers.record_id, winners.record_id) as left_record_id,
        greatest(losers.record_id, winners.record_id) as right_record_id,
        'merged_into' as key_type,
        winners.record_id as key_value,
        settings.source_merge_strength as strength,
        'merged by its source' as comparison
    from records as losers
    inner join records as winners
        on
            losers.source = winners.source
            and losers.entity = winners.entity
            and losers.merged_into = winners.source_record_id
            and losers.record_id <> winners.record_id
    cross join {{ source('control', 'identity_settings') }} as settings
),

unioned as (
    select * from paired
    union all
    select * from chained
    union all
    select * from merged_by_source
)

select
    unioned.left_record_id,
    unioned.right_record_id,
    unioned.key_type,
    unioned.strength,
    greatest(of_left.first_seen_at, of_right.first_seen_at) as linked_at,
    unioned.key_type || ' ' || left({{ short_hash('unioned.key_value') }}, 8) || ' (' || unioned.comparison || ')' as evidence
from unioned
inner join records as of_left on unioned.left_record_id = of_left.record_id
inner join records as of_right on unioned.right_record_id = of_right.record_id
