-- Pairs of records that may be one person, for people to decide.
with review as (
    select * from {{ source('identity', 'review') }}
)

select
    pair_id,
    left_record_id,
    right_record_id,
    probability,
    evidence,
    state
from review
