{#- Amounts in the base currency: lines with four digits, orders and all else with two, halves away from zero, rounded once. -#}
{% macro line_money(amount, rate='1') -%}
cast(round({{ amount }} * {{ rate }}, 4) as decimal(18, 4))
{%- endmacro %}
{% macro money(amount, rate='1') -%}
cast(round({{ amount }} * {{ rate }}, 2) as decimal(18, 2))
{%- endmacro %}
