"""How much a customer seeks contact, and what the pages seen tell: the one home of both formulas, for leads and buyers.

Engagement is the sum of points of the interactions, each halved every half-life; the intent follows the kinds of pages.
Every number is in lead_score of criteria.yml. What a lead earns for either is decided in leads/scores.py.
"""

import duckdb

from orchestration.logic.segmentation.grid import business_day
from orchestration.logic.segmentation.store import case_by, literal
from orchestration.settings.criteria import LeadScore

INTENTS = ("high", "some", "unclear", "none")


def make_engagement(con: duckdb.DuckDBPyConnection, timezone: str, rules: LeadScore, wanted: bool = True) -> None:
    """The temporary table `strata_engagement` for all days of `strata_grid`: see `engagement`. Not wanted: no rows."""
    rows = engagement(rules, timezone) + ("" if wanted else " limit 0")
    con.execute(f"create or replace temp table strata_engagement as {rows}")


def engagement(rules: LeadScore, timezone: str, grid: str = "strata_grid") -> str:
    """SQL: as_of, customer_id, interactions, last_day, engagement_score, product_views, about_views, page_views, intent.

    Grain: day of `grid` (as_of, seen_before), customer with an interaction in the window_days before as_of. A customer
    without a row has no points and the intent 'none'.
    """
    return _ENGAGEMENT.format(
        grid=grid,
        day=business_day("occurred_at", timezone),
        window=rules.window_days,
        points=case_by("kind", dict(rules.engagement.kinds), 0),
        half_life=rules.engagement.half_life_days,
        product=_listed(rules.pages.product),
        about=_listed(rules.pages.about),
        enough=rules.pages.product_views_at_least,
    )


def intent_label(rules: LeadScore, language: str, column: str = "intent") -> str:
    """SQL: the name of an intent in a language, zh or en."""
    labels = {name: getattr(rules.pages.intents, name).label for name in INTENTS}
    return case_by(column, {name: getattr(label, language) for name, label in labels.items()})


def _listed(names: tuple[str, ...]) -> str:
    return ", ".join(literal(name.strip().lower()) for name in names)


# Counts by day first, then one decimal each: the order of the rows cannot show.
_ENGAGEMENT = """
with days as (
    select customer_id, kind, lower(trim(page_type)) as page_type, {day} as day, count(*) as n
    from marts.interactions
    where customer_id is not null and occurred_at is not null
    group by all
),
acts as (
    select
        grid.as_of,
        days.customer_id,
        cast(sum(n) as bigint) as interactions,
        max(day) as last_day,
        cast(sum(cast(n * {points} * pow(0.5, (grid.as_of - day) / {half_life}) as decimal(18, 6))) as decimal(18, 4))
            as engagement_score,
        coalesce(sum(n) filter (where kind = 'view' and page_type in ({product})), 0) as product_views,
        coalesce(sum(n) filter (where page_type in ({about})), 0) as about_views,
        coalesce(sum(n) filter (where page_type is not null and page_type <> ''), 0) as page_views
    from {grid} as grid
    inner join days on days.day < grid.seen_before and days.day >= grid.as_of - {window}
    group by grid.as_of, days.customer_id
)
select
    acts.*,
    case
        when product_views >= {enough} then 'high'
        when page_views = 0 then 'none'
        when page_views = about_views then 'unclear'
        else 'some'
    end as intent
from acts
"""
