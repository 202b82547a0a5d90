{#-
    The `values:` of sources.yml. `mapped_value` is a column as text: trimmed, replaced where the source's map names it, null
    when empty; it needs the join that `join_value_maps` writes for the same columns. `relation` has `_source` and `_entity`.
-#}
{% macro mapped_value(relation, column) -%}
nullif(coalesce(map_{{ column }}.canonical, trim({{ relation }}.{{ column }})), '')
{%- endmacro %}

{#- The same with its blanks: what people are shown is the name as it was written. -#}
{% macro as_received(relation, column) -%}
nullif(coalesce(map_{{ column }}.canonical, {{ relation }}.{{ column }}), '')
{%- endmacro %}

{% macro join_value_maps(relation, columns) %}
    {% for column in columns -%}
    left join {{ source('control', 'value_maps') }} as map_{{ column }}
        on
            {{ relation }}._source = map_{{ column }}.source
            and {{ relation }}._entity = map_{{ column }}.entity
            and map_{{ column }}.column_name = '{{ column }}'
            and trim({{ relation }}.{{ column }}) = map_{{ column }}.received
    {% endfor -%}
{% endmacro %}
