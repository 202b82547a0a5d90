"""Why tiers moved since the day that was published before: each difference has exactly one cause.

Between what was said then (state 0: day D1, known by T1, criteria C1) and what is said now (state 3: day D2, known by
T2, criteria C2) stand two states that nobody published:

1. D2 had nothing happened since D1, criteria C1 - what differs from 0 is `clock`; if merges, divisions or corrections
   of the past changed the customer's bands on D1 itself, it is `identity` or `correction`;
2. the same by criteria C2                       - what differs is `criteria`;
3. D2 as it is                                   - what differs is `data`.

The cause is the last step that gave the tier its new value; so time is the cause only where time alone does it. Before
the first publication D1 is the first day of the month, as it is known now; where only D2 itself was published, by other
criteria, D1 is D2. What was said then is in
control.tier_statement and control.criteria_before; what explains a move is in tier_evidence.py.
"""

from dataclasses import dataclass
from datetime import date, datetime

import duckdb

from orchestration.logic.segmentation.features import make_history
from orchestration.logic.segmentation.grid import month_starts
from orchestration.logic.segmentation.store import literal, replace_day
from orchestration.logic.segmentation.tier_evidence import Step, evidence_query
from orchestration.logic.segmentation.walk import Walk, code_of_rank, used_features, walk
from orchestration.settings.criteria import CriteriaFile
from orchestration.settings.insights import InsightFiles, InsightSettings


@dataclass(frozen=True)
class Before:
    """What was said before: the day, the instant by which it was known, the criteria; `is_published`: or only walked."""

    as_of: date
    known_at: datetime
    criteria: CriteriaFile
    version: str
    is_published: bool


def tier_changes(con: duckdb.DuckDBPyConnection, as_of: date, settings: InsightSettings) -> int:
    """Writes insights.tier_changes of `as_of`: a row for each customer whose tier in a scheme is not what it was.

    A customer who came has no from_tier, one who is no more (merged into another) no to_tier. Needs customer_tiers and
    scorecard_points of the day. Returns the rows.
    """
    before = _before(con, as_of, settings)
    steps = _walk_states(con, before, as_of, settings)
    con.execute(f"create or replace temp table strata_all_moved as {_moved(steps, before, as_of)}")
    rows = replace_day(
        con, "tier_changes", as_of, evidence_query(con, steps, before, as_of, settings), settings.criteria_version
    )
    for walked in {walked.name: walked for step in steps.values() for walked in step.walks.values()}.values():
        walked.drop(con)
    for table in ("all_moved", "changes", "history_old", "history_new"):
        con.execute(f"drop table if exists temp.strata_{table}")
    return rows


def statement_query(as_of: date, part: int = 0, parts: int = 1) -> str:
    """SQL of what a publication says of its day, to be kept: scheme_id, customer_id, tier, bands (criterion=band, …),
    events (short ids of the merges and divisions of the customer). Of one part of the customers, of so many: the lists are put
    together in memory."""
    return f"""
        with bands as (
            select scheme_id, customer_id, string_agg(criterion || '=' || band, ',' order by criterion) as bands
            from insights.scorecard_points where as_of = {literal(as_of)} and hash(customer_id) % {parts} = {part}
            group by all
        )
        select tiers.scheme_id, tiers.customer_id, tiers.tier, bands.bands, told.events
        from insights.customer_tiers as tiers
        left join bands on bands.scheme_id = tiers.scheme_id and bands.customer_id = tiers.customer_id
        left join ({EVENTS_OF_CUSTOMERS}) as told on told.customer_id = tiers.customer_id
        where tiers.as_of = {literal(as_of)} and hash(tiers.customer_id) % {parts} = {part}
    """


EVENTS_OF_CUSTOMERS = """
    select customer_id, string_agg(left(event_id, 9), ',' order by event_id) as events
    from (
        select customer_id, event_id from marts.identity_events where kind <> 'created'
        union
        select other_customer_id, event_id from marts.identity_events
        where kind <> 'created' and other_customer_id is not null
    )
    group by customer_id
"""


