"""Purchase stages: awareness, interest, decision, purchase; since when each customer is there, and by which fact.

A fact that fulfils a rule holds its stage from its moment for silence_days (without them for ever), an open opportunity
while it is open. Spans that touch are one; the customer stands in the last stage of which a span reaches as_of. So the
entry is computed in closed form from all facts before as_of, and no earlier run is read. Who falls back enters the lower
stage when the higher one ended, unless it began later still.
"""

from datetime import date

import duckdb

from orchestration.logic.segmentation.grid import business_day, business_timezone
from orchestration.logic.segmentation.store import case_by, literal, replace_day
from orchestration.settings.criteria import PurchaseStages, Stage, StageRule
from orchestration.settings.insights import InsightSettings


def purchase_stages(con: duckdb.DuckDBPyConnection, as_of: date, settings: InsightSettings) -> int:
    """Writes insights.purchase_stages of `as_of` from the marts: one row for each customer. Returns the rows."""
    stages, timezone = settings.criteria.purchase_stages, business_timezone(con)
    spans = [
        f"select {rank} as rank, {place} as place, s.* from ({_spans(rule, stage, as_of, timezone)}) as s"
        for rank, stage in enumerate(stages.in_order.values())
        for place, rule in enumerate(stage.rules)
    ]
    con.execute(f"create or replace temp table strata_spans as {' union all '.join(spans)}")
    query = _STAGES.format(as_of_at=_first_moment(as_of, timezone), **_words(stages))
    rows = replace_day(con, "purchase_stages", as_of, query, settings.criteria_version)
    con.execute("drop table temp.strata_spans")
    return rows


def _first_moment(as_of: date, timezone: str) -> str:
    """SQL: the first moment of the business day, as naive UTC."""
    return f"timezone('UTC', timezone({literal(timezone)}, cast({literal(as_of)} as timestamp)))"


def _spans(rule: StageRule, stage: Stage, as_of: date, timezone: str) -> str:
    """SQL: customer_id, happened_at, until (null: for ever) and key of each span in which the rule alone holds the stage."""
    facts = _facts(rule, as_of, timezone)
    if rule.moment == "open":
        return facts
    if rule.at_least > 1:
        reach = f"interval {rule.within_days} day preceding" if rule.within_days else "unbounded preceding"
        facts = f"""
            select customer_id, happened_at, key from (
                select f.*, count(*) over (
                    partition by customer_id order by happened_at range between {reach} and current row
                ) as n
                from ({facts}) as f
            ) where n >= {rule.at_least}
        """
    until = f"happened_at + interval {stage.silence_days} day" if stage.silence_days else "cast(null as timestamp)"
    return f"select customer_id, happened_at, {until} as until, key from ({facts})"


def _facts(rule: StageRule, as_of: date, timezone: str) -> str:
    """SQL: customer_id, happened_at, key of the facts of a rule before as_of; of open opportunities also until."""
    before = f"< {literal(as_of)} and customer_id is not null"
    if rule.facts == "first_seen":
        seen = business_day("first_seen_at", timezone)
        return (
            "select customer_id, first_seen_at as happened_at, cast(null as varchar) as key "
            f"from marts.customers where {seen} {before}"
        )
    if rule.facts == "orders":
        # The key of an order may tell a source's reference to a person: here it stands as the published table shows it.
        return (
            "select customer_id, ordered_at as happened_at, left(sha256(order_key), 32) as key "
            f"from marts.orders where is_counted and order_date {before}"
        )
    if rule.facts == "interactions":
        chosen = _among("kind", rule.kinds) + _among("page_type", rule.pages)
        return (
            "select customer_id, occurred_at as happened_at, interaction_key as key "
            f"from marts.interactions where {business_day('occurred_at', timezone)} {before}{chosen}"
        )
    at = "created_at" if rule.moment == "open" else "closed_at"
    outcome = {"open": "", "won": " and is_won", "lost": " and not is_won"}[str(rule.moment)]
    closed = f"case when {business_day('closed_at', timezone)} < {literal(as_of)} then closed_at end as until"
    until = f", {closed}" if rule.moment == "open" else ""
    return (
        f"select customer_id, {at} as happened_at{until}, opportunity_key as key from marts.opportunities "
        f"where {business_day(at, timezone)} {before}{outcome}{_among('stage', rule.stages)}"
    )


