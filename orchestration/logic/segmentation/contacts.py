"""Features of contact: interactions by kind, complaints, satisfaction, consent. Grain: as-of day, customer with any of
them.

A pre-sale request is an interaction of kind presale or enquiry. Days are business days.
"""

import duckdb

from orchestration.logic.segmentation.grid import business_day
from orchestration.logic.segmentation.store import literal


def make_contacts(
    con: duckdb.DuckDBPyConnection, timezone: str, contact_kinds: list[str], by_kind: bool = True
) -> None:
    """The temporary tables `strata_interactions`, `strata_kinds` (without rows unless wanted `by_kind`),
    `strata_feedback` and `strata_consents` for all days of `strata_grid`."""
    kinds = ", ".join(literal(kind) for kind in contact_kinds) or "null"
    con.execute(
        "create or replace temp table strata_interactions as "
        + _INTERACTIONS.format(day=business_day("occurred_at", timezone), contact_kinds=kinds)
    )
    counts = _KINDS.format(day=business_day("occurred_at", timezone)) + ("" if by_kind else " limit 0")
    con.execute(f"create or replace temp table strata_kinds as {counts}")
    con.execute(
        "create or replace temp table strata_feedback as " + _FEEDBACK.format(day=business_day("given_at", timezone))
    )
    con.execute(
        "create or replace temp table strata_consents as " + _CONSENTS.format(day=business_day("given_at", timezone))
    )


_INTERACTIONS = """
with days as (
    select customer_id, kind, {day} as day, count(*) as n
    from marts.interactions
    where customer_id is not null and occurred_at is not null
    group by customer_id, kind, day
),
placed as (
    select grid.as_of, days.*, days.day >= grid.window_start as in_window, grid.as_of - days.day as days_ago
    from strata_grid as grid
    inner join days on days.day < grid.seen_before
)
select
    as_of,
    customer_id,
    cast(coalesce(sum(n) filter (where days_ago <= 30), 0) as bigint) as interactions_30d,
    cast(coalesce(sum(n) filter (where days_ago <= 90), 0) as bigint) as interactions_90d,
    cast(coalesce(sum(n) filter (where days_ago between 91 and 180), 0) as bigint)
        as interactions_previous_90d,
    cast(coalesce(sum(n) filter (where in_window), 0) as bigint) as interactions_window,
    cast(coalesce(sum(n) filter (where in_window and kind in ('presale', 'enquiry')), 0) as bigint)
        as presale_window,
    cast(coalesce(sum(n) filter (where in_window and kind = 'aftersale'), 0) as bigint) as aftersale_window,
    cast(coalesce(sum(n) filter (where in_window and kind = 'custom_request'), 0) as bigint)
        as custom_interactions_window,
    cast(coalesce(sum(n) filter (where in_window and kind = 'complaint'), 0) as bigint) as complaints_window,
    cast(coalesce(sum(n) filter (where days_ago <= 90 and kind = 'complaint'), 0) as bigint) as complaints_90d,
    cast(coalesce(sum(n) filter (where in_window and kind = 'referral'), 0) as bigint) as referrals_window,
    cast(coalesce(sum(n) filter (where in_window and kind = 'enquiry'), 0) as bigint) as enquiries_window,
    cast(coalesce(sum(n) filter (where days_ago <= 90 and kind = 'login'), 0) as bigint) as logins_90d,
    max(day) filter (where kind = 'login') as last_login_date,
    max(day) filter (where kind = 'complaint') as last_complaint_date,
    max(day) as last_interaction_date,
    max(day) filter (where kind in ({contact_kinds})) as last_contact_date
from placed
group by as_of, customer_id
"""

# The counts add up to interactions_30d and interactions_90d.
_KINDS = """
with counts as (
    select
        grid.as_of,
        i.customer_id,
        i.kind,
        count(*) filter (where grid.as_of - {day} <= 30) as last_30d,
        count(*) as last_90d
    from strata_grid as grid
    inner join marts.interactions as i on {day} < grid.seen_before and grid.as_of - {day} <= 90
    where i.customer_id is not null
    group by grid.as_of, i.customer_id, i.kind
)
select
    as_of,
    customer_id,
    '{{' || string_agg(to_json(kind) || ': ' || last_30d, ', ' order by kind) filter (where last_30d > 0) || '}}'
        as interactions_30d_by_kind,
    '{{' || string_agg(to_json(kind) || ': ' || last_90d, ', ' order by kind) || '}}' as interactions_90d_by_kind
from counts
group by as_of, customer_id
"""

_FEEDBACK = """
with given as (
    select customer_id, kind, cast(score as decimal(18, 4)) as score, given_at, {day} as day
    from marts.feedback
    where customer_id is not null and score is not null and kind in ('csat', 'nps')
)
select
    grid.as_of,
    given.customer_id,
    round(sum(score) filter (where kind = 'csat' and day >= grid.window_start)
        / nullif(count(*) filter (where kind = 'csat' and day >= grid.window_start), 0), 4) as csat_average,
    round(sum(score) filter (where kind = 'nps' and day >= grid.window_start)
        / nullif(count(*) filter (where kind = 'nps' and day >= grid.window_start), 0), 4) as nps_average,
    first(score order by given_at desc, score) filter (where kind = 'csat') as csat_last,
    max(day) filter (where kind = 'csat') as csat_last_date
from strata_grid as grid
inner join given on given.day < grid.seen_before
group by grid.as_of, given.customer_id
"""

# Of two states given at the same moment the refusal holds: nobody is written to by mistake.
_CONSENTS = """
select
    grid.as_of,
    consents.customer_id,
    first(consents.state order by consents.given_at desc, consents.state desc) as marketing_consent,
    max({day}) as marketing_consent_since
from strata_grid as grid
inner join marts.consents as consents on {day} < grid.seen_before
where consents.purpose = 'marketing' and consents.customer_id is not null
group by grid.as_of, consents.customer_id
"""