def _before(con: duckdb.DuckDBPyConnection, as_of: date, settings: InsightSettings) -> Before:
    row = con.execute("select as_of, known_at, criteria_version, criteria from control.criteria_before").fetchone()
    if row is None:
        (known_at,) = con.execute("select known_at from control.run").fetchall()[0]
        return Before(month_starts(as_of, 1)[0], known_at, settings.criteria, settings.criteria_version, False)
    return Before(row[0], row[1], CriteriaFile.model_validate_json(row[3]), row[2], True)


def _walk_states(
    con: duckdb.DuckDBPyConnection, before: Before, as_of: date, settings: InsightSettings
) -> dict[int, Step]:
    """The states 1 and 2, and as number 0 the day D1 by criteria C1 as it is known now."""
    old, new = _with(settings, before.criteria), settings
    by_old = _history(con, "old", before.as_of, as_of, old)
    past = _days(before.as_of, old)
    states = {
        0: Step(before.as_of, _states(con, "then", old, by_old, past)),
        1: Step(as_of, _states(con, "clock", old, by_old, _days(as_of, old))),
    }
    if new.criteria == old.criteria:
        return states | {2: states[1]}
    by_new = _history(con, "new", before.as_of, as_of, new)
    return states | {2: Step(as_of, _states(con, "criteria", new, by_new, _days(as_of, new)))}


def _days(as_of: date, settings: InsightSettings) -> list[date]:
    return [*month_starts(as_of, settings.criteria.history.months), as_of]


def _history(con: duckdb.DuckDBPyConnection, name: str, before: date, as_of: date, settings: InsightSettings) -> str:
    """The relation of features on the days up to D1, and on the days since as if nothing had happened in them."""
    past, since = _days(before, settings), [day for day in _days(as_of, settings) if day > before]
    table, used = f"strata_history_{name}", used_features(settings.criteria)
    make_history(con, table, past, as_of, settings, used)
    if since:
        make_history(con, "strata_since", since, as_of, settings, used, before)
        con.execute(f"insert into {table} by name from strata_since; drop table temp.strata_since")
    return table


def _with(settings: InsightSettings, criteria: CriteriaFile) -> InsightSettings:
    return InsightFiles(criteria, settings.churn, settings.people, settings.criteria_version)


def _states(
    con: duckdb.DuckDBPyConnection, name: str, settings: InsightSettings, features: str, days: list[date]
) -> dict[str, Walk]:
    return {
        scheme_id: walk(con, f"{name}_{place}", scheme, features, days)
        for place, (scheme_id, scheme) in enumerate(settings.criteria.schemes_on(days[-1]).items())
    }


def _moved(steps: dict[int, Step], before: Before, as_of: date) -> str:
    """SQL: scheme_id, customer_id, from_tier, to_tier, step (1 to 3), for each difference between states 0 and 3."""
    said = "select scheme_id, customer_id, tier from control.tier_statement"
    states = {
        0: said if before.is_published else _tiers(steps[0]),
        1: _tiers(steps[1]),
        2: _tiers(steps[2]),
        3: f"select scheme_id, customer_id, tier from insights.customer_tiers where as_of = {literal(as_of)}",
    }
    told = " union all ".join(f"select {number} as state, * from ({query})" for number, query in states.items())
    tier = {number: f"max(tier) filter (where state = {number})" for number in states}
    return f"""
        with states as (
            select scheme_id, customer_id, {", ".join(f"{tier[number]} as t{number}" for number in states)}
            from ({told}) group by scheme_id, customer_id
        )
        select
            scheme_id, customer_id, t0 as from_tier, t3 as to_tier,
            case when t3 is distinct from t2 then 3 when t2 is distinct from t1 then 2 else 1 end as step
        from states where t0 is distinct from t3
    """


def _tiers(step: Step) -> str:
    return " union all ".join(
        f"select {literal(scheme_id)} as scheme_id, customer_id, {code_of_rank('rank', walked.scheme)} as tier "
        f"from {walked.tiers} where as_of = {literal(step.day)}"
        for scheme_id, walked in step.walks.items()
    )
