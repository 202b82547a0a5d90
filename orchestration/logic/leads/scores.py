"""Lead scores: points of customers who never bought, with the reasons, the intent their pages tell, band and time to
answer.

The score is the sum of points of configuration: source, state of the lead, interactions (each worth half after every
half-life), pages, open opportunity, size of the company, consent. It orders leads; it is no probability. The words of
the reasons are in words.py.
"""

from datetime import date

import duckdb

from orchestration.logic.leads.words import reasons
from orchestration.logic.segmentation.engagement import INTENTS, engagement, intent_label
from orchestration.logic.segmentation.grid import business_day, business_timezone
from orchestration.logic.segmentation.store import case_by, literal, replace_day
from orchestration.settings.criteria import LeadScore
from orchestration.settings.insights import InsightSettings


def lead_scores(con: duckdb.DuckDBPyConnection, as_of: date, settings: InsightSettings) -> int:
    """Writes insights.lead_scores of `as_of`: one row for each customer without a counted order, from
    insights.customer_features and the marts. Returns the rows."""
    rules, timezone = settings.criteria.lead_score, business_timezone(con)
    bands = {band.code: band for band in rules.bands}
    query = _ROWS.format(
        day=literal(as_of),
        acts=engagement(rules, timezone, f"(select {literal(as_of)} as as_of, {literal(as_of)} as seen_before)"),
        created_day=business_day("o.created_at", timezone),
        closed_day=business_day("o.closed_at", timezone),
        source_group=source_group(rules),
        status=_status(rules),
        points=_points(rules),
        reasons=reasons(rules),
        band=_band(rules),
        band_zh=case_by("band", {code: band.label.zh for code, band in bands.items()}),
        band_en=case_by("band", {code: band.label.en for code, band in bands.items()}),
        sla_hours=case_by("band", {code: band.sla_hours for code, band in bands.items()}),
        intent_zh=intent_label(rules, "zh"),
        intent_en=intent_label(rules, "en"),
    )
    return replace_day(con, "lead_scores", as_of, query, settings.criteria_version)


def source_group(rules: LeadScore) -> str:
    """SQL over profiles: the code of the group of lead_source, or of first_channel where no source is named."""
    named = {value.strip().lower(): group.code for group in rules.sources for value in group.values}
    channels: dict[str, object] = {channel: group.code for group in rules.sources for channel in group.channels}
    rest = rules.sources[-1].code
    return (
        f"case when lead_source is null then {case_by('first_channel', channels, rest)} "
        f"else {case_by('lower(trim(lead_source))', dict(named), rest)} end"
    )


def _status(rules: LeadScore) -> str:
    values = {value.strip().lower(): status.code for status in rules.statuses for value in status.values}
    return case_by("lower(trim(lead_status))", dict(values))


def _points(rules: LeadScore) -> str:
    """SQL: the points of each part, as columns `<part>_points` with one decimal."""
    parts = {
        "source": case_by("source_group", {group.code: group.points for group in rules.sources}, 0),
        "status": case_by("status", {status.code: status.points for status in rules.statuses}, 0),
        "engagement": f"greatest(least(engagement_score, {rules.engagement.at_most}), 0)",
        "intent": case_by("intent", {name: getattr(rules.pages.intents, name).points for name in INTENTS}, 0),
        "opportunity": f"case when open_opportunities > 0 then {rules.open_opportunity.points} else 0 end",
        "size": case_by("size_band", {code: size.points for code, size in rules.company_size.items()}, 0),
        "consent": case_by("consent", {state: outcome.points for state, outcome in rules.consent.items()}, 0),
    }
    return ", ".join(f"cast({sql} as decimal(9, 1)) as {part}_points" for part, sql in parts.items())


def _band(rules: LeadScore) -> str:
    best_first = rules.bands[::-1]
    branches = " ".join(f"when score >= {band.at_least} then {literal(band.code)}" for band in best_first[:-1])
    return f"case {branches} else {literal(best_first[-1].code)} end"


_ROWS = """
with prospects as (
    select customer_id, marketing_consent as consent
    from insights.customer_features where as_of = {day} and count_orders = 0
),
acts as ({acts}),
deals as (
    select
        o.customer_id,
        count(*) filter (where o.closed_at is null or {closed_day} >= {day}) as open_opportunities,
        first(o.lead_source order by o.created_at, o.opportunity_key) filter (where o.lead_source is not null)
            as lead_source
    from marts.opportunities as o
    inner join prospects on prospects.customer_id = o.customer_id
    where {created_day} < {day}
    group by o.customer_id
),
known as (
    select
        prospects.*,
        customers.size_band,
        customers.lead_status,
        customers.first_channel,
        coalesce(nullif(trim(customers.lead_source), ''), nullif(trim(deals.lead_source), '')) as lead_source,
        coalesce(acts.interactions, 0) as interactions,
        acts.last_day,
        coalesce(acts.engagement_score, 0) as engagement_score,
        coalesce(acts.product_views, 0) as product_views,
        coalesce(acts.intent, 'none') as intent,
        coalesce(deals.open_opportunities, 0) as open_opportunities
    from prospects
    inner join marts.customers as customers on customers.customer_id = prospects.customer_id
    left join acts on acts.customer_id = prospects.customer_id
    left join deals on deals.customer_id = prospects.customer_id
),
sorted as (
    select
        known.*,
        {source_group} as source_group,
        {status} as status
    from known
),
pointed as (select sorted.*, {points} from sorted),
summed as (
    select
        pointed.*,
        cast(least(100, greatest(0,
            source_points + status_points + engagement_points + intent_points + opportunity_points + size_points
            + consent_points
        )) as decimal(5, 1)) as score
    from pointed
),
banded as (select summed.*, {band} as band from summed)
select
    customer_id, score, band,
    {band_zh} as band_zh,
    {band_en} as band_en,
    {reasons} as reasons,
    intent,
    {intent_zh} as intent_zh,
    {intent_en} as intent_en,
    engagement_score, lead_source, source_group,
    {sla_hours} as sla_hours
from banded
"""
