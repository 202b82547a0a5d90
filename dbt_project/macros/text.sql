{#- An e-mail address as a key: lower case, trimmed, null unless it looks like x@y.z. -#}
{% macro clean_email(column) -%}
case
    when lower(trim({{ column }})) like '_%@_%._%' and {{ column }} not like '% %' then lower(trim({{ column }}))
end
{%- endmacro %}

{#- ISO 3166-1 code of a country as written: a code as it is, a name by `known_countries` (control.countries), else null. -#}
{% macro country_code(column) -%}
case when length({{ column }}) = 2 then upper({{ column }}) else known_countries.country end
{%- endmacro %}

{#- A text that names a person, shortened to a hash, where it would otherwise stand in a key that people read. -#}
{% macro short_hash(column) -%}left(md5({{ column }}), 16){%- endmacro %}
