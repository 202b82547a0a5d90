{#-
    Every raw row of an entity with its `_fate` as of the run, and the settings of its source that the casts need:

    out          the version of its record that counts
    superseded   a later version of the same record is known
    deleted      the record was deleted before the as-of instant
    after_as_of  it happened, or the version was written, at or after the as-of instant
    unknown_at   it was loaded after known_at
    excluded     its block is no longer in sources.yml

    Ties between versions are broken by content, never by the order of rows. Use `latest_versions` to read what came out.
-#}
{% macro row_fates(entity) %}
    {%- set canonical = canonical_entities()[entity] -%}
    {%- set is_day = canonical['event'] in ('spend_date', 'rate_date') -%}
    {%- set named_keys = canonical['key'] | reject('equalto', '_record_key') | reject('equalto', '_source')
        | reject('equalto', '_entity') | list -%}
{%- set keys = [] -%}
    {%- for key in canonical['key'] -%}
        {%- do keys.append('_key_person' if key == 'person_ref' else '_key_' ~ key if key in named_keys else key) -%}
    {%- endfor -%}
with received as (
    select
        raw.*,
        sources.source is not null as is_configured,
        sources.channel as source_channel,
        sources.trust,
        sources.timezone as source_timezone,
        sources.currency as source_currency,
        cast(sources.dates as varchar) as date_format,
        cast(sources.times as varchar) as time_format,
        sources.decimal as decimal_mark,
        sources.person_ref_by,
        run.as_of,
        run.as_of_at,
        run.known_at
    from {{ source('raw', entity) }} as raw
    cross join {{ source('control', 'run') }} as run
    left join {{ source('control', 'sources') }} as sources
        on raw._source = sources.source and raw._entity = sources.entity
),

keyed as (
    select
        received.*
        {%- for key in named_keys %},
        {{ mapped_value('received', key) }} as _key_{{ key }}
        {%- endfor %}
    from received
    {{ join_value_maps('received', named_keys) }}
),

dated as (
    select
        keyed.*,
        {% if 'person_ref' in named_keys -%}
        coalesce({{ person_reference('keyed', 'keyed._key_person_ref') }}, keyed._key_person_ref) as _key_person,
        {% endif -%}
        {{ to_day(canonical['event']) if is_day else to_utc(canonical['event']) if canonical['event'] else 'cast(null as timestamp)' }} as _event_at,
        {{ to_utc(canonical['version']) if canonical['version'] else 'cast(null as timestamp)' }} as _version_at,
        {{ to_utc(canonical['deleted']) if canonical['deleted'] else 'cast(null as timestamp)' }} as _deleted_at
    from keyed
    {% if 'person_ref' in named_keys -%}
    {{ join_phone_references('keyed', 'keyed._key_person_ref') }}
    {% endif -%}
),

cut as (
    select
        dated.*,
        case
            when not is_configured then 'excluded'
            when _loaded_at > known_at then 'unknown_at'
            {% if canonical['event'] -%}
            when _event_at >= {{ 'as_of' if is_day else 'as_of_at' }} then 'after_as_of'
            {% endif -%}
            when _version_at >= as_of_at then 'after_as_of'
            else 'known'
        end as _cut
    from dated
),

-- Most records have one version: only the others are put in order.
contested as (
    select {{ keys | join(', ') }}
    from cut
    where _cut = 'known'
    group by {{ keys | join(', ') }}
    having count(*) > 1
),

ranked as (
    select
        cut._file_sha256,
        cut._row_number,
        row_number() over (
            partition by {% for key in keys %}cut.{{ key }}{{ ', ' if not loop.last }}{% endfor %}
            order by cut._version_at desc nulls last, cut._loaded_at desc, cut._record_hash desc, cut._record_key desc
        ) as _rank
    from cut
    inner join contested
        on {% for key in keys %}cut.{{ key }} is not distinct from contested.{{ key }}{{ ' and ' if not loop.last }}{% endfor %}
    where cut._cut = 'known'
)

select
    cut.*,
    case
        when cut._cut <> 'known' then cut._cut
        when ranked._rank > 1 then 'superseded'
        when cut._deleted_at < cut.as_of_at then 'deleted'
        else 'out'
    end as _fate
from cut
left join ranked on cut._file_sha256 = ranked._file_sha256 and cut._row_number = ranked._row_number
{% endmacro %}
