{%- set events = {
    'stg_orders': 'ordered_at', 'stg_order_lines': 'ordered_at', 'stg_interactions': 'occurred_at',
    'stg_opportunities': 'created_at', 'stg_feedback': 'given_at', 'stg_traits': 'recorded_at',
    'stg_consents': 'given_at', 'stg_outcomes': 'occurred_at'
} -%}
with referred as (
    {% for model, event_at in events.items() %}
    select
        source,
        person_ref_by,
        person_ref_value,
        min({{ event_at }}) as first_seen_at
    from {{ ref(model) }}
    where person_ref_value is not null
    group by source, person_ref_by, person_ref_value
    {{ 'union all' if not loop.last }}
    {% endfor %}
),

person_refs as (
    select
        source,
        person_ref_by,
        person_ref_value,
        min(first_seen_at) as first_seen_at
    from referred
    group by source, person_ref_by, person_ref_value
)

select * from person_refs
