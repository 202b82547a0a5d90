"""Scorecard: the band and points of each criterion of a scheme, for any set of days, and the weights in force.

An unknown value gets the lowest band. A criterion that is unknown or zero for everybody on a day distinguishes nobody
(its source has not come): its weight is 0 that day, the others are scaled so that they sum to exactly 1. Tiers are
made in tiers.py.
"""

from collections.abc import Sequence
from datetime import date
from decimal import Decimal
from fractions import Fraction

import duckdb

from orchestration.logic.segmentation.ranks import share_better
from orchestration.logic.segmentation.store import literal, replace_day, values
from orchestration.settings.criteria import Criterion, Scheme
from orchestration.settings.insights import InsightSettings

WEIGHT_UNITS = 1_000_000
Weights = dict[date, list[Decimal]]


def scorecard_points(con: duckdb.DuckDBPyConnection, as_of: date, settings: InsightSettings) -> int:
    """Writes insights.scorecard_points of `as_of`, all schemes, from insights.customer_features. Returns the rows."""
    parts = []
    for place, (scheme_id, scheme) in enumerate(settings.criteria.schemes_on(as_of).items()):
        table = f"strata_scores_{place}"
        con.execute(f"create or replace temp table {table} as {scored(todays_features(as_of), scheme)}")
        parts.append(_long(table, scheme_id, scheme, weights_in_force(con, table, scheme).get(as_of, [])))
    rows = replace_day(con, "scorecard_points", as_of, " union all ".join(parts), settings.criteria_version)
    for place in range(len(parts)):
        con.execute(f"drop table temp.strata_scores_{place}")
    return rows


def todays_features(as_of: date) -> str:
    """SQL of the stored features of one day."""
    return f"select * from insights.customer_features where as_of = {literal(as_of)}"


def scored(features: str, scheme: Scheme) -> str:
    """SQL: as_of, customer_id and, for criterion number i, v<i> (value), b<i> (band code), p<i> (points)."""
    criteria = list(scheme.criteria.values())
    raw = ", ".join(f"{criterion.feature} as v{i}" for i, criterion in enumerate(criteria))
    places = "".join(f", {_band_place(i, criterion)} as k{i}" for i, criterion in enumerate(criteria))
    bands = [criterion.best_first for criterion in criteria]
    named = ", ".join(
        f"v{i}, {_pick(i, [band.code for band in best_first])} as b{i}, "
        f"{_pick(i, [band.points for band in best_first])} as p{i}"
        for i, best_first in enumerate(bands)
    )
    return f"""
        with picked as (select as_of, customer_id, {raw} from ({features})),
        placed as (select *{places} from picked)
        select as_of, customer_id, {named} from placed
    """


def _band_place(i: int, criterion: Criterion) -> str:
    """SQL of the place of the band in best_first (0 is the best)."""
    bands, value = criterion.best_first, f"v{i}"
    branches = [f"when {value} is null then {len(bands) - 1}"]
    if criterion.scale == "value":
        branches += [f"when {_inside(value, '1', band.at_least, band.below)} then {k}" for k, band in enumerate(bands)]
    else:
        higher = criterion.direction == "higher_is_better"
        usable = f"{value} is not null and {value} > 0" if higher else f"{value} is not null"
        better, compared = share_better(value, usable, "as_of", higher)
        branches.append(f"when not ({usable}) then {len(bands) - 1}")
        branches += [
            f"when {_inside(better, compared, band.at_least, band.below)} then {k}" for k, band in enumerate(bands)
        ]
    return f"case {' '.join(branches)} end"


def _inside(value: str, unit: str, at_least: Decimal | None, below: Decimal | None) -> str:
    ends = [
        f"{value} {sign} cast({end} as decimal(18, 6)) * {unit}"
        for sign, end in ((">=", at_least), ("<", below))
        if end is not None
    ]
    return " and ".join(ends) or "true"


def _pick(i: int, choices: Sequence[object]) -> str:
    return f"case k{i} {' '.join(f'when {k} then {literal(choice)}' for k, choice in enumerate(choices))} end"


def weights_in_force(con: duckdb.DuckDBPyConnection, scores: str, scheme: Scheme) -> Weights:
    """The weight of each criterion on each day of the scored table, summing to exactly 1 (all 0 if nothing is
    known)."""
    known = ", ".join(f"coalesce(bool_or(v{i} <> 0), false)" for i in range(len(scheme.criteria)))
    rows = con.execute(f"select as_of, {known} from {scores} group by as_of order by as_of").fetchall()
    return {row[0]: _scaled([c.weight for c in scheme.criteria.values()], list(row[1:])) for row in rows}


def _scaled(weights: list[Decimal], known: list[bool]) -> list[Decimal]:
    total = sum(Fraction(weight) for weight, is_known in zip(weights, known, strict=True) if is_known)
    if not total:
        return [Decimal(0)] * len(weights)
    units = [
        int(Fraction(weight) / total * WEIGHT_UNITS) if is_known else 0
        for weight, is_known in zip(weights, known, strict=True)
    ]
    units[units.index(max(units))] += WEIGHT_UNITS - sum(units)
    return [Decimal(unit) / WEIGHT_UNITS for unit in units]


def weights_table(weights: Weights, count: int) -> str:
    """The weights as the relation w: as_of, w0, w1, … (no customers, no days: one row that joins nothing)."""
    rows = [(day, *row) for day, row in weights.items()] or [(date.max, *([0] * count))]
    return values("w(as_of, " + ", ".join(f"w{i}" for i in range(count)) + ")", rows)


def _long(table: str, scheme_id: str, scheme: Scheme, weights: list[Decimal]) -> str:
    return " union all ".join(
        f"select customer_id, {literal(scheme_id)} as scheme_id, {literal(code)} as criterion, "
        f"cast(v{i} as decimal(28, 4)) as raw_value, "
        f"b{i} as band, p{i} as points, cast({weights[i] if weights else 0} as decimal(9, 6)) as weight from {table}"
        for i, code in enumerate(scheme.criteria)
    )
