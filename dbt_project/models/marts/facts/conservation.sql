{%- set one_to_one = [
    'interactions', 'feedback', 'opportunities', 'consents', 'traits', 'outcomes', 'products', 'stores', 'spend'
] -%}
{%- set chosen = {'exchange_rates': ['rate_date', 'currency'], 'holidays': ['holiday_date', 'country']} -%}
with lines as (
    select * from {{ ref('int_facts__lines') }}
),

staged_lines as (
    select * from {{ ref('stg_order_lines') }}
),

-- Each select counts the rows that came in, those for which another was taken, and those left out for a stated reason.
incoming as (
    {% for entity in ['persons', 'companies'] %}
    select
        '{{ entity }}' as entity,
        source,
        entity as block,
        count(*) as rows_in,
        0 as rows_superseded,
        0 as rows_excluded
    from {{ ref('stg_' ~ entity) }}
    group by source, entity
    union all
    {% endfor %}
    {% for entity in one_to_one + ['orders'] %}
    select
        '{{ entity }}' as entity,
        source,
        entity as block,
        count(*) as rows_in,
        0 as rows_superseded,
        0 as rows_excluded
    from {{ ref('stg_' ~ entity) }}
    group by source, entity
    union all
    {% endfor %}
    {% for entity, keys in chosen.items() %}
    select
        '{{ entity }}' as entity,
        staged.source,
        staged.entity as block,
        count(*) as rows_in,
        count(*) filter (where taken.source <> staged.source or taken.block <> staged.entity) as rows_superseded,
        count(*) filter (where taken.source is null) as rows_excluded
    from {{ ref('stg_' ~ entity) }} as staged
    left join {{ ref(entity) }} as taken
        on
            staged.{{ keys[0] }} is not distinct from taken.{{ keys[0] }}
            and staged.{{ keys[1] }} is not distinct from taken.{{ keys[1] }}
    group by staged.source, staged.entity
    union all
    {% endfor %}
    -- Orders that lines alone make count as rows of the lines' block (the first by name, as in the orders).
    select
        'orders' as entity,
        made.source,
        made.block,
        count(*) as rows_in,
        0 as rows_superseded,
        0 as rows_excluded
    from (
        select
            staged_lines.source,
            min(staged_lines.entity) as block
        from lines
        inner join staged_lines on lines.line_key = staged_lines.line_key
        where not lines.has_header and lines.order_key is not null
        group by staged_lines.source, lines.order_key
    ) as made
    group by made.source, made.block
    union all
    -- Excluded: lines that nothing places in time.
    select
        'order_lines' as entity,
        staged_lines.source,
        staged_lines.entity as block,
        count(*) as rows_in,
        0 as rows_superseded,
        count(*) filter (where staged_lines.ordered_at is null and lines.line_key is null) as rows_excluded
    from staged_lines
    left join lines on staged_lines.line_key = lines.line_key
    group by staged_lines.source, staged_lines.entity
    union all
    -- Excluded: refunds of orders that nobody has heard of.
    select
        'refunds' as entity,
        staged.source,
        staged.entity as block,
        count(*) as rows_in,
        0 as rows_superseded,
        count(*) filter (where found.order_key is null) as rows_excluded
    from {{ ref('stg_refunds') }} as staged
    left join {{ ref('int_facts__refunds') }} as found on staged.refund_key = found.refund_key
    group by staged.source, staged.entity
),

-- Every person and company that was staged is a record of some customer.
records as (
    {% for entity in ['persons', 'companies'] %}
    select
        '{{ entity }}' as entity,
        staged.source,
        staged.entity as block,
        staged.record_id,
        linked.record_id as linked_record_id
    from {{ ref('stg_' ~ entity) }} as staged
    left join {{ ref('customer_source_ids') }} as linked on staged.record_id = linked.record_id
    {{ 'union all' if not loop.last }}
    {% endfor %}
),

outgoing as (
    select
        entity,
        source,
        block,
        count(linked_record_id) as rows_out
    from records
    group by entity, source, block
    union all
    {% for entity in one_to_one + ['exchange_rates', 'holidays', 'orders', 'order_lines'] %}
    select
        '{{ entity }}' as entity,
        source,
        block,
        count(*) as rows_out
    from {{ ref(entity) }}
    group by source, block
    union all
    {% endfor %}
    select
        'refunds' as entity,
        source,
        block,
        count(*) as rows_out
    from {{ ref('int_facts__refunds') }}
    where order_key is not null
    group by source, block
),

