"""How much of the money at risk a number of contacts reaches: in the order of expected loss, and in that of the naive rule."""

from datetime import date

import duckdb

from orchestration.logic.segmentation.store import literal, replace_day, values
from orchestration.settings.insights import InsightSettings

ALL = "all"


def churn_reach(con: duckdb.DuckDBPyConnection, as_of: date, settings: InsightSettings) -> int:
    """Writes insights.churn_reach of `as_of` from the warnings that wait (new, open): a row for all owners together and
    for each, by number of contacts (`reach` of churn.yml, and the owner's contacts_per_week). Returns the rows."""
    owners = settings.people.owners
    weekly = {code: owner.contacts_per_week for code, owner in owners.items()}
    capacities = [(ALL, sum(weekly.values())), *weekly.items()]
    steps = [(owner, contacts, False) for owner, _ in capacities for contacts in settings.churn.life.reach]
    query = _REACH.format(
        day=literal(as_of),
        steps=values("s(owner, contacts, is_capacity)", [*steps, *((owner, n, True) for owner, n in capacities)]),
        all=literal(ALL),
    )
    return replace_day(con, "churn_reach", as_of, query, settings.criteria_version)


_REACH = """
with waiting as (
    select w.customer_id, w.owner, w.expected_loss, f.overdue_ratio, f.recency_days
    from insights.churn_warnings as w
    inner join insights.customer_features as f on f.as_of = w.as_of and f.customer_id = w.customer_id
    where w.as_of = {day} and w.state in ('new', 'open')
),
listed as (select * from waiting union all by name select * replace ({all} as owner) from waiting),
placed as (
    select
        *,
        row_number() over (partition by owner order by expected_loss desc, customer_id) as place,
        row_number() over (
            partition by owner order by overdue_ratio desc nulls last, recency_days desc, customer_id
        ) as place_by_rule
    from listed
),
steps as (select owner, contacts, bool_or(is_capacity) as is_capacity from {steps} group by owner, contacts)
select
    steps.owner,
    steps.contacts,
    steps.is_capacity,
    count(p.customer_id) as count_waiting,
    count(p.customer_id) filter (where p.place <= steps.contacts) as count_reached,
    coalesce(sum(p.expected_loss), 0) as money_at_risk,
    coalesce(sum(p.expected_loss) filter (where p.place <= steps.contacts), 0) as money_reached,
    round(coalesce(sum(p.expected_loss) filter (where p.place <= steps.contacts), 0)
        / nullif(sum(p.expected_loss), 0), 4) as share_reached,
    round(coalesce(sum(p.expected_loss) filter (where p.place_by_rule <= steps.contacts), 0)
        / nullif(sum(p.expected_loss), 0), 4) as share_reached_by_rule
from steps
left join placed as p on p.owner = steps.owner
group by all
"""
