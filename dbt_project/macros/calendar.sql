{#- The day of an instant (naive UTC) in a time zone. -#}
{% macro day_in_zone(instant, timezone) -%}{{ adapter.dispatch('day_in_zone')(instant, timezone) }}{%- endmacro %}
{% macro duckdb__day_in_zone(instant, timezone) -%}
cast(local_of_utc({{ instant }}, {{ timezone }}) as date)
{%- endmacro %}
{% macro spark__day_in_zone(instant, timezone) -%}
to_date(from_utc_timestamp({{ instant }}, {{ timezone }}))
{%- endmacro %}

{#- The number of an instant's hour, counted from 1970 on. -#}
{% macro hour_number(instant) -%}cast(floor({{ microseconds(instant) }} / 3600000000) as bigint){%- endmacro %}

{#- An instant as a whole number that grows with time. -#}
{% macro microseconds(instant) -%}{{ adapter.dispatch('microseconds')(instant) }}{%- endmacro %}
{% macro duckdb__microseconds(instant) -%}epoch_us({{ instant }}){%- endmacro %}
{% macro spark__microseconds(instant) -%}unix_micros({{ instant }}){%- endmacro %}
