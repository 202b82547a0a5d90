-- Whose value a profile shows, and which rule decided: the first of the field's rules in which the value shown beats the best
-- different one. Where all rules find two equal, the value itself decides, then the record.
{%- set rules = ['sources', 'trust', 'recency', 'earliest', 'frequency', 'completeness', 'longest'] -%}
{%- set places = range(1, rules | length + 1) %}
with contenders as (
    select * from {{ ref('int_profiles__contenders') }}
),

rules as (
    select
        {% for place in places -%}
        max(case when place = {{ place }} then rule end) as rule_{{ place }},
        {% endfor -%}
        field
    from {{ source('control', 'survivorship_rules') }}
    group by field
),

-- How strong each is by the field's first rule, by its second, ...
judged as (
    select
        {% for place in places -%}
        rules.rule_{{ place }},
        case rules.rule_{{ place }}
            {% for rule in rules -%}
            when '{{ rule }}' then contenders.by_{{ rule }}
            {% endfor -%}
        end as strength_{{ place }},
        {% endfor -%}
        contenders.*
    from contenders
    inner join rules on contenders.field = rules.field
),

speakers as (
    select
        judged.*,
        row_number() over (
            partition by customer_id, field, value
            order by
                {% for place in places -%}
                strength_{{ place }} desc nulls last,
                {% endfor -%}
                record_id asc
        ) as place_for_value
    from judged
),

ranked as (
    select
        {% for place in places -%}
        lead(strength_{{ place }}) over best_first as rival_{{ place }},
        {% endfor -%}
        row_number() over best_first as place,
        count(*) over (partition by customer_id, field) - 1 as count_conflicts,
        speakers.*
    from speakers
    where place_for_value = 1
    window
        best_first as (
            partition by customer_id, field
            order by
                {% for place in places -%}
                strength_{{ place }} desc nulls last,
                {% endfor -%}
                value asc
        )
)

select
    ranked.customer_id,
    ranked.field,
    ranked.record_id,
    records.source,
    records.entity,
    records.source_record_id,
    case
        when ranked.count_conflicts = 0 then 'only_value'
        {% for place in places -%}
        when (ranked.strength_{{ place }} is distinct from ranked.rival_{{ place }}) then ranked.rule_{{ place }}
        {% endfor -%}
        else 'value'
    end as rule,
    ranked.count_conflicts
from ranked
inner join {{ ref('int_identity__records') }} as records on ranked.record_id = records.record_id
where ranked.place = 1
