{#- Amounts in the base currency: lines with four digits, orders and all else with two, halves away from zero, rounded once.
   The product of amount and rate needs more digits than either, and arithmetic of so many digits is slow: most amounts are in
   the base currency and need none. -#}
{% macro line_money(amount, rate='1') -%}{{ rounded_money(amount, rate, 4) }}{%- endmacro %}
{% macro money(amount, rate='1') -%}{{ rounded_money(amount, rate, 2) }}{%- endmacro %}
{% macro rounded_money(amount, rate, digits) -%}
cast(
    case
        when {{ rate }} = 1 then round(cast({{ amount }} as decimal(18, 4)), {{ digits }})
        else round(cast({{ amount }} as decimal(38, 4)) * {{ rate }}, {{ digits }})
    end as decimal(18, {{ digits }})
)
{%- endmacro %}
