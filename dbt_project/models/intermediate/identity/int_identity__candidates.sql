-- Pairs of different signatures under one key, and whether what they say contradicts. One record stands for each signature.
with signatures as (
    select members.*
    from {{ ref('int_identity__members') }} as members
    left join {{ ref('int_identity__shared_keys') }} as shared
        on members.key_type = shared.key_type and members.key_value = shared.key_value
    where members.record_id = members.anchor_record_id and shared.key_type is null
),

pairs as (
    select
        a.key_type,
        a.key_value,
        a.signature_number as left_number,
        b.signature_number as right_number,
        a.record_id as left_record_id,
        b.record_id as right_record_id,
        -- An English name says nothing about a Chinese one, be it a person's or a company's.
        a.given_key <> '' and b.given_key <> '' and not (
            a.script = 'mixed' and b.script in ('han', 'pinyin') or b.script = 'mixed' and a.script in ('han', 'pinyin')
            or a.script = 'company' and b.script = 'company_han' or b.script = 'company' and a.script = 'company_han'
        ) as both_given,
        a.family_key <> '' and b.family_key <> '' as both_family,
        -- Where the given name is unknown or English, the mailbox may say the Chinese one.
        case when a.given_key = '' or a.script = 'mixed' then a.mailbox_given else a.given_key end as left_called,
        case when b.given_key = '' or b.script = 'mixed' then b.mailbox_given else b.given_key end as right_called,
        -- Signs of one sound are often mistaken for each other, and are other names.
        a.name_key = b.name_key and a.name_key <> ''
        and not (a.given_signs <> '' and b.given_signs <> '' and a.given_signs <> b.given_signs) as is_same_name,
        a.given_key = b.given_key as is_same_given,
        a.family_key = b.family_key
        or levenshtein(a.family_key, b.family_key) <= 1 and least(length(a.family_key), length(b.family_key)) >= 5
            as is_similar_family,
        -- A Chinese name of another sign or in other letters is mistyped where its own mailbox spells the right one: siblings
        -- have a sign in common too. Latin letters are mistyped, shortened to an initial, or cut off.
        case
            when least(length(a.given_key), length(b.given_key)) = 1 then left(a.given_key, 1) = left(b.given_key, 1)
            when
                a.script in ('han', 'pinyin', 'mixed') and b.script in ('han', 'pinyin', 'mixed')
                and (a.mailbox_given = b.given_key or b.mailbox_given = a.given_key)
                then
                    a.given_signs = '' or b.given_signs = '' or {{ differ_in_one_sign('a.given_signs', 'b.given_signs') }}
            when a.script = 'han' and b.script = 'han' then false
            when a.script in ('company', 'company_han') then jaro_winkler_similarity(a.given_key, b.given_key) >= 0.9
            when least(length(a.given_key), length(b.given_key)) >= 5 and levenshtein(a.given_key, b.given_key) <= 1 then true
            when
                least(length(a.given_key), length(b.given_key)) >= 4
                and length(a.given_key) = length(b.given_key)
                and levenshtein(a.given_key, b.given_key) = 2
                and jaro_winkler_similarity(a.given_key, b.given_key) >= 0.92
                then true
            when a.script in ('latin', 'mixed') and b.script in ('latin', 'mixed')
                then
                    (
                        least(length(a.given_key), length(b.given_key)) >= 3
                        and (starts_with(a.given_key, b.given_key) or starts_with(b.given_key, a.given_key))
                    )
                    or (jaro_winkler_similarity(a.given_key, b.given_key) >= 0.9 and levenshtein(a.given_key, b.given_key) <= 2)
            else false
        end as is_similar_given,
        -- A Chinese family name does not change with marriage.
        a.script in ('han', 'pinyin', 'mixed') and b.script in ('han', 'pinyin', 'mixed') as both_chinese,
        a.birth_date is not null and b.birth_date is not null as both_birth,
        -- One digit mistyped, day and month swapped, or, with the same name, the same year: father and son are further apart.
        a.birth_date <> b.birth_date
        and levenshtein(cast(a.birth_date as varchar), cast(b.birth_date as varchar)) > 1
        and not (
            extract(year from a.birth_date) = extract(year from b.birth_date)
            and (
                extract(month from a.birth_date) = extract(day from b.birth_date)
                and extract(day from a.birth_date) = extract(month from b.birth_date)
                or a.name_key = b.name_key
            )
        ) as is_other_birth,
        a.gender <> b.gender as is_other_gender,
        a.national_id <> b.national_id as is_other_national_id
    from signatures as a
    inner join signatures as b
        on a.key_type = b.key_type and a.key_value = b.key_value and a.signature_number < b.signature_number
),

judged as (
    select
        pairs.*,
        -- Relatives share a telephone or a mailbox, hardly ever both: two keys outweigh another given name.
        count(*) over (partition by left_record_id, right_record_id) as count_key_types,
        case
            when is_same_name then 'equal'
            when both_given and not is_same_given and not is_similar_given then 'contradict'
            when
                both_chinese and not both_given and left_called <> '' and right_called <> ''
                and jaro_winkler_similarity(left_called, right_called) < 0.82
                then 'contradict'
            when both_family and not is_similar_family and (both_chinese or not both_given or not is_same_given) then 'contradict'
            when both_given and (is_same_given or is_similar_given) then 'agree'
            else 'unknown'
        end as names
    from pairs
)

select
    key_type,
    key_value,
    left_number,
    right_number,
    left_record_id,
    right_record_id,
    names,
    case when not both_birth then 'unknown' when is_other_birth then 'contradict' else 'agree' end as birth_dates,
    case
        when is_other_national_id then 'national_id'
        when both_birth and is_other_birth then 'birth_date'
        when is_other_gender and names <> 'equal' then 'gender'
        when names = 'contradict' and not (count_key_types > 1 and is_similar_family) then 'name'
    end as veto
from judged
