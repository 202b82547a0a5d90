"""What the churn model learns from where outcomes are known (marts.outcomes): who left and who stayed, by their latest
word, with what was known before it.

A customer's features are those of the first of the month that begins before the day of the outcome, so that no fact of the
outcome itself, nor of its month, is among them: those of frame.py, and the traits, as numbers or as their frequent values.
Customers need no orders. No model lives here.
"""

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from typing import Any

import duckdb
import numpy as np

from orchestration.logic.churn.frame import NAMES, Part, found_features, matrix
from orchestration.logic.segmentation.features import DAYS_AT_ONCE
from orchestration.logic.segmentation.grid import business_day, business_timezone
from orchestration.logic.segmentation.store import literal, values, words
from orchestration.settings.insights import InsightSettings


@dataclass(frozen=True)
class Column:
    """One column after NAMES: a trait as a number (`value` is None), or whether the trait has this value."""

    trait: str
    value: str | None


@dataclass(frozen=True)
class Contracts:
    """Customers with a known outcome, sorted by id: features (NAMES, then `columns`), who left, and the fold of each.

    `told`: counts for the model's card.
    """

    part: Part
    fold: np.ndarray
    columns: tuple[Column, ...]
    told: dict[str, Any]

    @property
    def sha256(self) -> str:
        """Of features, outcomes and folds; no id is in it."""
        digest = hashlib.sha256(repr(self.columns).encode() + np.round(self.part.x, 9).tobytes())
        digest.update(self.part.left.tobytes() + self.fold.astype(np.int64).tobytes())
        return digest.hexdigest()

    def rows(self, folds: Iterable[int]) -> Part:
        chosen = np.isin(self.fold, list(folds))
        return Part(self.part.x[chosen], self.part.left[chosen])


def make_contracts(con: duckdb.DuckDBPyConnection, as_of: date, settings: InsightSettings) -> Contracts | None:
    """The customers with an outcome before `as_of`; None where fewer than minimum_outcomes left, or stayed."""
    contract = settings.churn.contract
    told = _make_latest(con, as_of, settings)
    con.execute(
        "create or replace temp table strata_contract_people as "
        + _LABELLED.format(
            as_of=literal(as_of),
            months=contract.months,
            seed=contract.seed,
            folds=contract.folds,
            sample=settings.churn.model.sample_size,
        )
    )
    rows = con.execute(
        "select customer_id, has_left, fold from strata_contract_people order by customer_id"
    ).fetchnumpy()
    left = np.asarray(rows["has_left"], dtype=bool)
    if min(left.sum(), len(left) - left.sum()) < contract.minimum_outcomes:
        _drop(con)
        return None
    columns, late = _columns(con, as_of, settings)
    ids, x = _features(con, as_of, settings, columns)
    order = np.argsort(np.asarray(rows["customer_id"]))
    assert (np.asarray(rows["customer_id"])[order] == ids).all()
    told |= {"left": int(left.sum()), "stayed": int(len(left) - left.sum()), "traits_recorded_late": late}
    _drop(con)
    return Contracts(Part(x, left[order]), np.asarray(rows["fold"])[order], columns, told)


def make_scored(
    con: duckdb.DuckDBPyConnection, as_of: date, settings: InsightSettings, columns: tuple[Column, ...]
) -> tuple[np.ndarray, np.ndarray]:
    """Ids and features on `as_of` of every customer whose latest outcome is not that they left; sorted by id."""
    _make_latest(con, as_of, settings)
    con.execute(
        "create or replace temp table strata_contract_people as "
        f"select customer_id, {literal(as_of)} as day from marts.customers "
        "where customer_id not in (select customer_id from strata_contract_latest where has_left) "
    )
    found = _features(con, as_of, settings, columns)
    _drop(con)
    return found


def _make_latest(con: duckdb.DuckDBPyConnection, as_of: date, settings: InsightSettings) -> dict[str, Any]:
    """The temporary table strata_contract_latest: customer_id, day and has_left of the latest known outcome. Returns how
    many outcomes have a word that is neither."""
    contract = settings.churn.contract
    outcomes = _OUTCOMES.format(
        day=business_day("occurred_at", business_timezone(con)),
        as_of=literal(as_of),
        churned=words(contract.churned),
        retained=words(contract.retained),
    )
    con.execute(f"create or replace temp table strata_contract_latest as {_LATEST.format(outcomes=outcomes)}")
    (unknown,) = con.execute(f"select count(*) from ({outcomes}) where has_left is null").fetchall()[0]
    return {"outcomes_with_another_word": unknown}


def _columns(con: duckdb.DuckDBPyConnection, as_of: date, settings: InsightSettings) -> tuple[tuple[Column, ...], int]:
    """The columns made of traits, and how many traits were left out because they were recorded too late."""
    contract = settings.churn.contract
    known = _known(con, as_of, settings)
    con.execute(
        "create or replace temp table strata_contract_traits as "
        + _TRAITS.format(
            known=known,
            least=contract.value_customers,
            late=contract.late_at_most,
            numeric=contract.numeric_from,
            most=contract.traits_at_most,
        )
    )
    query = _COLUMNS.format(known=known, least=contract.value_customers, most=contract.values_at_most)
    columns = tuple(Column(trait, value) for trait, value in con.execute(query).fetchall())
    (late,) = con.execute("select count(*) from strata_contract_traits where is_late").fetchall()[0]
    con.execute("drop table temp.strata_contract_traits")
    return columns, late


