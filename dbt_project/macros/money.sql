{#- Amounts in the base currency: lines with four digits, orders and all else with two, halves away from zero, rounded once.
   The product of amount and rate needs more digits than either. -#}
{% macro line_money(amount, rate='1') -%}
cast(round(cast({{ amount }} as decimal(38, 4)) * {{ rate }}, 4) as decimal(18, 4))
{%- endmacro %}
{% macro money(amount, rate='1') -%}
cast(round(cast({{ amount }} as decimal(38, 4)) * {{ rate }}, 2) as decimal(18, 2))
{%- endmacro %}
