{#- An e-mail address as a key: lower case, trimmed, null unless it looks like x@y.z. -#}
{% macro clean_email(column) -%}
case
    when lower(trim({{ column }})) like '_%@_%._%' and {{ column }} not like '% %' then lower(trim({{ column }}))
end
{%- endmacro %}

{#- ISO 3166-1 code of a country as written: a code as it is, a name by `known_countries` (control.countries), else null. -#}
{% macro country_code(column) -%}
case
    when length({{ column }}) = 2 and upper({{ column }}) between 'AA' and 'ZZ' then upper({{ column }})
    else known_countries.country
end
{%- endmacro %}

{#- A text that names a person, shortened to a hash, where it would otherwise stand in a key that people read. -#}
{% macro short_hash(column) -%}left(md5({{ column }}), 16){%- endmacro %}

{#- An identifier of digits, null where a spreadsheet cut it short (8.61E+12): many numbers share such a text. -#}
{% macro whole_identifier(column) -%}
case when {{ column }} is not null and not {{ is_cut_short(column) }} then {{ column }} end
{%- endmacro %}

{% macro is_cut_short(column) -%}{{ adapter.dispatch('is_cut_short')(column) }}{%- endmacro %}
{% macro duckdb__is_cut_short(column) -%}regexp_matches({{ column }}, '^[0-9][.,][0-9]+[Ee][+][0-9]+$'){%- endmacro %}
{% macro spark__is_cut_short(column) -%}{{ column }} rlike '^[0-9][.,][0-9]+[Ee][+][0-9]+$'{%- endmacro %}

{#- The letters a to z of a text in lower case. -#}
{% macro latin_letters(column) -%}{{ adapter.dispatch('latin_letters')(column) }}{%- endmacro %}
{% macro duckdb__latin_letters(column) -%}regexp_replace(lower({{ column }}), '[^a-z]', '', 'g'){%- endmacro %}
{% macro spark__latin_letters(column) -%}regexp_replace(lower({{ column }}), '[^a-z]', ''){%- endmacro %}

{#- The letters and digits of a text in alphabetical order: the same for wang.wei88 and wei_wang88. -#}
{% macro sorted_signs(column) -%}{{ adapter.dispatch('sorted_signs')(column) }}{%- endmacro %}
{% macro duckdb__sorted_signs(column) -%}
array_to_string(list_sort(string_split(regexp_replace(lower({{ column }}), '[^a-z0-9]', '', 'g'), '')), '')
{%- endmacro %}
{% macro spark__sorted_signs(column) -%}
array_join(array_sort(split(regexp_replace(lower({{ column }}), '[^a-z0-9]', ''), '')), '')
{%- endmacro %}

{#- What a mailbox that begins or ends with a family name says beside it: wei of wang.wei88@… and family name wang. `letters`:
    the latin_letters of the mailbox. -#}
{% macro given_in_mailbox(letters, family) -%}
case
    when length({{ family }}) < 2 or length({{ letters }}) < length({{ family }}) + 2 then null
    when left({{ letters }}, length({{ family }})) = {{ family }} and right({{ letters }}, length({{ family }})) = {{ family }} then null
    when left({{ letters }}, length({{ family }})) = {{ family }} then right({{ letters }}, length({{ letters }}) - length({{ family }}))
    when right({{ letters }}, length({{ family }})) = {{ family }}
        then left({{ letters }}, length({{ letters }}) - length({{ family }}))
end
{%- endmacro %}

{#- Whether two given names in Chinese signs differ in one sign only. Edit distances count bytes, of which a sign has three. -#}
{% macro differ_in_one_sign(one, other) -%}
(
    greatest(length({{ one }}), length({{ other }})) >= 2
    and length(translate({{ one }}, {{ other }}, '')) <= 1
    and length(translate({{ other }}, {{ one }}, '')) <= 1
)
{%- endmacro %}

{#- Letters and digits of a text in lower case, null when there are none: as people type it, less how they space it. -#}
{% macro compact_text(column) -%}{{ adapter.dispatch('compact_text')(column) }}{%- endmacro %}
{% macro duckdb__compact_text(column) -%}
nullif(regexp_replace(lower({{ column }}), '[^\p{L}\p{N}]', '', 'g'), '')
{%- endmacro %}
{% macro spark__compact_text(column) -%}
nullif(regexp_replace(lower({{ column }}), '[^\\p{L}\\p{N}]', ''), '')
{%- endmacro %}
