"""The walk of a scheme over days: points, tiers with hysteresis and minimum stay, each day from the state of the day
before it.

A pure function of features and settings, no earlier run is read. On a customer's first day the tier follows the points.
What is published of it: tiers.py (the tiers of a day), tier_changes.py (why they moved), plan.py (what would move).
"""

from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal

import duckdb

from orchestration.logic.segmentation.scorecard import Weights, scored, weights_in_force, weights_table
from orchestration.logic.segmentation.store import literal
from orchestration.settings.criteria import CriteriaFile, Scheme


@dataclass(frozen=True)
class Walk:
    """One scheme walked over some days. Its temporary tables, grain day and customer:

    - scores: v<i>, b<i>, p<i> of criterion number i (see scorecard.py);
    - tiers: total_points, natural_rank (by the points alone), rank (0 is the best tier), since, previous_rank, held_by.
    """

    name: str
    scheme: Scheme
    weights: Weights

    @property
    def scores(self) -> str:
        return f"strata_scores_{self.name}"

    @property
    def tiers(self) -> str:
        return f"strata_tiers_{self.name}"

    def with_hysteresis(self, points: Decimal) -> "Walk":
        """The same walk by another hysteresis, to be stepped over."""
        return replace(self, scheme=self.scheme.model_copy(update={"hysteresis_points": points}))

    def drop(self, con: duckdb.DuckDBPyConnection) -> None:
        for table in (self.scores, self.tiers):
            con.execute(f"drop table temp.{table}")


def walk(con: duckdb.DuckDBPyConnection, name: str, scheme: Scheme, features: str, days: list[date]) -> Walk:
    """Walks `scheme` over `days` (rising) by the features of the relation `features` (as_of, customer_id and every
    feature of the scheme). Call `drop` when done."""
    con.execute(f"create or replace temp table strata_scores_{name} as {scored(_of_days(features, days), scheme)}")
    walked = Walk(name, scheme, weights_in_force(con, f"strata_scores_{name}", scheme))
    step_over(con, walked, days)
    return walked


def step_over(con: duckdb.DuckDBPyConnection, walked: Walk, days: list[date]) -> None:
    """Fills the table of tiers, one statement a day, from the scores that are there already."""
    con.execute(f"create or replace temp table strata_totals as {_totals(walked)}")
    con.execute(
        f"create or replace temp table {walked.tiers} (as_of date, customer_id varchar, "
        "total_points decimal(12, 6), natural_rank integer, rank integer, "
        "since date, previous_rank integer, held_by varchar)"
    )
    for before, day in zip([None, *days], days, strict=False):
        con.execute(
            f"insert into {walked.tiers} by name "
            + _STEP.format(
                tiers=walked.tiers, day=literal(day), before=literal(before), stay=walked.scheme.minimum_stay_months
            )
        )
    con.execute("drop table temp.strata_totals")


def used_features(*criteria: CriteriaFile) -> set[str]:
    """The features that any scheme of the criteria looks at."""
    return {
        criterion.feature
        for file in criteria
        for scheme in file.schemes.values()
        for criterion in scheme.criteria.values()
    }


def code_of_rank(column: str, scheme: Scheme) -> str:
    """SQL of the tier's code by its rank."""
    branches = " ".join(f"when {rank} then {literal(tier.code)}" for rank, tier in enumerate(scheme.tiers))
    return f"case {column} {branches} end"


def _of_days(features: str, days: list[date]) -> str:
    return f"from {features} where as_of in ({', '.join(literal(day) for day in days)})"


def _totals(walked: Walk) -> str:
    """SQL: points, and the rank that they give as they are and by the hysteresis."""
    scheme, count = walked.scheme, len(walked.scheme.criteria)
    total = " + ".join(f"p{i} * cast(w{i} as decimal(9, 6))" for i in range(count))
    return f"""
        with totals as (
            select s.as_of, s.customer_id, cast({total} as decimal(12, 6)) as total_points
            from {walked.scores} as s
            inner join {weights_table(walked.weights, count)} on w.as_of = s.as_of
        )
        select
            totals.*,
            {_rank("total_points", scheme)} as natural_rank,
            {_rank(f"total_points - {scheme.hysteresis_points}", scheme)} as rank_if_rising,
            {_rank(f"total_points + {scheme.hysteresis_points}", scheme)} as rank_if_falling
        from totals
    """


def _rank(points: str, scheme: Scheme) -> str:
    branches = " ".join(
        f"when {points} >= {tier.at_least} then {rank}"
        for rank, tier in enumerate(scheme.tiers)
        if tier.at_least is not None
    )
    return f"case {branches} else {len(scheme.tiers) - 1} end"


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
    from strata_totals as now
    left join {tiers} as old on old.customer_id = now.customer_id and old.as_of = {before}
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
