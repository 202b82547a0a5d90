"""Sums by level of place, country → region → city → district, that add up.

Who has no value is in the child 'unknown'. Places with fewer customers than minimum_cell are together in the child
'other', with as many of the next smallest as it takes: no row, and no difference of rows, tells of single persons. What
a place is called is decided in marts.customers.
"""

from datetime import date
from itertools import pairwise

import duckdb

from orchestration.logic.segmentation.store import case_by, literal, replace_day
from orchestration.settings.insights import InsightSettings

# Level → column of marts.customers, from the whole down.
LEVELS = {"country": "country", "region": "place_region", "city": "place_city", "district": "district"}
WHOLE, UNKNOWN, OTHER = "all", "unknown", "other"
BETWEEN = " / "


def place_sums(con: duckdb.DuckDBPyConnection, as_of: date, settings: InsightSettings) -> int:
    """Writes insights.place_sums of `as_of` from insights.customer_features and marts.customers. Grain: level, place (its
    path from the country down); each level adds up to the row of the whole. Orders and money are those of the window.
    Returns the rows."""
    steps = [WHOLE, *LEVELS]
    query = _SUMS.format(
        day=literal(as_of),
        columns=", ".join(f"{_cleaned(column)} as {level}" for level, column in LEVELS.items()),
        steps="".join(_step(above, level, settings.criteria.tags.minimum_cell) for above, level in pairwise(steps)),
        last=steps[-1],
        rows=" union all ".join(_rows(above, level) for above, level in pairwise(steps)),
        name_zh=case_by("name", {WHOLE: "全部", UNKNOWN: "不详", OTHER: "其他"}),
    )
    return replace_day(con, "place_sums", as_of, query, settings.criteria_version)


def _cleaned(column: str) -> str:
    """SQL: the name of a place without what stands between the parts of a path."""
    return f"coalesce(nullif(replace(trim(c.{column}), '{BETWEEN}', '/'), ''), '{UNKNOWN}')"


def _step(above: str, level: str, least: int) -> str:
    """SQL of the relations counted_<level> and by_<level>: the customers with the path of this level beside those above.

    Of the children of one place, from the small ones on, those are 'other' that are too small, and while these together
    are too small, the next. All that is within 'other' is 'other'.
    """
    name = f"case when {above}_told = '{OTHER}' then '{OTHER}' else {level} end"
    path = "" if above == WHOLE else f"by_{above}.{above}_path || '{BETWEEN}' || "
    return f"""
, counted_{level} as (
    select
        {above}_path as parent, {name} as name, count(*) as n,
        sum(count(*)) over (partition by {above}_path order by count(*), {name} rows unbounded preceding) - count(*)
            as before
    from by_{above}
    group by {above}_path, {name}
)
, told_{level} as (
    select
        parent, name,
        case
            when n < {least} or (before < {least} and min(n) over (partition by parent) < {least}) then '{OTHER}'
            else name
        end as told
    from counted_{level}
)
, by_{level} as (
    select by_{above}.*, t.told as {level}_told, {path}t.told as {level}_path
    from by_{above}
    inner join told_{level} as t
        on t.parent = by_{above}.{above}_path
        and t.name = case when by_{above}.{above}_told = '{OTHER}' then '{OTHER}' else by_{above}.{level} end
)"""


def _rows(above: str, level: str) -> str:
    return f"""
        select '{level}' as level, {level}_path as place, {above}_path as parent, {level}_told as name, located.*
        from located
    """


_SUMS = """
with by_all as (
    select
        f.customer_id, f.count_orders_window, f.net_amount_window, 'all' as all_path, 'all' as all_told, {columns}
    from insights.customer_features as f
    inner join marts.customers as c on c.customer_id = f.customer_id
    where f.as_of = {day}
){steps},
located as (select * from by_{last}),
placed as (
    select 'all' as level, 'all' as place, cast(null as varchar) as parent, 'all' as name, located.* from located
    union all {rows}
)
select
    level, place, parent, name,
    coalesce({name_zh}, name) as name_zh,
    count(*) as count_customers,
    count(*) filter (where count_orders_window > 0) as count_buyers,
    cast(sum(count_orders_window) as bigint) as count_orders,
    cast(sum(net_amount_window) as decimal(28, 4)) as net_amount
from placed
group by level, place, parent, name
"""
