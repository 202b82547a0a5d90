"""Audiences: which customers a campaign may write to, and how many are left out and why.

Reads the tier table of the day, the ways of contact of the profiles, and the consents given before the day. Nobody is a
member whose latest consent for the audience's purpose is withdrawn, or missing where the audience asks for one.
"""

from datetime import date

import duckdb

from orchestration.logic.segmentation.grid import business_day, business_timezone
from orchestration.logic.segmentation.store import literal, replace_day, values
from orchestration.settings.audiences import Audience, Who
from orchestration.settings.insights import InsightSettings

# Condition of audiences.yml → what it looks at in the tier table; lead bands have a table of their own.
_COLUMNS = {"tiers": "tier", "lifecycles": "lifecycle", "rfm_segments": "rfm_segment", "churn_bands": "churn_band"}


class NoLeadBands(Exception):
    """An audience names lead bands, but no table of the warehouse tells them."""


def audience_members(con: duckdb.DuckDBPyConnection, as_of: date, settings: InsightSettings) -> int:
    """Writes insights.audience_members: audience, customer, outcome (member, or why not). Returns the rows.

    One row for each customer that matches an audience, whether a member or not; the table holds one as-of day only.
    Raises NoLeadBands where an audience needs the table lead_scores and there is none.
    """
    audiences, day = settings.people.audiences.audiences, literal(as_of)
    if any(audience.who.lead_bands for audience in audiences.values()) and not _has_lead_scores(con):
        raise NoLeadBands("audiences.yml names lead_bands, but the warehouse has no table insights.lead_scores")
    query = _MEMBERS.format(
        day=day,
        given_day=business_day("given_at", business_timezone(con)),
        chosen=" union all ".join(_chosen(code, audience, day) for code, audience in audiences.items()) or _NOBODY,
    )
    return replace_day(con, "audience_members", as_of, query, settings.criteria_version)


def audience_counts(con: duckdb.DuckDBPyConnection, as_of: date, settings: InsightSettings) -> int:
    """Writes insights.audience_counts of `as_of`: per audience of audiences.yml the members, and who was left out by
    reason. Returns the rows."""
    audiences = settings.people.audiences.audiences
    rows = [(code, told.label.zh, told.label.en, told.purpose) for code, told in audiences.items()]
    listed = values("listed(audience, audience_zh, audience_en, purpose)", rows or [(None,) * 4])
    query = _COUNTS.format(listed=listed, day=literal(as_of))
    return replace_day(con, "audience_counts", as_of, query, settings.criteria_version)


def _chosen(code: str, audience: Audience, day: str) -> str:
    reachable = " or ".join(f"c.{channel} is not null" for channel in audience.channels)
    needs_grant = literal(audience.consent == "granted")
    return f"""
        select {literal(code)} as audience, {literal(audience.purpose)} as purpose, {needs_grant} as needs_grant,
            t.customer_id, {reachable} as is_reachable
        from insights.customer_tier_table as t inner join marts.customers as c on c.customer_id = t.customer_id
        where t.as_of = {day} and {_condition(audience.who, day)}
    """


def _condition(who: Who, day: str) -> str:
    conditions = [
        f"t.{column} in ({', '.join(map(literal, named))})"
        for key, column in _COLUMNS.items()
        if (named := getattr(who, key))
    ]
    if who.lead_bands:
        bands = ", ".join(map(literal, who.lead_bands))
        conditions.append(
            "t.customer_id in (select customer_id from insights.lead_scores"
            f' where as_of = {day} and "band" in ({bands}))'
        )
    return " and ".join(conditions)


def _has_lead_scores(con: duckdb.DuckDBPyConnection) -> bool:
    found = "select 1 from information_schema.tables where table_schema = 'insights' and table_name = 'lead_scores'"
    return con.execute(found).fetchone() is not None


_NOBODY = """
    select '' as audience, '' as purpose, true as needs_grant, customer_id, false as is_reachable
    from marts.customers where false
"""

# Of two states given at the same moment the refusal holds: nobody is written to by mistake.
_MEMBERS = """
with latest as (
    select customer_id, purpose, first(state order by given_at desc, state = 'granted', state) as state
    from marts.consents
    where customer_id is not null and {given_day} < {day}
    group by customer_id, purpose
),
chosen as ({chosen})
select
    chosen.audience,
    chosen.customer_id,
    chosen.purpose,
    case
        when latest.state = 'withdrawn' then 'withdrawn'
        when latest.state is null and chosen.needs_grant or latest.state <> 'granted' then 'without_consent'
        when not chosen.is_reachable then 'unreachable'
        else 'member'
    end as outcome
from chosen
left join latest on latest.customer_id = chosen.customer_id and latest.purpose = chosen.purpose
"""

_COUNTS = """
select
    listed.audience, listed.audience_zh, listed.audience_en, listed.purpose,
    count(m.customer_id) as count_matching,
    count(*) filter (where m.outcome = 'member') as count_members,
    count(*) filter (where m.outcome = 'without_consent') as count_without_consent,
    count(*) filter (where m.outcome = 'withdrawn') as count_withdrawn,
    count(*) filter (where m.outcome = 'unreachable') as count_unreachable
from {listed}
left join insights.audience_members as m on m.audience = listed.audience and m.as_of = {day}
where listed.audience is not null
group by all
"""
