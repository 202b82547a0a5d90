"""Effects: classes by month, interventions, migration, allocation, funnel, forecast, drivers, advice, drift, themes.

Part of the suite of insights, which adds what holds for all of its tables.
"""

from collections.abc import Mapping

from quality.checks import Rule, Table, at_most, between, in_set, no_rows, not_null, unique
from quality.suites.of_the_day import of_the_day

HISTORY = of_the_day("tier_history", may_be_empty=True)
EVALUATION = of_the_day("effect_evaluation")
CUBE = of_the_day("effect_cube", may_be_empty=True)
CHANGES = of_the_day("criteria_changes")
MIGRATION = of_the_day("tier_migration", may_be_empty=True)
ALLOCATION = of_the_day("tier_allocation")
FUNNEL = of_the_day("funnel")
FORECAST = of_the_day("class_forecast", may_be_empty=True)
DRIVERS = of_the_day("conversion_drivers", may_be_empty=True)
ADVICE = of_the_day("threshold_advice")
DRIFT = of_the_day("feature_drift")
THEMES = of_the_day("feedback_themes", may_be_empty=True)
TABLES = (HISTORY, EVALUATION, CUBE, CHANGES, MIGRATION, ALLOCATION, FUNNEL, FORECAST, DRIVERS, ADVICE, DRIFT, THEMES)

GRAINS = (
    (HISTORY, "day", "scheme_id", "customer_id"),
    (EVALUATION, "period", "scheme_id", "class", "metric"),
    (CUBE, "period", "tier", "owner", "channel"),
    (CHANGES, "change_number", "metric"),
    (MIGRATION, "scheme_id", "period", "from_tier", "to_tier"),
    (ALLOCATION, "scheme_id", "tier"),
    (FUNNEL, "funnel", "stage"),
    (FORECAST, "scheme_id", "class", "measure", "month"),
    (DRIVERS, "population", "behaviour", "value"),
    (ADVICE, "scheme_id", "criterion", "kind", "point"),
    (DRIFT, "subject_kind", "subject"),
    (THEMES, "scheme_id", "tier", "theme"),
)
VERDICTS = ("increased", "decreased", "no_detectable_effect", "too_few", "not_over")
SHARES_OUT_OF_RANGE = """
select 1 from {batch} where value not between 0 and 1
    and (
        metric in ('conversion_rate', 'feedback_rate', 'response_rate', 'win_rate', 'repeat_buyer_rate')
        or metric like 'repeat_rate_%'
    )
"""
# Written by the run's own customers: nobody falls out of the classes.
ALLOCATION_LOSES = """
select 1 from {batch} group by scheme_id having sum(count_customers) <> (select count(*) from marts.customers)
"""
MIGRATION_LOSES = f"""
with ends as (
    select scheme_id, day, count(*) as n from ({HISTORY.rows}) as history group by scheme_id, day
)
select 1 from {{batch}} as moves inner join ends on ends.scheme_id = moves.scheme_id and ends.day = moves.period_end
group by moves.scheme_id, moves.period, ends.n having sum(moves.count_customers) <> ends.n
"""
# Everybody known when a month began is in one cell of its cube.
CUBE_LOSES = f"""
with starts as (
    select day, count(distinct customer_id) as n from ({HISTORY.rows}) as history group by day
)
select 1 from {{batch}} as cells inner join starts on starts.day = cells.period_start
group by cells.period, starts.n having sum(cells.count_customers) <> starts.n
"""
CUBE_TELLS_SMALL = """
select 1 from {batch} where is_small and (conversion_rate is not null or net_amount_per_customer is not null)
    or count_buyers > count_customers or count_repeat_90 > count_buyers
"""
# Each set of criteria follows another one and ends where the next begins; the last is that of the day.
CHANGES_BROKEN = """
with sets as (
    select distinct
        change_number, changed_to, changed_from, valid_to, valid_from, criteria_version, as_of
    from {batch}
)
select 1 from sets left join sets as later on later.change_number = sets.change_number + 1
where sets.valid_to is distinct from later.valid_from or sets.valid_from > sets.as_of
    or (later.change_number is not null and later.changed_from is distinct from sets.changed_to)
    or (later.change_number is null and sets.changed_to <> sets.criteria_version)
    or (sets.change_number = 1) <> (sets.changed_from is null)
"""
FUNNEL_WIDENS = """
select 1 from {batch} as earlier inner join {batch} as later
on later.funnel = earlier.funnel and later.stage_order = earlier.stage_order + 1
where earlier.funnel <> 'opportunities' and later.count_reached > earlier.count_reached
"""
FULLEST_CAPACITY = f"select coalesce(max(capacity_used), 0.0) as observed from ({ALLOCATION.rows}) as tiers"
LARGEST_PSI = f"select coalesce(max(psi), 0.0) as observed from ({DRIFT.rows}) as subjects"


