"""customer_tag_spells: from when to when each customer had each tag, by the days that were published.

A spell goes on from what was published of the latest day before (control.tag_statement, see orchestration/statements.py), so
that a past day that is built again says what it said then.
"""

from datetime import date, timedelta

import duckdb

from orchestration.logic.segmentation.store import literal, replace_day
from orchestration.settings.insights import InsightSettings


def customer_tag_spells(con: duckdb.DuckDBPyConnection, as_of: date, settings: InsightSettings) -> int:
    """Writes insights.customer_tag_spells: the spells that hold on `as_of`, and those that ended within history.tag_days
    before it. Grain: customer_id, rule_id, valid_from. Needs insights.customer_tags of the day. Returns the rows.

    A spell begins on the first published day with the tag and ends on the first without it, which is in it no more.
    """
    kept_from = as_of - timedelta(days=settings.criteria.history.tag_days)
    query = _SPELLS.format(day=literal(as_of), kept_from=literal(kept_from))
    return replace_day(con, "customer_tag_spells", as_of, query, settings.criteria_version)


def spell_statement_query(as_of: date) -> str:
    """SQL of what a publication says of its spells, to be kept for the days after it."""
    return f"""
        select customer_id, dimension, tag, rule_id, valid_from, valid_to
        from insights.customer_tag_spells where as_of = {literal(as_of)}
    """


# Who is no more (merged into another) has no spells: the other has them.
_SPELLS = """
with before as (
    select * from control.tag_statement where customer_id in (select customer_id from marts.customers)
),
today as (select customer_id, dimension, tag, rule_id from insights.customer_tags where as_of = {day})
select
    before.* replace (case when before.valid_to is null and today.rule_id is null then {day} else before.valid_to end as valid_to)
from before
left join today on today.customer_id = before.customer_id and today.rule_id = before.rule_id
where before.valid_to is null or before.valid_to >= {kept_from}
union all by name
select today.*, {day} as valid_from, cast(null as date) as valid_to
from today
anti join (from before where valid_to is null) as still
    on still.customer_id = today.customer_id and still.rule_id = today.rule_id
"""
