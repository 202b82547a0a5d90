{#- The columns that every staging model begins with, as `latest_versions` names them. -#}
{% macro common_columns() -%}
source,
        entity,
        source_channel as channel,
        trust,
        _record_key,
        _loaded_at
{%- endmacro %}