def _features(
    con: duckdb.DuckDBPyConnection, as_of: date, settings: InsightSettings, columns: tuple[Column, ...]
) -> tuple[np.ndarray, np.ndarray]:
    """Ids and features of strata_contract_people, each on its day; sorted by id."""
    days = [day for (day,) in con.execute("select distinct day from strata_contract_people order by 1").fetchall()]
    parts = [
        found_features(con, days[start : start + DAYS_AT_ONCE], as_of, settings, _PEOPLE)
        for start in range(0, len(days), DAYS_AT_ONCE)
    ]
    if not parts:
        return np.empty(0, dtype=object), np.empty((0, len(NAMES) + len(columns)))
    ids = np.concatenate([np.asarray(part["customer_id"], dtype=object) for part in parts])
    order = np.argsort(ids)
    x = np.concatenate([matrix(part) for part in parts])[order]
    return ids[order], np.column_stack([x, _traits(con, as_of, settings, columns, ids[order])])


def _traits(
    con: duckdb.DuckDBPyConnection,
    as_of: date,
    settings: InsightSettings,
    columns: tuple[Column, ...],
    ids: np.ndarray,
) -> np.ndarray:
    """Rows x columns: a number (NaN where unknown), or 1 where the trait has the value and else 0."""
    x = np.tile([np.nan if column.value is None else 0.0 for column in columns], (len(ids), 1))
    if columns:
        listed = values("c(place, trait, named)", [(i, c.trait, c.value) for i, c in enumerate(columns)])
        found = con.execute(_CELLS.format(known=_known(con, as_of, settings), columns=listed)).fetchnumpy()
        x[np.searchsorted(ids, found["customer_id"]), np.asarray(found["place"], dtype=int)] = found["cell"]
    return x


def _known(con: duckdb.DuckDBPyConnection, as_of: date, settings: InsightSettings) -> str:
    return _KNOWN.format(
        recorded=business_day("t.recorded_at", business_timezone(con)),
        as_of=literal(as_of),
        undated=literal(settings.churn.contract.undated_traits),
    )


def _drop(con: duckdb.DuckDBPyConnection) -> None:
    for name in ("latest", "people"):
        con.execute(f"drop table temp.strata_contract_{name}")


_OUTCOMES = """
select
    customer_id, {day} as day,
    case
        when list_contains({churned}, lower(trim(outcome))) then true
        when list_contains({retained}, lower(trim(outcome))) then false
    end as has_left
from marts.outcomes
where customer_id is not null and {day} < {as_of}
"""

# Of two outcomes of one day the worse one holds.
_LATEST = """
select customer_id, day, has_left from ({outcomes}) where has_left is not null
qualify row_number() over (partition by customer_id order by day desc, has_left desc) = 1
"""

_LABELLED = """
select
    customer_id, has_left, cast(date_trunc('month', day - 1) as date) as day,
    cast((row_number() over (partition by has_left order by md5(customer_id || '/{seed}'), customer_id) - 1) % {folds} as integer)
        as fold
from strata_contract_latest
where day >= {as_of} - interval {months} month
qualify row_number() over (order by md5(customer_id), customer_id) <= {sample}
"""

_PEOPLE = """
    select people.day as as_of, people.customer_id
    from strata_contract_people as people inner join strata_grid as days on days.as_of = people.day
"""

# One value a customer and trait, null where it was recorded only from the day on.
_KNOWN = """
select
    p.customer_id, lower(trim(t.trait)) as trait,
    first(lower(trim(t.value)) order by
        coalesce(lower(trim(t.stated_or_inferred)) = 'stated', false) desc, t.recorded_at desc nulls last, lower(trim(t.value))
    ) filter (where t.recorded_at is null or {recorded} < p.day) as value
from strata_contract_people as p
inner join marts.traits as t on t.customer_id = p.customer_id
where trim(t.trait) <> '' and trim(t.value) <> '' and coalesce({recorded} < {as_of}, {undated})
group by p.customer_id, lower(trim(t.trait))
"""

_TRAITS = """
select
    trait, count(value) as customers,
    count(*) - count(value) > {late} * count(*) as is_late,
    count(*) filter (isfinite(try_cast(value as double))) >= {numeric} * count(value) as is_number
from ({known})
group by trait
having count(*) >= {least}
qualify row_number() over (partition by is_late order by customers desc, trait) <= {most}
"""

_COLUMNS = """
with named as (
    select traits.trait, traits.customers, known.value, count(*) as count_value
    from ({known}) as known
    inner join strata_contract_traits as traits on traits.trait = known.trait
    where not traits.is_late and not traits.is_number and known.value is not null
    group by traits.trait, traits.customers, known.value
    having count(*) >= {least}
    qualify row_number() over (partition by traits.trait order by count_value desc, known.value) <= {most}
)
select trait, value from (
    select trait, customers, value, count_value from named
    union all
    select trait, customers, null, customers from strata_contract_traits where is_number and not is_late
)
order by customers desc, trait, count_value desc, value
"""

_CELLS = """
select known.customer_id, c.place, if(c.named is null, try_cast(known.value as double), 1.0) as cell
from ({known}) as known
inner join {columns} on c.trait = known.trait and (c.named = known.value or c.named is null)
where c.named is not null or isfinite(try_cast(known.value as double))
"""
