-- When customers came into being and became one, and why.
with events as (
    select * from {{ source('identity', 'events') }}
)

select
    event_id,
    kind,
    customer_id,
    other_customer_id,
    {{ adapter.quote('at') }},
    cause,
    evidence
from events
