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
        customer_id,
        field,
        min(turn) as turn
    from said
    group by customer_id, field
),

heard as (
    select said.*
    from said
    inner join called on said.customer_id = called.customer_id and said.field = called.field and said.turn = called.turn
),

counted as (
    select
        customer_id,
        field,
        value,
        count(*) as by_frequency
    from heard
    group by customer_id, field, value
)

select
    heard.customer_id,
    heard.field,
    heard.value,
    heard.record_id,
    heard.by_sources,
    heard.by_trust,
    heard.by_recency,
    heard.by_earliest,
    counted.by_frequency,
    heard.by_completeness,
    length(heard.value) as by_longest
from heard
inner join counted
    on heard.customer_id = counted.customer_id and heard.field = counted.field and heard.value = counted.value
