{#-
    Every raw row of an entity with its `_fate` as of the run, and the settings of its source that the casts need:

    out          the version of its record that counts
    superseded   a later version of the same record is known
    deleted      the record was deleted before the as-of instant, or a later load found it gone from its source
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
            when _tombstone_at >= as_of_at then 'after_as_of'
            when _tombstone_at is not null then 'tombstone'
            {% if canonical['event'] -%}
            when _event_at >= {{ 'as_of' if is_day else 'as_of_at' }} then 'after_as_of'
            {% endif -%}
            when _version_at >= as_of_at then 'after_as_of'
            else 'known'
        end as _cut
    from dated
),

-- A tombstone has the key of its record alone, and ends what was loaded before it.
tombstones as (
    select
        _source,
        _entity,
        _record_key,
        max(_loaded_at) as _gone_by
    from cut
    where _cut = 'tombstone'
    group by _source, _entity, _record_key
),

alive as (
    select
        cut.*,
        coalesce(cut._cut = 'known' and cut._loaded_at < tombstones._gone_by, false) as _is_gone
    from cut
    left join tombstones
        on
            cut._source = tombstones._source
            and cut._entity = tombstones._entity
            and cut._record_key = tombstones._record_key
),

-- Most records have one version: only the others are put in order.
contested as (
    select {{ keys | join(', ') }}
    from alive
    where _cut = 'known' and not _is_gone
    group by {{ keys | join(', ') }}
    having count(*) > 1
),

ranked as (
    select
        alive._file_sha256,
        alive._row_number,
        row_number() over (
            partition by {% for key in keys %}alive.{{ key }}{{ ', ' if not loop.last }}{% endfor %}
            order by alive._version_at desc nulls last, alive._loaded_at desc, alive._record_hash desc, alive._record_key desc
        ) as _rank
    from alive
    inner join contested
        on {% for key in keys %}alive.{{ key }} is not distinct from contested.{{ key }}{{ ' and ' if not loop.last }}{% endfor %}
    where alive._cut = 'known' and not alive._is_gone
)

select
    alive.*,
    case
        when alive._cut = 'tombstone' or alive._is_gone then 'deleted'
        when alive._cut <> 'known' then alive._cut
        when ranked._rank > 1 then 'superseded'
        when alive._deleted_at < alive.as_of_at then 'deleted'
        else 'out'
    end as _fate
from alive
left join ranked on alive._file_sha256 = ranked._file_sha256 and alive._row_number = ranked._row_number
{% endmacro %}
