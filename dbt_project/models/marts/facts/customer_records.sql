-- Every dated record that classes are computed from, with the day it tells of and when it was loaded: the evidence of a change.
{{ config(materialized='view') }}

with run as (
    select * from {{ source('control', 'run') }}
),

line_loads as (
    select
        lines.order_key,
        max(staged._loaded_at) as _loaded_at
    from {{ ref('int_facts__lines') }} as lines
    inner join {{ ref('stg_order_lines') }} as staged on lines.line_key = staged.line_key
    group by lines.order_key
),

records as (
    select
        'order' as kind,
        orders.order_key as record_key,
        orders.customer_id,
        orders.ordered_at as happened_at,
        greatest(staged._loaded_at, line_loads._loaded_at) as loaded_at
    from {{ ref('orders') }} as orders
    left join {{ ref('stg_orders') }} as staged on orders.order_key = staged.order_key
    left join line_loads on orders.order_key = line_loads.order_key
    union all
    select
        'refund' as kind,
        refunds.refund_key as record_key,
        refunds.customer_id,
        refunds.refunded_at as happened_at,
        staged._loaded_at as loaded_at
    from {{ ref('refunds') }} as refunds
    inner join {{ ref('stg_refunds') }} as staged on refunds.refund_key = staged.refund_key
    union all
    select
        'interaction' as kind,
        interactions.interaction_key as record_key,
        interactions.customer_id,
        interactions.occurred_at as happened_at,
        staged._loaded_at as loaded_at
    from {{ ref('interactions') }} as interactions
    inner join {{ ref('stg_interactions') }} as staged on interactions.interaction_key = staged.interaction_key
    union all
    select
        'feedback' as kind,
        feedback.feedback_key as record_key,
        feedback.customer_id,
        feedback.given_at as happened_at,
        staged._loaded_at as loaded_at
    from {{ ref('feedback') }} as feedback
    inner join {{ ref('stg_feedback') }} as staged on feedback.feedback_key = staged.feedback_key
)

select
    records.kind,
    records.record_key,
    records.customer_id,
    {{ day_in_zone('records.happened_at', 'run.business_timezone') }} as happened_on,
    records.loaded_at
from records
cross join run
where records.customer_id is not null