def effect_rules(thresholds: Mapping[str, float]) -> list[Rule]:
    """The checks of these tables, in the order of the tables."""
    return [
        *(unique(table, *grain) for table, *grain in GRAINS),
        not_null(HISTORY, "tier"),
        *_evaluation_rules(),
        *_tier_rules(thresholds),
        *_forecast_rules(),
        between(THEMES, "share", 0, 1),
        in_set(DRIFT, "verdict", ("stable", "watch", "shifted", "no_reference")),
        between(DRIFT, "psi", 0, None),
        at_most(
            DRIFT, "largest_psi", LARGEST_PSI, thresholds["insights.largest_psi"],
            "No feature and no tier has moved far from the reference day.", "特征与层级的分布未较参照日大幅偏移。", "warning",
        ),
    ]  # fmt: skip


def _evaluation_rules() -> list[Rule]:
    return [
        in_set(EVALUATION, "kind", ("month", "intervention")),
        in_set(EVALUATION, "verdict", VERDICTS),
        no_rows(
            EVALUATION, "interventions_judged",
            "select 1 from {batch} where (kind = 'intervention') <> (verdict is not null)"
            " or (verdict is null) <> (verdict_zh is null) or (verdict is null) <> (verdict_en is null)",
            "Interventions, and they alone, have a verdict in both languages.", "仅干预有结论,且中英文齐全。",
        ),
        no_rows(
            EVALUATION, "shares_in_range", SHARES_OUT_OF_RANGE,
            "Rates are shares from 0 to 1.", "各比率在 0 至 1 之间。",
        ),
        _ordered(EVALUATION, "difference"),
        no_rows(
            CUBE, "nobody_lost", CUBE_LOSES,
            "Everybody known when a month began is in one cell of it.", "月初的每个客户均在且仅在一个单元格中。",
        ),
        no_rows(
            CUBE, "small_cells_tell_counts_alone", CUBE_TELLS_SMALL,
            "Small cells tell no rates, and parts are no larger than their wholes.", "样本不足的单元格不列比率,部分不超过整体。",
        ),
        in_set(CHANGES, "verdict", VERDICTS),
        not_null(CHANGES, "verdict"),
        _ordered(CHANGES, "difference"),
        no_rows(
            CHANGES, "follow_each_other", CHANGES_BROKEN,
            "Each set of criteria follows the one before it; the last is that of the day.",
            "各版标准首尾相接,最后一版为当日所用。",
        ),
        between(CUBE, "conversion_rate", 0, 1),
        between(CUBE, "repeat_rate_90", 0, 1),
    ]  # fmt: skip


def _ordered(table: Table, value: str) -> Rule:
    return no_rows(
        table, "interval_holds_value", f"select 1 from {{batch}} where {value} < low or {value} > high or low > high",
        f"The interval holds the {value}.", f"区间包含 {value}。",
    )  # fmt: skip


def _tier_rules(thresholds: Mapping[str, float]) -> list[Rule]:
    return [
        between(MIGRATION, "share", 0, 1),
        no_rows(
            MIGRATION, "nobody_lost", MIGRATION_LOSES,
            "Every customer of a month's end came from somewhere, once.", "月末每个客户均有且仅有一条来源。",
        ),
        no_rows(
            ALLOCATION, "every_customer", ALLOCATION_LOSES,
            "The tiers of a scheme hold every customer once.", "每套方案的层级合计等于全部客户。",
        ),
        between(ALLOCATION, "count_touches", 0, None),
        at_most(
            ALLOCATION, "capacity_used", FULLEST_CAPACITY, thresholds["insights.capacity_used"],
            "No tier has more customers than its owners can look after.", "各层级客户数不超过其责任人容量。", "warning",
        ),
        between(FUNNEL, "conversion_to_next", 0, 1),
        no_rows(
            FUNNEL, "narrows", FUNNEL_WIDENS,
            "No stage is reached by more than the one before it.", "后一阶段的到达数不超过前一阶段。",
        ),
        between(ADVICE, "share", 0, 1),
        in_set(ADVICE, "verdict", ("fine", "too_few", "too_many")),
    ]  # fmt: skip


def _forecast_rules() -> list[Rule]:
    return [
        not_null(FORECAST, "value"),
        in_set(FORECAST, "method", ("seasonal_naive", "naive")),
        _ordered(FORECAST, "value"),
        in_set(DRIVERS, "verdict", ("more", "less", "no_detectable_effect")),
        _ordered(DRIVERS, "lift"),
    ]
