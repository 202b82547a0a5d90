{#- Schemas are named as the layers are (staging, marts): no prefix of the target's default schema. -#}
{% macro generate_schema_name(custom_schema_name, node) -%}
    {{ (custom_schema_name or target.schema) | trim }}
{%- endmacro %}
