"""Features of what a customer pays for: price level within the category, share of green products. Grain: as-of day,
customer with lines in the window.

Lines of counted orders. The price level of a line is the share of the category's lines in the window that are cheaper,
half of the equally dear ones included (by unit price in base currency); a customer's is the mean over their lines.
"""

import duckdb

from orchestration.logic.segmentation.store import words


def make_prices(con: duckdb.DuckDBPyConnection, eco_tags: list[str], wanted: bool = True) -> None:
    """The temporary table `strata_prices` for all days of `strata_grid`; without rows unless `wanted`."""
    query = _PRICES.format(eco_tags=words(eco_tags))
    con.execute(f"create or replace temp table strata_prices as {query}{'' if wanted else ' limit 0'}")


_PRICES = """
with assortment as (
    select
        source, product_id, min(category) as category,
        bool_or(list_has_any(regexp_split_to_array(lower(tags), '\\s*[;,|、，；]\\s*'), {eco_tags})) as is_eco
    from marts.products
    group by source, product_id
),
bought as (
    select
        orders.customer_id,
        orders.order_date,
        coalesce(lines.category, assortment.category) as category,
        coalesce(assortment.is_eco, false) as is_eco,
        cast(lines.line_amount as decimal(18, 4)) as amount,
        cast(case when lines.unit_price > 0 then lines.unit_price end as decimal(18, 4)) as unit_price
    from marts.order_lines as lines
    inner join marts.orders as orders on orders.order_key = lines.order_key
    left join assortment on assortment.source = lines.source and assortment.product_id = lines.product_id
    where orders.is_counted and orders.customer_id is not null
),
placed as (
    select grid.as_of, bought.*
    from strata_grid as grid
    inner join bought on bought.order_date >= grid.window_start and bought.order_date < grid.as_of
),
prices as (
    select as_of, category, unit_price, count(*) as n
    from placed
    where category is not null and unit_price is not null
    group by as_of, category, unit_price
),
levels as (
    select
        as_of,
        category,
        unit_price,
        cast(
            (2 * sum(n) over (partition by as_of, category order by unit_price) - n)
            / (2 * sum(n) over (partition by as_of, category)) as decimal(12, 9)
        ) as level
    from prices
)
select
    placed.as_of,
    placed.customer_id,
    round(sum(levels.level) / nullif(count(levels.level), 0), 4) as price_percentile,
    round(greatest(coalesce(sum(placed.amount) filter (where placed.is_eco), 0), 0)
        / nullif(greatest(sum(placed.amount), 0), 0), 4) as eco_share
from placed
left join levels
    on levels.as_of = placed.as_of and levels.category = placed.category and levels.unit_price = placed.unit_price
group by placed.as_of, placed.customer_id
"""
