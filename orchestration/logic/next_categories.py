"""next_categories: which categories a buyer's next order may hold, by what followed such an order so far.

First-order transitions: of the order days that held a category and were followed by another one, the share whose next order
day held this or that category, smoothed towards how often it is bought at all. A basket of several categories is their mean.
Both this and "what is bought most" foretell the last days, held out; what did better is published, and both hit rates with it.
"""

from datetime import date, timedelta

import duckdb

from orchestration.logic.churn.consent import refused
from orchestration.logic.segmentation.store import literal, replace_day
from orchestration.settings.criteria.next_categories import NextCategories
from orchestration.settings.insights import InsightSettings

TRANSITIONS, POPULAR = "transitions", "popular"
_TEMPORARY = ("baskets", "chances_tested", "chances")


def next_categories(con: duckdb.DuckDBPyConnection, as_of: date, settings: InsightSettings) -> int:
    """Writes insights.next_categories of `as_of`. Grain: customer_id, rank; of buyers whose last order lies in the history and
    who did not refuse to be profiled. Returns the rows."""
    chosen = settings.criteria.next_categories
    cut = as_of - timedelta(days=chosen.test_days)
    con.execute(
        "create or replace temp table strata_baskets as "
        + _BASKETS.format(
            first=literal(cut - timedelta(days=chosen.history_days)),
            day=literal(as_of),
            refused=refused(as_of, settings.churn.life.profiling_purpose),
        )
    )
    _make_chances(con, "chances_tested", cut, chosen)
    _make_chances(con, "chances", as_of, chosen)
    query = _NEXT.format(
        cut=literal(cut), first=literal(as_of - timedelta(days=chosen.history_days)), least=chosen.minimum_tested
    )
    rows = replace_day(con, "next_categories", as_of, query, settings.criteria_version)
    for name in _TEMPORARY:
        con.execute(f"drop table temp.strata_{name}")
    return rows


def _make_chances(con: duckdb.DuckDBPyConnection, name: str, before: date, chosen: NextCategories) -> None:
    """The temporary table: basket, method, category, place, probability, popularity, and the reason after, followed, seen."""
    con.execute(
        f"create or replace temp table strata_{name} as "
        + _CHANCES.format(
            first=literal(before - timedelta(days=chosen.history_days)),
            before=literal(before),
            smoothing=chosen.smoothing,
            support=chosen.minimum_support,
            most=chosen.per_customer,
            candidates=chosen.candidates,
        )
    )


# One row an order day of a customer: its categories in order. What a line does not say itself, the assortment does.
_BASKETS = """
with assortment as (
    select source, product_id, min(category) as category from marts.products group by source, product_id
)
select
    orders.customer_id, orders.order_date,
    list_sort(list(distinct coalesce(lines.category, assortment.category))) as basket
from marts.order_lines as lines
inner join marts.orders as orders on orders.order_key = lines.order_key
left join assortment on assortment.source = lines.source and assortment.product_id = lines.product_id
where
    orders.is_counted and orders.customer_id is not null and coalesce(lines.category, assortment.category) is not null
    and orders.order_date >= {first} and orders.order_date < {day} and orders.customer_id not in ({refused})
group by orders.customer_id, orders.order_date
"""

