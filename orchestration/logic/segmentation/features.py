"""Point-in-time features: one row for each customer and day, never-buyers included, from facts before that day only.

Add a feature in the module of its family (purchases, habits, preferences, prices, visits, contacts, engagement), here in
`_FEATURES`, and in column_lists. Scores, classes and thresholds do not belong here.
"""

from datetime import date

import duckdb

from orchestration.logic.segmentation.contacts import make_contacts
from orchestration.logic.segmentation.engagement import intent_label, make_engagement
from orchestration.logic.segmentation.grid import business_day, business_timezone, make_grid
from orchestration.logic.segmentation.habits import make_habits
from orchestration.logic.segmentation.preferences import make_preferences
from orchestration.logic.segmentation.prices import make_prices
from orchestration.logic.segmentation.purchases import make_purchases
from orchestration.logic.segmentation.store import literal, replace_day
from orchestration.logic.segmentation.visits import make_visits
from orchestration.settings.insights import InsightSettings

TEMPORARY = (
    "grid", "order_days", "purchases", "habits", "category_days", "brand_days", "category_shares", "brand_shares",
    "preferences",
    "prices", "visits", "interactions", "kinds", "feedback", "consents", "engagement",
)  # fmt: skip

_OF_CATEGORIES = ("count_categories_window", "preference_strength")
_OF_RANKS = ("top3_categories", "category_shares", "top_category", "top_category_share")

DAYS_AT_ONCE = 4


def customer_features(con: duckdb.DuckDBPyConnection, as_of: date, settings: InsightSettings) -> int:
    """Writes insights.customer_features of `as_of`: one row for each row of marts.customers. Returns the rows."""
    query = build_features(con, [as_of], as_of, settings)
    rows = replace_day(
        con, "customer_features", as_of, f"select * exclude (as_of) from ({query})", settings.criteria_version
    )
    drop_temporary(con)
    return rows


def build_features(
    con: duckdb.DuckDBPyConnection,
    days: list[date],
    as_of: date,
    settings: InsightSettings,
    used: set[str] | None = None,
    seen_before: date | None = None,
) -> str:
    """Computes the families of features for all `days` into temporary tables and returns the query that joins them.

    Grain of the query: as_of, customer_id. On `as_of` itself every customer has a row; on an earlier day those who
    were seen, had ordered or had been in contact before it. `used` (default: all): the features that are wanted; costly
    ones outside it may be null. `seen_before`: facts from that day on do not count (see grid.py). Call `drop_temporary`
    when done.
    """
    timezone, criteria = business_timezone(con), settings.criteria
    make_grid(con, days, criteria.window_days, seen_before)
    make_purchases(con)
    # Habits, prices and visits are texts and shares that no criterion may use.
    make_habits(con, timezone, criteria.holiday_country, criteria.vocabulary, wanted=used is None)
    make_prices(con, criteria.vocabulary.eco_tags, wanted=used is None)
    make_visits(con, timezone, wanted=used is None)
    make_preferences(
        con,
        brands=used is None or "top_brand_share" in used,
        categories=used is None or not used.isdisjoint((*_OF_CATEGORIES, *_OF_RANKS)),
        ranked=used is None or not used.isdisjoint(_OF_RANKS),
    )
    make_contacts(con, timezone, list(settings.people.strategies.contact_kinds), by_kind=used is None)
    make_engagement(con, timezone, criteria.lead_score, wanted=used is None or "engagement_score" in used)
    return _FEATURES.format(
        as_of=literal(as_of),
        seen_day=business_day("first_seen_at", timezone),
        intent_zh=intent_label(criteria.lead_score, "zh", _INTENT),
        intent_en=intent_label(criteria.lead_score, "en", _INTENT),
    )


def make_history(
    con: duckdb.DuckDBPyConnection,
    table: str,
    days: list[date],
    as_of: date,
    settings: InsightSettings,
    used: set[str],
    seen_before: date | None = None,
) -> None:
    """The temporary table `table`: as_of, customer_id and the `used` features of each of `days`, as `build_features` gives
    them. A few days at a time, so that memory does not grow with the length of the history."""
    columns = ", ".join(["as_of", "customer_id", *sorted(used)])
    con.execute(f"drop table if exists temp.{table}")
    for start in range(0, len(days), DAYS_AT_ONCE):
        query = build_features(con, days[start : start + DAYS_AT_ONCE], as_of, settings, used, seen_before)
        verb = f"insert into {table}" if start else f"create temp table {table} as"
        con.execute(f"{verb} select {columns} from ({query})")
    drop_temporary(con)


def drop_temporary(con: duckdb.DuckDBPyConnection) -> None:
    """Removes the temporary tables of `build_features`."""
    for name in TEMPORARY:
        con.execute(f"drop table if exists temp.strata_{name}")


def _zeros(alias: str, *names: str) -> str:
    return ",\n    ".join(f"coalesce({alias}.{name}, 0) as {name}" for name in names)


_INTENT = "coalesce(e.intent, 'none')"

# An older one is a wrong birth date.
OLDEST_AGE = 120

