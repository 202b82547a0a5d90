"""Churn warnings by rule: score, band, reasons, what is at stake, owner, strategy, and how far the warning has come.

signal_score = 1 - product over the rules of (1 - weight * strength): 0-1, each signal only adds. It decides whether there
is a warning, and its band; it is no probability, which is churn_score's part. Signals: rules.py; how a warning begins, is
followed and ends: life.py; owners: owners.py.
"""

from datetime import date

import duckdb

from orchestration.logic.churn.consent import refused
from orchestration.logic.churn.life import make_life
from orchestration.logic.churn.models import FALLBACK
from orchestration.logic.churn.owners import assigned
from orchestration.logic.churn.rules import since, strength, words
from orchestration.logic.clv.fit import MODEL
from orchestration.logic.segmentation.store import case_by, literal, replace_day
from orchestration.settings.churn import ChurnFile, Rule
from orchestration.settings.criteria import Text
from orchestration.settings.insights import InsightSettings

# A probability to be alive below this says that the customer is gone; what they would be worth is then no figure.
LEAST_ALIVE = 0.01


def churn_warnings(con: duckdb.DuckDBPyConnection, as_of: date, settings: InsightSettings) -> int:
    """Writes insights.churn_warnings of `as_of` from features, life cycle, tiers, scores and values, the warnings that
    were published before (control.warning_statement) and their results (control.warning_results). Returns the rows.

    Grain: customer, with at most one warning each: the one between two orders.
    """
    con.execute(f"create or replace temp table strata_stakes as {_stakes(as_of, settings)}")
    con.execute(f"create or replace temp table strata_warned as {_warned(as_of, settings)}")
    make_life(con, as_of, settings.churn.life)
    rows = replace_day(con, "churn_warnings", as_of, _rows(as_of, settings), settings.criteria_version)
    for table in ("stakes", "warned", "life"):
        con.execute(f"drop table temp.strata_{table}")
    return rows


def _stakes(as_of: date, settings: InsightSettings) -> str:
    """SQL: a row for each customer who may be warned about, with all that signals and words read."""
    criteria, churn, clv = settings.criteria, settings.churn, settings.criteria.clv
    return _STAKES.format(
        day=literal(as_of),
        scheme=literal(criteria.main_scheme),
        floor=case_by("t.tier", {tier.code: tier.at_least for tier in criteria.main.tiers}),
        fallback=literal(FALLBACK),
        model=literal(MODEL),
        least_alive=LEAST_ALIVE,
        margin=clv.margin,
        clv_days=clv.horizon_days,
        window=criteria.window_days,
        horizon=churn.horizon_days,
        refused=refused(as_of, churn.life.profiling_purpose),
    )


def _warned(as_of: date, settings: InsightSettings) -> str:
    """SQL: customer_id, signal_score, band, reasons, began, of whom the rules warn about today."""
    churn, window, day = settings.churn, settings.criteria.window_days, literal(as_of)
    rules = list(churn.rules.values())
    signals = ", ".join(
        f"{strength(rule, day, window)} as s{i}, {since(rule, day, churn.bands.medium)} as d{i}"
        for i, rule in enumerate(rules)
    )
    return _WARNED.format(
        signals=signals,
        score="round(1 - " + " * ".join(f"(1 - {rule.weight} * s{i})" for i, rule in enumerate(rules)) + ", 4)",
        lifecycles=", ".join(literal(state) for state in churn.warned_lifecycles),
        medium=churn.bands.medium,
        high=churn.bands.high,
        began=_began(rules, churn.bands.medium, day),
        reasons=_reasons(churn, window),
    )


def _began(rules: list[Rule], medium: float, day: str) -> str:
    """SQL of the day on which the warning was due: among the rules that warn alone now, the earliest day any of them
    began; if only together they warn, the day the last of them began. An order begins it anew."""
    alone = ", ".join(
        f"case when round({rule.weight} * s{i}, 4) >= {medium} then d{i} end" for i, rule in enumerate(rules)
    )
    together = ", ".join(f"case when s{i} > 0 then d{i} end" for i in range(len(rules)))
    due = f"least({day}, coalesce(least({alone}, null), greatest({together}, null)))"
    return f"greatest({due}, last_order_date + 1)"


