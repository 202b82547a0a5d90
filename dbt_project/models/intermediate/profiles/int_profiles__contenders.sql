-- Who competes for each field of a profile, and how strong each is by every rule of identity.yml: more is better, null is worst.
-- A record that its source merged into another of the same customer has left its values there, and a name of blanks says
-- nothing: both compete only where nobody else speaks. Companies that are one customer are one value.
with records as (
    select
        records.*,
        clusters.customer_id
    from {{ ref('int_identity__records') }} as records
    inner join {{ source('identity', 'clusters') }} as clusters on records.record_id = clusters.record_id
),

field_values as (
    select
        record_id,
        field,
        trim(value) as value,
        case when field = 'company_id' then value end as company_record_id
    from {{ ref('int_identity__field_values') }}
),

source_order as (
    select * from {{ source('control', 'survivorship_sources') }}
),

merged_away as (
    select losers.record_id
    from records as losers
    inner join records as winners
        on
            losers.customer_id = winners.customer_id
            and losers.source = winners.source
            and losers.entity = winners.entity
            and losers.merged_into = winners.source_record_id
            and losers.record_id <> winners.record_id
),

filled as (
    select
        record_id,
        count(*) as count_fields
    from field_values
    where value <> ''
    group by record_id
),

-- Who speaks in turn 0 leaves no word to turn 1, the records merged away, and turn 2, the blanks.
said as (
    select
        records.customer_id,
        field_values.field,
        coalesce(companies.customer_id, field_values.value) as value,
        records.record_id,
        case when field_values.value = '' then 2 when merged_away.record_id is not null then 1 else 0 end as turn,
        -source_order.place as by_sources,
        records.trust as by_trust,
        {{ microseconds('coalesce(records.updated_at, records.first_seen_at)') }} as by_recency,
        -{{ microseconds('records.first_seen_at') }} as by_earliest,
        filled.count_fields as by_completeness
    from field_values
    inner join records on field_values.record_id = records.record_id
    left join merged_away on field_values.record_id = merged_away.record_id
    left join filled on field_values.record_id = filled.record_id
    left join records as companies on field_values.company_record_id = companies.record_id
    left join source_order on field_values.field = source_order.field and records.source = source_order.source
),

called as (
    select
        said.*,
        min(turn) over (partition by customer_id, field) as first_turn
    from said
)

select
    customer_id,
    field,
    value,
    record_id,
    by_sources,
    by_trust,
    by_recency,
    by_earliest,
    count(*) over (partition by customer_id, field, value) as by_frequency,
    by_completeness,
    length(value) as by_longest
from called
where turn = first_turn