# Requests for service (pre-sale questions and after-sale) against those for products (enquiries and orders).
_SERVICE_NEED = """
    case when coalesce(i.presale_window + i.aftersale_window, 0) + coalesce(p.count_orders_window, 0) > 0 then
        round((coalesce(i.presale_window - i.enquiries_window + i.aftersale_window, 0))
            / (coalesce(i.presale_window + i.aftersale_window, 0) + coalesce(p.count_orders_window, 0)), 4)
    end"""

_FEATURES = f"""
with present as (
    select
        grid.as_of, customers.customer_id, customers.loyalty_id is not null as loyalty_member,
        date_sub('year', customers.birth_date, grid.as_of) as age
    from strata_grid as grid
    cross join (select *, {{seen_day}} as seen_day from marts.customers) as customers
    left join strata_purchases as p on p.as_of = grid.as_of and p.customer_id = customers.customer_id
    left join strata_interactions as i on i.as_of = grid.as_of and i.customer_id = customers.customer_id
    where grid.seen_before = {{as_of}} or customers.seen_day < grid.seen_before
        or p.customer_id is not null or i.customer_id is not null
)
select
    present.as_of,
    present.customer_id,
    p.recency_days,
    p.first_order_date,
    p.last_order_date,
    {_zeros("p", "count_orders", "gross_amount", "net_amount")},
    p.average_order_amount,
    {_zeros("p", "count_orders_window", "gross_amount_window", "net_amount_window")},
    p.average_order_amount_window,
    {_zeros("p", "repeat_orders_window", "active_months_window")},
    p.purchase_cycle_days,
    p.overdue_ratio,
    p.expected_next_order_date,
    {_zeros("p", "custom_order_count_window")},
    p.discount_order_share,
    h.main_channel,
    h.channel_shares,
    h.main_payment,
    h.usual_time,
    h.weekend_share,
    h.weekend_holiday_share,
    c.top3_categories,
    c.category_shares,
    {_zeros("c", "count_categories_window")},
    case when p.count_orders_window >= 2 then c.preference_strength end as preference_strength,
    c.top_brand,
    c.top_brand_share,
    {_zeros("i", "interactions_30d", "interactions_90d", "interactions_previous_90d", "interactions_window")},
    {_zeros("i", "presale_window", "aftersale_window")},
    coalesce(i.presale_window, 0) + coalesce(i.aftersale_window, 0) as service_requests_window,
    coalesce(i.custom_interactions_window, 0) + coalesce(p.custom_order_count_window, 0) as custom_requests_window,
    {_zeros("i", "complaints_window", "complaints_90d")},
    i.last_complaint_date,
    i.last_interaction_date,
    i.last_contact_date,
    {_zeros("i", "referrals_window")},
    f.csat_average,
    f.csat_last,
    f.csat_last_date,
    f.nps_average,
    present.loyalty_member,
    coalesce(p.repeat_orders_window, 0) + coalesce(i.referrals_window, 0) + cast(present.loyalty_member as integer)
        as loyalty_actions,
    k.marketing_consent,
    k.marketing_consent_since,
    cast(case when present.age between 0 and {OLDEST_AGE} then present.age end as integer) as age_years,
    cast(present.as_of - i.last_interaction_date as integer) as days_since_interaction,
    cast(present.as_of - greatest(p.last_order_date, i.last_login_date) as integer) as days_since_usage,
    {_zeros("i", "logins_90d")},
    {_zeros("p", "count_orders_90d")},
    {_zeros("i", "enquiries_window")},
    round(i.presale_window / nullif(i.presale_window + i.aftersale_window, 0), 4) as presale_share,
    round(i.aftersale_window / nullif(i.presale_window + i.aftersale_window, 0), 4) as aftersale_share,
    {_SERVICE_NEED} as service_need_share,
    p.custom_request_rate,
    p.coupon_share,
    m.price_percentile,
    round((p.discount_order_share + p.coupon_share + coalesce(1 - m.price_percentile, 0))
        / case when m.price_percentile is null then 2 else 3 end, 4) as price_sensitivity,
    m.eco_share,
    h.online_payment_share,
    h.mobile_payment_share,
    c.top_category,
    c.top_category_share,
    {_zeros("v", "visit_days_window")},
    v.visit_regularity,
    n.interactions_30d_by_kind,
    n.interactions_90d_by_kind,
    coalesce(e.engagement_score, 0) as engagement_score,
    {_INTENT} as intent,
    {{intent_zh}} as intent_zh,
    {{intent_en}} as intent_en
from present
left join strata_purchases as p on p.as_of = present.as_of and p.customer_id = present.customer_id
left join strata_habits as h on h.as_of = present.as_of and h.customer_id = present.customer_id
left join strata_preferences as c on c.as_of = present.as_of and c.customer_id = present.customer_id
left join strata_prices as m on m.as_of = present.as_of and m.customer_id = present.customer_id
left join strata_visits as v on v.as_of = present.as_of and v.customer_id = present.customer_id
left join strata_interactions as i on i.as_of = present.as_of and i.customer_id = present.customer_id
left join strata_kinds as n on n.as_of = present.as_of and n.customer_id = present.customer_id
left join strata_engagement as e on e.as_of = present.as_of and e.customer_id = present.customer_id
left join strata_feedback as f on f.as_of = present.as_of and f.customer_id = present.customer_id
left join strata_consents as k on k.as_of = present.as_of and k.customer_id = present.customer_id
"""