def _reasons(churn: ChurnFile, window_days: int) -> str:
    """SQL: JSON list of {code, zh, en}: the rules, strongest contribution first, ties in the order of the file; then what
    the model adds to them."""
    rules = churn.rules
    items = [
        f"{{'size': round({rule.weight} * s{i}, 6), 'place': {len(rules) - i}, 'reason': {{'code': {literal(code)}, "
        f"'zh': {zh}, 'en': {en}}}}}"
        for i, (code, rule) in enumerate(rules.items())
        for zh, en in [_words(rule, churn.contract.text, window_days)]
    ]
    ranked = f"list_reverse_sort(list_filter([{', '.join(items)}], lambda x: x.size > 0))"
    by_rule = f"list_transform({ranked}, lambda x: x.reason)"
    told = """from_json(model_reasons, '[{"code": "VARCHAR", "zh": "VARCHAR", "en": "VARCHAR"}]')"""
    by_model = f"list_filter({told}, lambda x: x.code not in ({', '.join(map(literal, rules))}))"
    return f"cast(to_json(list_concat({by_rule}, {by_model})) as varchar)"


def _words(rule: Rule, of_contract: Text, window_days: int) -> tuple[str, str]:
    """SQL of the rule's words in Chinese and English. A probability that a contract ends is no word about orders."""
    zh, en = words(rule.text.zh, window_days), words(rule.text.en, window_days)
    if rule.signal != "probability":
        return zh, en
    return (
        f"case when is_by_outcomes then {words(of_contract.zh, window_days)} else {zh} end",
        f"case when is_by_outcomes then {words(of_contract.en, window_days)} else {en} end",
    )


def _rows(as_of: date, settings: InsightSettings) -> str:
    by, owners = settings.people.strategies.by_warning, settings.people.owners
    strategy = f"case when l.band = 'high' then {case_by('s.tier', dict(by.high))} else {case_by('s.tier', dict(by.medium))} end"
    capacity = case_by("owner", {code: owner.contacts_per_week for code, owner in owners.items()}, 0)
    return _ROWS.format(assigned=assigned("strata_stakes", owners), strategy=strategy, capacity=capacity)


# A buyer without a score ended a contract. What a customer is worth if he stays: by the model, given that he is alive; else
# the net amount of the window over the days the customer was with us in it (at least one churn horizon), times margin.
_STAKES = """
select
    f.*,
    t.tier,
    t.total_points,
    l.lifecycle,
    {floor} as tier_floor,
    s.churn_score as churn_probability,
    s.model <> {fallback} as is_calibrated,
    s.horizon_days is null as is_by_outcomes,
    s.reasons as model_reasons,
    {horizon} as horizon_days,
    case
        when v.model = {model} then round(v.clv / greatest(v.p_alive, {least_alive}), 2)
        else round(
            cast(greatest(f.net_amount_window, 0) as decimal(24, 4)) * {margin} * {clv_days}
            / greatest(least({day} - f.first_order_date, {window}), {horizon}), 2
        )
    end as value_at_risk
from insights.customer_features as f
inner join insights.lifecycle_states as l on l.as_of = f.as_of and l.customer_id = f.customer_id
inner join insights.customer_tiers as t on t.as_of = f.as_of and t.customer_id = f.customer_id
left join insights.churn_scores as s on s.as_of = f.as_of and s.customer_id = f.customer_id
inner join insights.clv_estimates as v on v.as_of = f.as_of and v.customer_id = f.customer_id
where f.as_of = {day} and t.scheme_id = {scheme} and f.customer_id not in ({refused})
"""

_WARNED = """
with signalled as (
    select *, {signals} from strata_stakes where lifecycle in ({lifecycles}) and churn_probability is not null
),
scored as (select *, {score} as signal_score from signalled)
select
    customer_id,
    signal_score,
    case when signal_score >= {high} then 'high' else 'medium' end as band,
    {reasons} as reasons,
    {began} as began
from scored
where signal_score >= {medium}
"""

_ROWS = """
with joined as (
    select
        l.*,
        coalesce(s.churn_probability, 1) as churn_score,
        s.value_at_risk,
        round(s.value_at_risk * coalesce(s.churn_probability, 1), 2) as expected_loss,
        s.tier,
        coalesce(s.marketing_consent, 'granted') <> 'withdrawn' as may_contact,
        owned.owner,
        {strategy} as strategy_code
    from strata_life as l
    inner join strata_stakes as s on s.customer_id = l.customer_id
    left join ({assigned}) as owned on owned.customer_id = l.customer_id
),
ranked as (
    select
        *,
        state in ('new', 'open') as waits,
        row_number() over (partition by state in ('new', 'open') order by expected_loss desc, customer_id) as place,
        row_number() over (
            partition by state in ('new', 'open'), owner order by expected_loss desc, customer_id
        ) as place_of_owner
    from joined
)
select
    customer_id, warning_id, churn_score, signal_score, band, reasons, value_at_risk, expected_loss,
    case when waits then place end as priority_rank,
    coalesce(waits and place_of_owner <= {capacity}, false) as within_capacity,
    may_contact, tier, owner, strategy_code, state, first_warned_on, contacted_on, closed_on
from ranked
"""
