-- How good the linking of this run is: against labels where there are any, and in sizes and loads for all.
with quality as (
    select * from {{ source('identity', 'quality') }}
)

select
    measure,
    part,
    left_channel,
    right_channel,
    numerator,
    denominator,
    value,
    low,
    high
from quality