_CHANCES = f"""
with known as (select * from strata_baskets where order_date >= {{first}} and order_date < {{before}}),
followed as (
    select
        customer_id, order_date, basket, count(*) as n,
        lead(basket) over (partition by customer_id order by order_date) as next_basket
    from known group by customer_id, order_date, basket
),
sold as (
    select category, count(*) as n, cast(count(*) / (select count(*) from known) as decimal(18, 9)) as popularity
    from (select unnest(basket) as category from known) group by category
),
popular as (select * from sold order by n desc, category limit {{candidates}}),
-- Equal pairs of baskets are counted once for all.
pairs as (
    select basket, next_basket, count(*) as n from followed where next_basket is not null group by basket, next_basket
),
froms as (select "after", sum(n) as seen from (select unnest(basket) as "after", n from pairs) group by "after"),
moves as (
    select "after", category, sum(n) as followed
    from (select "after", unnest(next_basket) as category, n from (select unnest(basket) as "after", next_basket, n from pairs))
    group by "after", category
),
rates as (
    select
        origin.category as "after", popular.category, popular.popularity, coalesce(followed, 0) as followed,
        coalesce(seen, 0) as seen,
        case
            when coalesce(seen, 0) < {{support}} then popular.popularity
            else cast((coalesce(followed, 0) + {{smoothing}} * popular.popularity) / (seen + {{smoothing}}) as decimal(18, 9))
        end as probability
    from sold as origin cross join popular
    left join froms on froms."after" = origin.category
    left join moves on moves."after" = origin.category and moves.category = popular.category
),
-- What the next order may hold is asked of the last one alone: of a supermarket there are as many baskets as orders.
kinds as (select distinct basket from (select max_by(basket, order_date) as basket from known group by customer_id)),
told as (
    select
        kinds.basket, '{TRANSITIONS}' as method, rates.category, any_value(popularity) as popularity,
        cast(sum(probability) / count(*) as decimal(18, 9)) as probability,
        first({{{{'after': rates."after", 'followed': followed, 'seen': seen}}}} order by probability desc, rates."after") as why
    from (select basket, unnest(basket) as held from kinds) as kinds inner join rates on rates."after" = kinds.held
    group by kinds.basket, rates.category
    union all
    select basket, '{POPULAR}', category, popularity, popularity, null from kinds cross join popular
)
select
    basket, method, category, popularity, probability,
    if(why.seen >= {{support}} and why.followed > 0, why, null) as why,
    row_number() over (partition by basket, method order by probability desc, category) as place
from told qualify place <= {{most}}
"""

_NEXT = f"""
with tested as (
    select
        was.customer_id, c.method, bool_or(list_contains(came.basket, c.category)) as is_hit
    from (
        select customer_id, max_by(basket, order_date) as basket from strata_baskets where order_date < {{cut}}
        group by customer_id
    ) as was
    inner join (
        select customer_id, min_by(basket, order_date) as basket from strata_baskets where order_date >= {{cut}}
        group by customer_id
    ) as came on came.customer_id = was.customer_id
    inner join strata_chances_tested as c on c.basket = was.basket
    group by was.customer_id, c.method
),
rates as (
    select
        count(*) filter (where method = '{POPULAR}') as count_tested,
        round(avg(cast(is_hit as integer)) filter (where method = '{TRANSITIONS}'), 4) as of_transitions,
        round(avg(cast(is_hit as integer)) filter (where method = '{POPULAR}'), 4) as of_popular
    from tested
),
chosen as (
    select
        *, case when count_tested >= {{least}} and of_transitions > of_popular then '{TRANSITIONS}' else '{POPULAR}' end
            as method
    from rates
),
lasts as (
    select customer_id, max(order_date) as last_order_date, max_by(basket, order_date) as basket
    from strata_baskets where order_date >= {{first}} group by customer_id
)
select
    lasts.customer_id, cast(c.place as integer) as "rank", c.category,
    cast(round(c.probability, 4) as decimal(9, 4)) as probability,
    cast(round(c.probability / c.popularity, 4) as decimal(18, 4)) as lift,
    array_to_string(lasts.basket, ' | ') as last_categories, last_order_date, chosen.method,
    coalesce('上次购买' || why."after" || '者,' || why.seen || ' 次中有 ' || why.followed || ' 次接着购买' || c.category,
        '购买最多的品类') as reason_zh,
    coalesce('after ' || why."after" || ', ' || why.followed || ' of ' || why.seen || ' next orders held ' || c.category,
        'among what is bought most') as reason_en,
    cast(of_transitions as decimal(9, 4)) as hit_rate_transitions, cast(of_popular as decimal(9, 4)) as hit_rate_popular,
    count_tested
from lasts cross join chosen
inner join strata_chances as c on c.basket = lasts.basket and c.method = chosen.method
"""
