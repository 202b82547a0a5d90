{%- set entities = canonical_entities().keys() -%}
with fates as (
    {% for entity in entities %}
    select
        '{{ entity }}' as entity,
        _source as source,
        _entity as block,
        _fate,
        count(*) as count_rows
    from ({{ row_fates(entity) }}) as {{ entity }}_rows
    group by _source, _entity, _fate
    {{ 'union all' if not loop.last }}
    {% endfor %}
),

staged as (
    {% for entity in entities %}
    select
        '{{ entity }}' as entity,
        source,
        entity as block,
        count(*) as rows_out
    from {{ ref('stg_' ~ entity) }}
    group by source, entity
    {{ 'union all' if not loop.last }}
    {% endfor %}
),

by_fate as (
    select
        entity,
        source,
        block,
        sum(count_rows) as rows_raw,
        coalesce(sum(count_rows) filter (where _fate = 'excluded'), 0) as rows_excluded,
        coalesce(sum(count_rows) filter (where _fate = 'unknown_at'), 0) as rows_unknown_at,
        coalesce(sum(count_rows) filter (where _fate = 'after_as_of'), 0) as rows_after_as_of,
        coalesce(sum(count_rows) filter (where _fate in ('superseded', 'deleted', 'out')), 0) as rows_after_cut,
        coalesce(sum(count_rows) filter (where _fate = 'superseded'), 0) as rows_superseded,
        coalesce(sum(count_rows) filter (where _fate = 'deleted'), 0) as rows_deleted
    from fates
    group by entity, source, block
),

conservation as (
    select
        entity,
        source,
        block,
        cast(by_fate.rows_raw as bigint) as rows_raw,
        cast(by_fate.rows_excluded as bigint) as rows_excluded,
        cast(by_fate.rows_unknown_at as bigint) as rows_unknown_at,
        cast(by_fate.rows_after_as_of as bigint) as rows_after_as_of,
        cast(by_fate.rows_after_cut as bigint) as rows_after_cut,
        cast(by_fate.rows_superseded as bigint) as rows_superseded,
        cast(by_fate.rows_deleted as bigint) as rows_deleted,
        coalesce(staged.rows_out, 0) as rows_out
    from by_fate
    full join staged using (entity, source, block)
)

select * from conservation
