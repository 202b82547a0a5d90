{#-
    Casts of raw text. On DuckDB they call the macros that `orchestration/landing/casts.py` puts into the warehouse, so that
    staging reads a text exactly as the lander checked it; another engine supplies its own `<engine>__...` beside them.
    They read the source's settings by name (`date_format`, `time_format`, `source_timezone`, `decimal_mark`), which
    `latest_versions` brings along. Never cast raw text any other way.
-#}
{% macro to_utc(column) -%}{{ adapter.dispatch('to_utc')(column) }}{%- endmacro %}
{% macro duckdb__to_utc(column) -%}
to_utc({{ column }}, coalesce(time_format, date_format), source_timezone)
{%- endmacro %}

{% macro to_day(column) -%}{{ adapter.dispatch('to_day')(column) }}{%- endmacro %}
{% macro duckdb__to_day(column) -%}to_day({{ column }}, date_format){%- endmacro %}

{% macro to_amount(column) -%}{{ adapter.dispatch('to_amount')(column) }}{%- endmacro %}
{% macro duckdb__to_amount(column) -%}to_amount({{ column }}, decimal_mark){%- endmacro %}

{% macro to_truth(column) -%}{{ adapter.dispatch('to_truth')(column) }}{%- endmacro %}
{% macro duckdb__to_truth(column) -%}to_truth({{ column }}){%- endmacro %}

{#- Rates need more digits than money: one rupiah is 0.00045 yuan. -#}
{% macro to_rate(column) -%}{{ adapter.dispatch('to_rate')(column) }}{%- endmacro %}
{% macro duckdb__to_rate(column) -%}to_rate({{ column }}, decimal_mark){%- endmacro %}
