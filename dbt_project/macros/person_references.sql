{#-
    Whom an event belongs to, in its source's own words, as a key: by `record` (the source's own id) the id itself, by e-mail
    the clean address, by phone the E.164 number, otherwise as written; null when it is none of these. The expression needs the
    join beside it; `relation` has `person_ref_by`.
-#}
{% macro person_reference(relation, person_ref) -%}
case {{ relation }}.person_ref_by
            when 'email' then {{ clean_email(person_ref) }}
            when 'phone' then phone_references.e164
            else {{ person_ref }}
        end
{%- endmacro %}

{% macro join_phone_references(relation, person_ref) -%}
left join (
        select
            phone_numbers.phone,
            phone_numbers.e164
        from {{ source('control', 'phone_numbers') }} as phone_numbers
        inner join {{ source('control', 'identity_settings') }} as identity_settings
            on phone_numbers.country = identity_settings.default_country
    ) as phone_references
        {# a condition on the left side alone would make this a nested loop #}
        on case when {{ relation }}.person_ref_by = 'phone' then {{ person_ref }} end = phone_references.phone
{%- endmacro %}

{#- An order's key. A reference that is a person's address or number stands in it as a hash: keys are published. -#}
{% macro order_key() -%}
source || '/' || order_id || '/' || case
            when person_ref is null then ''
            when person_ref_by = 'record' then person_ref
            else {{ short_hash('coalesce(person_ref_value, person_ref)') }}
        end
{%- endmacro %}
