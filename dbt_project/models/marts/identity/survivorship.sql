-- Whose value a profile shows: the source order of the field, then trust, then recency, then the value itself. A name of blanks
-- is shown only where there is no other.
with field_values as (
    select * from {{ ref('int_identity__field_values') }}
),

source_order as (
    select * from {{ source('control', 'survivorship_sources') }}
),

attributed as (
    select
        clusters.customer_id,
        field_values.field,
        field_values.value,
        records.record_id,
        records.source,
        records.entity,
        records.source_record_id,
        source_order.rank,
        records.trust,
        coalesce(records.updated_at, records.first_seen_at) as said_at
    from field_values
    inner join {{ ref('int_identity__records') }} as records on field_values.record_id = records.record_id
    inner join {{ source('identity', 'clusters') }} as clusters on field_values.record_id = clusters.record_id
    left join source_order on field_values.field = source_order.field and records.source = source_order.source
),

ranked as (
    select
        attributed.*,
        row_number() over (
            partition by customer_id, field
            order by
                case when trim(value) = '' then 1 else 0 end asc,
                rank asc nulls last, trust desc, said_at desc nulls last, value asc, record_id asc
        ) as place
    from attributed
),

counted as (
    select
        customer_id,
        field,
        count(distinct value) as count_values
    from attributed
    group by customer_id, field
)

select
    ranked.customer_id,
    ranked.field,
    ranked.record_id,
    ranked.source,
    ranked.entity,
    ranked.source_record_id,
    'trust_recency' as rule,
    counted.count_values - 1 as count_conflicts
from ranked
inner join counted on ranked.customer_id = counted.customer_id and ranked.field = counted.field
where ranked.place = 1
