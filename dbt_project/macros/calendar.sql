{#- The day of an instant (naive UTC) in a time zone. -#}
{% macro day_in_zone(instant, timezone) -%}{{ adapter.dispatch('day_in_zone')(instant, timezone) }}{%- endmacro %}
{% macro duckdb__day_in_zone(instant, timezone) -%}
cast(timezone({{ timezone }}, timezone('UTC', {{ instant }})) as date)
{%- endmacro %}
{% macro spark__day_in_zone(instant, timezone) -%}
to_date(from_utc_timestamp({{ instant }}, {{ timezone }}))
{%- endmacro %}
