{#-
    The records of an entity that were known at the as-of instant, each in its latest version: text trimmed, null when empty,
    with the `values:` of sources.yml put in, `person_ref_value` beside a person_ref, and the settings of the source, which the
    casts read. Grain: one row a record.
-#}
{% macro latest_versions(entity) %}
    {%- set canonical = canonical_entities()[entity] -%}
    {%- set settings = ['source_channel', 'trust', 'source_timezone', 'source_currency', 'date_format', 'time_format',
        'decimal_mark', 'person_ref_by'] -%}
with fates as (
    {{ row_fates(entity) }}
),

texts as (
    select
        fates._source as source,
        fates._entity as entity,
        {% for column in settings + ['_event_at', '_version_at', '_record_key', '_loaded_at'] -%}
        fates.{{ column }},
        {% endfor -%}
        {% for column in canonical['times'] -%}
        nullif(trim(fates.{{ column }}), '') as {{ column }},
        {% endfor -%}
        {% for column in canonical['values'] -%}
        {{ mapped_value('fates', column) }} as {{ column }},
        {% endfor -%}
        {{ as_received('fates', 'full_name') if 'full_name' in canonical['values'] else 'cast(null as varchar)' }}
            as full_name_as_received
    from fates
    {{ join_value_maps('fates', canonical['values']) }}
    where fates._fate = 'out'
)
{% if 'person_ref' in canonical['values'] %}
select
    texts.*,
    {{ person_reference('texts', 'texts.person_ref') }} as person_ref_value
from texts
{{ join_phone_references('texts', 'texts.person_ref') }}
{% else %}
select * from texts
{% endif %}
{% endmacro %}
