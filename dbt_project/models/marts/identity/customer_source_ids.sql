-- Which customer each source record belongs to.
with records as (
    select * from {{ ref('int_identity__records') }}
),

clusters as (
    select * from {{ source('identity', 'clusters') }}
)

select
    clusters.customer_id,
    records.record_id,
    records.source,
    records.entity,
    records.source_record_id,
    clusters.linked_by,
    cast(clusters.match_probability as double) as match_probability,
    clusters.linked_at
from records
inner join clusters on records.record_id = clusters.record_id