def _among(column: str, names: tuple[str, ...]) -> str:
    """SQL: the column is one of the names, whatever the case."""
    return f" and lower(trim({column})) in ({', '.join(literal(name.lower()) for name in names)})" if names else ""


def _words(stages: PurchaseStages) -> dict[str, str]:
    """SQL of the codes and texts of stages and rules, by rank and place."""
    codes: dict[str, object] = {str(rank): name for rank, name in enumerate(stages.in_order)}
    labels = [stage.label for stage in stages.in_order.values()]
    rules = {
        f"{rank}/{place}": rule
        for rank, stage in enumerate(stages.in_order.values())
        for place, rule in enumerate(stage.rules)
    }
    rank, rule_place = "cast(rank as varchar)", "rank || '/' || place"
    return {
        "stage": case_by(rank, codes),
        "fallen_from": case_by("cast(fallen_rank as varchar)", codes),
        "stage_zh": case_by(rank, {str(i): label.zh for i, label in enumerate(labels)}),
        "stage_en": case_by(rank, {str(i): label.en for i, label in enumerate(labels)}),
        "rule": case_by(rule_place, {key: rule.code for key, rule in rules.items()}),
        "facts": case_by(rule_place, {key: rule.facts for key, rule in rules.items()}),
        "zh": case_by(rule_place, {key: rule.label.zh for key, rule in rules.items()}),
        "en": case_by(rule_place, {key: rule.label.en for key, rule in rules.items()}),
    }


_STAGES = """
with ordered as (
    select
        rank, place, customer_id, happened_at, key,
        coalesce(until, timestamp '9999-12-31') as until
    from strata_spans
    where until is null or until >= happened_at
),
reached as (
    select
        ordered.*,
        max(until) over (
            partition by customer_id, rank order by happened_at, until, place, key
            rows between unbounded preceding and 1 preceding
        ) as reached_before
    from ordered
),
-- A span that begins after all before it have ended opens a new stay in the stage.
numbered as (
    select
        reached.*,
        sum(case when reached_before is null or happened_at > reached_before then 1 else 0 end) over (
            partition by customer_id, rank order by happened_at, until, place, key rows unbounded preceding
        ) as stay
    from reached
),
stays as (
    select
        customer_id, rank,
        min(happened_at) as entered_at,
        max(until) as ended_at,
        first(place order by happened_at, until, place, key) as place,
        first(key order by happened_at, until, place, key) as key
    from numbered
    group by customer_id, rank, stay
),
held as (
    select * from stays where ended_at > {as_of_at}
    qualify row_number() over (partition by customer_id order by rank desc) = 1
),
standing as (
    select
        customers.customer_id,
        coalesce(held.rank, 0) as rank,
        held.place,
        held.key,
        held.entered_at
    from marts.customers as customers
    left join held on held.customer_id = customers.customer_id
),
fallen as (
    select
        stays.customer_id,
        max(stays.ended_at) as fallen_at,
        first(stays.rank order by stays.ended_at desc, stays.rank desc) as fallen_rank
    from stays
    inner join standing on standing.customer_id = stays.customer_id and stays.rank > standing.rank
    group by stays.customer_id
),
told as (
    select
        standing.* exclude (entered_at),
        standing.entered_at as fact_at,
        greatest(standing.entered_at, fallen.fallen_at) as entered_at,
        case when fallen.fallen_at > standing.entered_at or standing.entered_at is null then fallen.fallen_rank end
            as fallen_rank
    from standing
    left join fallen on fallen.customer_id = standing.customer_id
)
select
    customer_id,
    {stage} as stage,
    {stage_zh} as stage_zh,
    {stage_en} as stage_en,
    entered_at,
    cast(to_json({{
        'rule': {rule}, 'zh': {zh}, 'en': {en}, 'facts': {facts}, 'key': key,
        'at': strftime(fact_at, '%Y-%m-%dT%H:%M:%SZ'), 'fallen_from': {fallen_from}
    }}) as varchar) as evidence
from told
"""
