"""Tiers: one for each customer in each scheme, with hysteresis and minimum stay, since when, and why.

The state is walked over the first days of the months before as_of and as_of itself, each scored on the facts before
that day only: a pure function of data and settings, no earlier run is read. On a customer's first day the tier follows
the points. Points are in scorecard.py, the words in reasons.py.
"""

from datetime import date

import duckdb

from orchestration.logic.segmentation.features import build_features, drop_temporary
from orchestration.logic.segmentation.grid import month_starts
from orchestration.logic.segmentation.reasons import missing_inputs, reason
from orchestration.logic.segmentation.scorecard import Weights, scored, todays_features, weights_in_force, weights_table
from orchestration.logic.segmentation.store import literal, replace_day
from orchestration.settings.criteria import Scheme
from orchestration.settings.insights import InsightSettings


def customer_tiers(con: duckdb.DuckDBPyConnection, as_of: date, settings: InsightSettings) -> int:
    """Writes insights.customer_tiers of `as_of`, all schemes, from insights.customer_features and the marts. Returns
    the rows."""
    days = month_starts(as_of, settings.criteria.history.months)
    _make_history(con, days, as_of, settings)
    parts = []
    for place, (scheme_id, scheme) in enumerate(settings.criteria.schemes_on(as_of).items()):
        con.execute(f"create or replace temp table strata_scores_{place} as {scored('from strata_history', scheme)}")
        weights = weights_in_force(con, f"strata_scores_{place}", scheme)
        _make_totals(con, place, scheme, weights)
        _walk(con, place, [*days, as_of], scheme)
        parts.append(_rows(place, scheme_id, scheme, as_of, weights))
    rows = replace_day(con, "customer_tiers", as_of, " union all ".join(parts), settings.criteria_version)
    for table in (
        "history",
        *(f"{kind}_{place}" for place in range(len(parts)) for kind in ("scores", "totals", "tiers")),
    ):
        con.execute(f"drop table temp.strata_{table}")
    return rows


def _make_history(con: duckdb.DuckDBPyConnection, days: list[date], as_of: date, settings: InsightSettings) -> None:
    """The temporary table strata_history: the scored features on the grid days and on as_of."""
    schemes = settings.criteria.schemes_on(as_of).values()
    used = {criterion.feature for scheme in schemes for criterion in scheme.criteria.values()}
    columns = ", ".join(["as_of", "customer_id", *sorted(used)])
    past = build_features(con, days, as_of, settings, used)
    con.execute(
        f"create or replace temp table strata_history as select {columns} from ({past}) "
        f"union all select {columns} from ({todays_features(as_of)})"
    )
    drop_temporary(con)


def _make_totals(con: duckdb.DuckDBPyConnection, place: int, scheme: Scheme, weights: Weights) -> None:
    """strata_totals: points, and the rank (0 is the best tier) they give as they are and by the hysteresis."""
    count = len(scheme.criteria)
    total = " + ".join(f"p{i} * cast(w{i} as decimal(9, 6))" for i in range(count))
    con.execute(
        f"""create or replace temp table strata_totals_{place} as
        with totals as (
            select s.as_of, s.customer_id, cast({total} as decimal(12, 6)) as total_points
            from strata_scores_{place} as s
            inner join {weights_table(weights, count)} on w.as_of = s.as_of
        )
        select
            totals.*,
            {_rank("total_points", scheme)} as natural_rank,
            {_rank(f"total_points - {scheme.hysteresis_points}", scheme)} as rank_if_rising,
            {_rank(f"total_points + {scheme.hysteresis_points}", scheme)} as rank_if_falling
        from totals"""
    )


def _rank(points: str, scheme: Scheme) -> str:
    branches = " ".join(
        f"when {points} >= {tier.at_least} then {rank}"
        for rank, tier in enumerate(scheme.tiers)
        if tier.at_least is not None
    )
    return f"case {branches} else {len(scheme.tiers) - 1} end"


def _walk(con: duckdb.DuckDBPyConnection, place: int, days: list[date], scheme: Scheme) -> None:
    """Fills strata_tiers (grain: day, customer), one statement a day, each from the state of the day before it."""
    con.execute(
        f"create or replace temp table strata_tiers_{place} (as_of date, customer_id varchar, "
        "total_points decimal(12, 6), natural_rank integer, rank integer, "
        "since date, previous_rank integer, held_by varchar)"
    )
    for before, day in zip([None, *days], days, strict=False):
        con.execute(
            f"insert into strata_tiers_{place} by name "
            + _STEP.format(place=place, day=literal(day), before=literal(before), stay=scheme.minimum_stay_months)
        )


# A move must clear the bound by the hysteresis; after a move seen in the history the customer stays for the minimum.
_STEP = """
with joined as (
    select
        now.*, old.rank as old_rank, old.since as old_since, old.previous_rank as old_previous,
        case
            when old.rank is null or now.natural_rank = old.rank then now.natural_rank
            when now.natural_rank < old.rank then least(old.rank, now.rank_if_rising)
            else greatest(old.rank, now.rank_if_falling)
        end as wanted_rank,
        coalesce(old.previous_rank is not null and {day} < old.since + interval ({stay}) month, false) as must_stay
    from strata_totals_{place} as now
    left join strata_tiers_{place} as old on old.customer_id = now.customer_id and old.as_of = {before}
    where now.as_of = {day}
),
decided as (
    select joined.*, case when must_stay then old_rank else wanted_rank end as rank from joined
)
select
    as_of, customer_id, total_points, natural_rank, rank,
    case when rank = old_rank then old_since else as_of end as since,
    case when old_rank is null then null when rank = old_rank then old_previous else old_rank end as previous_rank,
    case
        when rank = natural_rank then null
        when rank <> wanted_rank then 'minimum_stay'
        else 'hysteresis'
    end as held_by
from decided
"""


def _rows(place: int, scheme_id: str, scheme: Scheme, as_of: date, weights: Weights) -> str:
    """SQL of the day's rows: tier codes, reasons, missing inputs."""
    codes = (
        "case {} "
        + " ".join(f"when {rank} then {literal(tier.code)}" for rank, tier in enumerate(scheme.tiers))
        + " end"
    )
    zh, en = reason(scheme, "zh"), reason(scheme, "en")
    return f"""
        select
            customer_id, {literal(scheme_id)} as scheme_id, {codes.format("rank")} as tier, total_points,
            {codes.format("natural_rank")} as points_tier, held_by, since as tier_since,
            {codes.format("previous_rank")} as previous_tier,
            reason_zh || ' / ' || reason_en as tier_reason, reason_zh as tier_reason_zh, reason_en as tier_reason_en,
            missing_inputs
        from (
            select
                t.*, {zh} as reason_zh, {en} as reason_en,
                {missing_inputs(scheme, weights.get(as_of))} as missing_inputs
            from strata_tiers_{place} as t
            inner join strata_scores_{place} as s on s.customer_id = t.customer_id and s.as_of = t.as_of
            inner join {weights_table(weights, len(scheme.criteria))} on w.as_of = t.as_of
            where t.as_of = {literal(as_of)}
        )
    """
