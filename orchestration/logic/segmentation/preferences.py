"""Features of what a customer buys: categories, brands, strength of preference. Grain: as-of day, customer with lines
in the window.

Amounts of the lines of counted orders. A share is of what has a category (a brand) and a positive sum. Preference
strength is 1 - H / ln K, with H the entropy of the customer's category shares and K the categories that anybody bought
in the window: 1 buys one category only, 0 buys all alike (features.py leaves it out below two orders). Each term is
rounded before the sum, so that the order of rows cannot show.
"""

import duckdb

LISTED_CATEGORIES = 10


def make_preferences(
    con: duckdb.DuckDBPyConnection, brands: bool = True, categories: bool = True, ranked: bool = True
) -> None:
    """The temporary table `strata_preferences` for all days of `strata_grid`; without brands or categories that are
    not wanted, and unless `ranked` without which category comes first. The days on which something was bought are the same for
    any grid, so they are added up once until `drop_temporary`, and until then the same must be wanted."""
    for column, wanted in (("category", categories), ("brand", brands)):
        lines = _LINE_DAYS.format(column=column) + ("" if wanted else " limit 0")
        con.execute(f"create temp table if not exists strata_{column}_days as {lines}")
        con.execute(f"create or replace temp table strata_{column}_shares as {_SHARES.format(column=column)}")
    preferences = _PREFERENCES.format(ranks=_RANKS if ranked else _NO_RANKS)
    con.execute(f"create or replace temp table strata_preferences as {preferences}")


# What a line does not say itself, the source's own assortment says of the product.
_LINE_DAYS = """
with assortment as (
    select source, product_id, min({column}) as {column} from marts.products group by source, product_id
)
select
    orders.customer_id,
    orders.order_date,
    coalesce(lines.{column}, assortment.{column}) as {column},
    cast(sum(cast(lines.line_amount as decimal(18, 4))) as decimal(18, 4)) as amount
from marts.order_lines as lines
inner join marts.orders as orders on orders.order_key = lines.order_key
left join assortment on assortment.source = lines.source and assortment.product_id = lines.product_id
where
    orders.is_counted and orders.customer_id is not null and coalesce(lines.{column}, assortment.{column}) is not null
group by all
"""

_SHARES = """
with sums as (
    select
        grid.as_of,
        days.customer_id,
        days.{column},
        sum(days.amount) as amount
    from strata_grid as grid
    inner join strata_{column}_days as days on days.order_date >= grid.window_start and days.order_date < grid.seen_before
    group by grid.as_of, days.customer_id, days.{column}
    having sum(days.amount) > 0
)
select
    sums.*,
    cast(amount / sum(amount) over (partition by as_of, customer_id) as decimal(12, 9)) as share
from sums
"""

_RANKS = """list(category order by amount desc, category) as ranked,
        round(first(share order by amount desc, category), 4) as top_category_share,
        list(to_json(category) || ': ' || cast(round(share, 4) as decimal(9, 4)) order by amount desc, category)
            as shares"""
# To order the categories of each customer and day takes most of the time.
_NO_RANKS = """cast(null as varchar[]) as ranked,
        cast(null as decimal(12, 4)) as top_category_share,
        cast(null as varchar[]) as shares"""

_PREFERENCES = f"""
with catalogue as (
    select as_of, count(distinct category) as count_categories from strata_category_shares group by as_of
),
categories as (
    select
        as_of,
        customer_id,
        count(*) as count_categories_window,
        {{ranks}},
        sum(cast(case when share > 0 then -share * ln(share) else 0 end as decimal(18, 9))) as entropy
    from strata_category_shares
    group by as_of, customer_id
),
brands as (
    select
        as_of,
        customer_id,
        first(brand order by amount desc, brand) as top_brand,
        round(first(share order by amount desc, brand), 4) as top_brand_share
    from strata_brand_shares
    group by as_of, customer_id
),
customers as (
    select as_of, customer_id from categories
    union
    select as_of, customer_id from brands
)
select
    customers.as_of,
    customers.customer_id,
    array_to_string(categories.ranked[1:3], ' | ') as top3_categories,
    '{{{{' || array_to_string(categories.shares[1:{LISTED_CATEGORIES}], ', ') || '}}}}' as category_shares,
    categories.count_categories_window,
    categories.ranked[1] as top_category,
    categories.top_category_share,
    case when catalogue.count_categories > 1 then
        greatest(0, least(1, round(1 - cast(categories.entropy as double) / ln(catalogue.count_categories), 4)))
    end as preference_strength,
    brands.top_brand,
    brands.top_brand_share
from customers
left join categories on categories.as_of = customers.as_of and categories.customer_id = customers.customer_id
left join brands on brands.as_of = customers.as_of and brands.customer_id = customers.customer_id
left join catalogue on catalogue.as_of = customers.as_of
"""