marts as (
    select
        entity,
        source,
        block,
        sum(rows_in) as rows_in,
        sum(rows_superseded) as rows_superseded,
        sum(rows_excluded) as rows_excluded
    from incoming
    group by entity, source, block
),

landed as (
    select
        canonical as entity,
        source,
        entity as block,
        sum(rows_read) as rows_in,
        sum(rows_quarantined) as rows_quarantined,
        sum(rows_duplicate) as rows_duplicate,
        sum(rows_erased) as rows_erased
    from {{ source('control', 'ingest_ledger') }}
    group by canonical, source, entity
),

linked_records as (
    select count(*) as rows_in from {{ ref('customer_source_ids') }}
),

customers as (
    select
        count(*) as rows_out,
        sum(count_records - 1) as rows_merged
    from {{ ref('customers') }}
),

balanced as (
    select
        'landing' as layer,
        entity,
        source,
        block,
        landed.rows_in,
        staged.rows_raw as rows_out,
        landed.rows_quarantined,
        landed.rows_duplicate,
        landed.rows_erased,
        0 as rows_superseded,
        0 as rows_deleted,
        0 as rows_after_as_of,
        0 as rows_unknown_at,
        0 as rows_excluded,
        0 as rows_merged
    from landed
    full join {{ ref('stg_conservation') }} as staged using (entity, source, block)
    union all
    select
        'staging' as layer,
        entity,
        source,
        block,
        rows_raw as rows_in,
        rows_out,
        0 as rows_quarantined,
        0 as rows_duplicate,
        0 as rows_erased,
        rows_superseded,
        rows_deleted,
        rows_after_as_of,
        rows_unknown_at,
        rows_excluded,
        0 as rows_merged
    from {{ ref('stg_conservation') }}
    union all
    select
        'marts' as layer,
        entity,
        source,
        block,
        marts.rows_in,
        outgoing.rows_out,
        0 as rows_quarantined,
        0 as rows_duplicate,
        0 as rows_erased,
        marts.rows_superseded,
        0 as rows_deleted,
        0 as rows_after_as_of,
        0 as rows_unknown_at,
        marts.rows_excluded,
        0 as rows_merged
    from marts
    full join outgoing using (entity, source, block)
    union all
    select
        'customers' as layer,
        'customers' as entity,
        'all' as source,
        'all' as block,
        linked_records.rows_in,
        customers.rows_out,
        0 as rows_quarantined,
        0 as rows_duplicate,
        0 as rows_erased,
        0 as rows_superseded,
        0 as rows_deleted,
        0 as rows_after_as_of,
        0 as rows_unknown_at,
        0 as rows_excluded,
        customers.rows_merged
    from customers
    cross join linked_records
),

conservation as (
    select
        layer,
        entity,
        source,
        block,
        cast(coalesce(rows_in, 0) as bigint) as rows_in,
        cast(coalesce(rows_out, 0) as bigint) as rows_out,
        cast(coalesce(rows_quarantined, 0) as bigint) as rows_quarantined,
        cast(coalesce(rows_duplicate, 0) as bigint) as rows_duplicate,
        cast(coalesce(rows_erased, 0) as bigint) as rows_erased,
        cast(coalesce(rows_superseded, 0) as bigint) as rows_superseded,
        cast(coalesce(rows_deleted, 0) as bigint) as rows_deleted,
        cast(coalesce(rows_after_as_of, 0) as bigint) as rows_after_as_of,
        cast(coalesce(rows_unknown_at, 0) as bigint) as rows_unknown_at,
        cast(coalesce(rows_excluded, 0) as bigint) as rows_excluded,
        cast(coalesce(rows_merged, 0) as bigint) as rows_merged
    from balanced
)

select
    conservation.*,
    rows_in - rows_out - rows_quarantined - rows_duplicate - rows_erased - rows_superseded - rows_deleted
    - rows_after_as_of - rows_unknown_at - rows_excluded - rows_merged as difference
from conservation
