"""Churn warnings by rule: score, band, reasons, value at risk, owner, strategy, and the first day of the episode.

Score = 1 - product over the rules of (1 - weight * strength): 0-1, each signal only adds. It orders customers; it is
no probability. first_warned_on: among the rules that warn alone now, the earliest day any of them began; if only
together they warn, the day the last of them began. So it is the same on every as-of day of the episode. Signals:
rules.py; owners: owners.py.
"""

from datetime import date

import duckdb

from orchestration.logic.churn.owners import assigned
from orchestration.logic.churn.rules import since, strength, words
from orchestration.logic.segmentation.store import case_by, literal, replace_day
from orchestration.settings.churn import Rule
from orchestration.settings.insights import InsightSettings


def churn_warnings(con: duckdb.DuckDBPyConnection, as_of: date, settings: InsightSettings) -> int:
    """Writes insights.churn_warnings of `as_of` from features, life cycle and tiers. Returns the rows."""
    churn, criteria, day = settings.churn, settings.criteria, literal(as_of)
    lifecycles = ", ".join(literal(state) for state in churn.warned_lifecycles)
    con.execute(
        f"create or replace temp table strata_warned as {_WARNED}".format(
            day=day,
            scheme=literal(criteria.main_scheme),
            lifecycles=lifecycles,
            signals=_signals(churn.rules, day, churn.bands.medium),
            score=_score(list(churn.rules.values())),
            window=criteria.window_days,
            horizon=churn.horizon_days,
            medium=churn.bands.medium,
            high=churn.bands.high,
        )
    )
    query = _ROWS.format(
        day=day,
        first_warned_on=_first_warned_on(list(churn.rules.values()), churn.bands.medium, day),
        reasons=_reasons(churn.rules),
        assigned=assigned("strata_warned", settings.people.owners),
        strategy=_strategy(settings),
    )
    rows = replace_day(con, "churn_warnings", as_of, query, settings.criteria_version)
    con.execute("drop table temp.strata_warned")
    return rows


def _signals(rules: dict[str, Rule], day: str, medium: float) -> str:
    return ", ".join(
        f"{strength(rule, day)} as s{i}, {since(rule, day, medium)} as d{i}" for i, rule in enumerate(rules.values())
    )


def _score(rules: list[Rule]) -> str:
    return "round(1 - " + " * ".join(f"(1 - {rule.weight} * s{i})" for i, rule in enumerate(rules)) + ", 4)"


def _first_warned_on(rules: list[Rule], medium: float, day: str) -> str:
    alone = ", ".join(
        f"case when round({rule.weight} * s{i}, 4) >= {medium} then d{i} end" for i, rule in enumerate(rules)
    )
    together = ", ".join(f"case when s{i} > 0 then d{i} end" for i in range(len(rules)))
    return f"least({day}, coalesce(least({alone}, null), greatest({together}, null)))"


def _reasons(rules: dict[str, Rule]) -> str:
    """SQL: JSON list of {code, zh, en}, strongest contribution first, ties in the order of the file."""
    items = [
        f"{{'size': round({rule.weight} * s{i}, 6), 'place': {len(rules) - i}, "
        f"'reason': {{'code': {literal(code)}, 'zh': {words(rule.text.zh)}, 'en': {words(rule.text.en)}}}}}"
        for i, (code, rule) in enumerate(rules.items())
    ]
    ranked = f"list_reverse_sort(list_filter([{', '.join(items)}], lambda x: x.size > 0))"
    return f"cast(to_json(list_transform({ranked}, lambda x: x.reason)) as varchar)"


def _strategy(settings: InsightSettings) -> str:
    by = settings.people.strategies.by_warning
    return f"case band when 'high' then {case_by('tier', dict(by.high))} else {case_by('tier', dict(by.medium))} end"


_WARNED = """
with base as (
    select f.*, t.tier
    from insights.customer_features as f
    inner join insights.lifecycle_states as l on l.as_of = f.as_of and l.customer_id = f.customer_id
    inner join insights.customer_tiers as t on t.as_of = f.as_of and t.customer_id = f.customer_id
    where f.as_of = {day} and t.scheme_id = {scheme} and l.lifecycle in ({lifecycles})
),
signalled as (select base.*, {signals} from base),
scored as (select signalled.*, {score} as churn_score from signalled)
select
    scored.*,
    case when churn_score >= {high} then 'high' else 'medium' end as band,
    -- Own past rate: net amount of the window over the days the customer was with us in it, at least one horizon.
    round(
        cast(greatest(net_amount_window, 0) as decimal(24, 4)) * {horizon}
        / greatest(least({day} - first_order_date, {window}), {horizon}), 2
    ) as value_at_risk
from scored
where churn_score >= {medium}
"""

_ROWS = """
with dated as (
    select strata_warned.*, {first_warned_on} as first_warned_on, {reasons} as reasons from strata_warned
)
select
    dated.customer_id,
    'W' || left(sha256(dated.customer_id || '/' || cast(first_warned_on as varchar)), 16) as warning_id,
    churn_score,
    band,
    reasons,
    value_at_risk,
    tier,
    owned.owner,
    {strategy} as strategy_code,
    case when first_warned_on = {day} then 'new' else 'open' end as state,
    first_warned_on
from dated
left join ({assigned}) as owned on owned.customer_id = dated.customer_id
"""
