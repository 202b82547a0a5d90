"""The linking model: how often each level of agreement is seen in one person's records (m) and in two persons' (u).

Fellegi and Sunter (1969) as Splink applies it, learned without labels: the comparison patterns of all pairs that the blocking
rules find are counted, and expectation–maximisation (Dempster, Laird and Rubin 1977) runs on the counts. u comes from all pairs
of a fixed sample; the share of matches among all pairs is estimated along; pairs that no rule finds count as no matches. The
counts are whole numbers in a fixed order, so the result is the same whatever the order of rows or threads. Splink's own training
stops at levels that nobody shows, and sees one rule's fields at a time.
"""

from __future__ import annotations

import hashlib
import json
import logging
from collections.abc import Collection, Iterable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from splink import DuckDBAPI, Linker

from orchestration.durable import sync
from orchestration.logic.identity import comparisons
from orchestration.logic.identity.expectation import LEAST_PRIOR, SMOOTHING, Patterns, Shares, maximise

logging.getLogger("splink").setLevel(logging.ERROR)

SAMPLE_FOR_RECORDS, SAMPLE_FOR_OPEN = 20_000, 100_000
"""Training looks at the records of so many customers, and at the open pairs of so many, chosen by their hashes. A tenth of
the customers holds a hundredth of the open pairs."""
SAMPLE_FOR_CHANCE = 1_000
"""u is counted over all pairs of so many of these records."""
LEAST_RECORDS = 100
PAIRS_PER_RECORD, LEAST_PAIRS = 6, 500_000
"""So many pairs are looked at: at most by record, at least in all. What a run costs grows with the records, not their square;
ten times as many found nothing more among a hundred thousand customers."""
BLOCKING_RULES = "blocking_rules_to_generate_predictions"
_EVERY_PAIR = {"blocking_rule": "1 = 1", "sql_dialect": "duckdb"}
_DIGITS = 9


class ModelRefused(ValueError):
    """The model that identity.yml names cannot be used. The text says why, and what is allowed."""


@dataclass(frozen=True)
class Model:
    """`levels`: by comparison, per level from the most agreement down (m, u). `in_household`: the same shares in two persons of
    one household, of what these seldom share. `open_matches`: pairs of one person that the keys leave open, by customer;
    `households`: pairs of two persons of one household of each kind of RELATIVES, by pair of one person. `fields`: those that
    were filled. `records`: how many it was trained on."""

    fields: tuple[str, ...]
    levels: dict[str, list[tuple[float, float]]]
    in_household: dict[str, list[float]]
    open_matches: float
    households: dict[str, float]
    records: int

    @property
    def version(self) -> str:
        """Names the parameters: equal for equal ones."""
        return hashlib.sha256(json.dumps(asdict(self), sort_keys=True).encode()).hexdigest()[:12]

    def settings(self, records: int, rules: Collection[comparisons.Rule]) -> dict[str, Any]:
        """Splink's settings with the parameters, for so many records and these blocking rules."""
        settings = comparisons.settings(self.fields, rules)
        for comparison in settings["comparisons"]:
            pairs = zip(comparisons.levels(comparison), self.levels[comparison["output_column_name"]], strict=True)
            for level, (m, u) in pairs:
                level["m_probability"], level["u_probability"] = m, u
        prior = 2 * self.open_matches / max(records - 1, 1)
        return settings | {"probability_two_random_records_match": min(max(prior, LEAST_PRIOR), 0.5)}

    def contradicts_in(self, comparison: str, levels: int = 1) -> float:
        """How often one person's records contradict each other in it: m of its last level or levels; 1 where it was not
        learned."""
        return sum(m for m, _ in self.levels[comparison][-levels:]) if comparison in self.levels else 1.0

    def save(self, folder: Path) -> Path:
        """Writes it under its version, once; earlier ones stay."""
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        path = folder / f"{self.version}.json"
        if not path.exists():
            unfinished = path.with_suffix(".unfinished")
            unfinished.write_text(json.dumps(asdict(self), indent=1, sort_keys=True), encoding="utf-8")
            sync(unfinished)
            unfinished.replace(path)
            sync(folder)
        return path


def load(folder: Path, version: str) -> Model:
    """A kept model. Raises ModelRefused, naming the setting, where there is none, or it was changed or is one of other
    comparisons."""
    path = folder / f"{version}.json"
    if not path.exists():
        kept = ", ".join(sorted(file.stem for file in folder.glob("*.json"))) or "none yet"
        raise ModelRefused(f"identity.yml, model.version: found {version}; allowed are the kept models: {kept}")
    try:
        told = json.loads(path.read_text(encoding="utf-8"))
        levels = {name: [(float(m), float(u)) for m, u in pairs] for name, pairs in told["levels"].items()}
        in_household = {name: [float(share) for share in shares] for name, shares in told["in_household"].items()}
        households = {kind: float(share) for kind, share in told["households"].items() if kind in comparisons.RELATIVES}
        model = Model(
            tuple(told["fields"]), levels, in_household, float(told["open_matches"]), households, int(told["records"])
        )
        model.settings(model.records, ())
    except (KeyError, TypeError, ValueError) as error:
        raise ModelRefused(
            f"identity.yml, model.version: {path.name} is no model of these comparisons ({error}); leave it empty to learn anew"
        ) from None
    if model.version != version:
        raise ModelRefused(f"identity.yml, model.version: {path.name} was changed after it was learned")
    return model


def train(records: pa.Table, customers: pa.Table, count_customers: int) -> Model | None:
    """Learns m and u from records; and from the customers that the keys made of them how many matches are open, and m of what
    is a key too, where equal values would have linked two already and different ones say little, and of OF_CUSTOMERS.

    Both frames have `unique_id` and FIELDS, customers OF_CUSTOMERS too. `count_customers`: of how many these are a sample. None
    where no pair can be looked at.
    """
    fields = tuple(name for name in comparisons.FIELDS if records[name].null_count < records.num_rows)
    of_records = comparisons.settings(fields, affordable(records, fields))
    lists = tuple(name for name in comparisons.OF_CUSTOMERS if _is_told(customers[name]))
    of_customers = comparisons.settings((*fields, *lists), affordable(customers, (*fields, *lists)))
    if not of_records["comparisons"] or not of_records[BLOCKING_RULES]:
        return None
    known, added = _sizes(of_records), {name: _sizes(of_customers)[name] for name in lists}
    patterns = _patterns(records, of_records, known)
    if not len(patterns.counts):
        return None
    chance = _by_chance(records, of_records, known)
    first = Shares(_first_guesses(known), {})
    learned = maximise(patterns, chance, first, list(known)).shares
    chance |= _by_chance(customers, of_customers, added)
    m = learned.m | _first_guesses(added)
    open_patterns = _patterns(customers, of_customers, [*known, *added])
    open_to_learn = [name for name in m if name in (*comparisons.KEYS, *added)] if len(open_patterns.counts) else []
    seldom = {name: chance[name] for name in comparisons.SELDOM_SHARED if name in chance}
    found = maximise(open_patterns, chance, Shares(m, seldom), open_to_learn)
    m = found.shares.m
    levels = {
        name: [
            (round(float(a), _DIGITS), round(float(b), _DIGITS))
            for a, b in zip(m[name][::-1], chance[name][::-1], strict=True)
        ]
        for name in m
    }
    in_household = {
        name: [round(float(share), _DIGITS) for share in shares[::-1]]
        for name, shares in found.shares.in_household.items()
    }
    of_all = found.matches / customers.num_rows * count_customers / customers.num_rows
    households = {
        kind: round(pairs / found.matches, _DIGITS) if found.matches else 0.0
        for kind, pairs in found.households.items()
    }
    return Model((*fields, *lists), levels, in_household, round(of_all, _DIGITS), households, records.num_rows)


def affordable(records: pa.Table, fields: Collection[str]) -> list[comparisons.Rule]:
    """The blocking rules for these records, the first ones first, as long as their pairs are not too many."""
    kept, left = [], max(LEAST_PAIRS, PAIRS_PER_RECORD * records.num_rows)
    with duckdb.connect() as con:
        con.register("records", records)
        for rule in comparisons.usable(fields):
            row = con.execute(_pairs_of(rule)).fetchone()
            pairs = int(row[0]) if row else 0
            if pairs <= left:
                kept.append(rule)
                left -= pairs
    return kept


def _pairs_of(rule: comparisons.Rule) -> str:
    """SQL: how many pairs of `records` a rule finds; those of which each has what the other should have count twice."""
    one, other = ({f"part_{place}": part for place, part in enumerate(side)} for side in comparisons.sides(rule))
    blocks = [
        f"select {', '.join(f'{part} as {name}' for name, part in side.items())}, count(*) as size from {_exploded(rule)}"
        f" where {' and '.join(f'{part} is not null' for part in side.values())} group by all"
        for side in (one, other)
    ]
    if one == other:
        return f"select coalesce(sum(size * (size - 1) // 2), 0) from ({blocks[0]})"
    return (
        f"select coalesce(sum(a.size * b.size), 0) from ({blocks[0]}) a join ({blocks[1]}) b using ({', '.join(one)})"
    )


def _exploded(rule: comparisons.Rule) -> str:
    """The records, or one row for each of their near hours."""
    near = comparisons.NEAR
    return f"(select * exclude ({near}), unnest({near}) as {near} from records)" if near in rule else "records"


def linker(
    records: pa.Table, settings: dict[str, Any], name: str = "compared"
) -> tuple[Linker, duckdb.DuckDBPyConnection]:
    """Splink over these records, in a database of its own that ends with the connection."""
    con = duckdb.connect()
    return Linker(DuckDBAPI(con).register(records, table_name=name), settings, log_level=logging.ERROR), con


def _patterns(rows: pa.Table, settings: dict[str, Any], names: Iterable[str]) -> Patterns:
    """Of the pairs that blocking finds."""
    names = list(names)
    if not settings[BLOCKING_RULES]:
        return Patterns({name: np.zeros(0, dtype=np.int64) for name in names}, np.zeros(0), rows.num_rows)
    found, con = linker(rows, _told_by_weight(settings))
    with con:
        pairs = found.inference.predict().physical_name
        told = ", ".join(_level(name, size) for name, size in _sizes(settings).items() if name in names)
        table = con.execute(f"select {told}, count(*) as pairs from {pairs} group by all order by all").fetchnumpy()
    levels = {name: np.asarray(table[name], dtype=np.int64) for name in names}
    return Patterns(levels, np.asarray(table["pairs"], dtype=np.float64), rows.num_rows)


def _by_chance(rows: pa.Table, settings: dict[str, Any], sizes: dict[str, int]) -> dict[str, np.ndarray]:
    """u: how often two rows agree on each level, by comparison, over all pairs of a sample chosen by hash."""
    if not sizes:
        return {}
    with duckdb.connect() as con:
        con.register("rows", rows)
        query = f"from rows order by hash({comparisons.ID}), {comparisons.ID} limit {SAMPLE_FOR_CHANCE}"
        sample = con.execute(query).to_arrow_table()
    asked = [one for one in settings["comparisons"] if one["output_column_name"] in sizes]
    all_pairs = _told_by_weight(settings | {"comparisons": asked}) | {BLOCKING_RULES: [_EVERY_PAIR]}
    found, con = linker(sample, all_pairs)
    shares = {}
    with con:
        pairs = found.inference.predict().physical_name
        for name, size in sizes.items():
            table = con.execute(
                f"select {_level(name, size)}, count(*) as pairs from {pairs} group by all"
            ).fetchnumpy()
            known = np.asarray(table[name]) >= 0
            seen = np.full(size, SMOOTHING)
            seen[np.asarray(table[name], dtype=np.int64)[known]] += np.asarray(table["pairs"])[known]
            shares[name] = seen / seen.sum()
    return shares


def _is_told(lists: pa.ChunkedArray) -> bool:
    """Whether any list holds something."""
    return bool(pc.max(pc.list_value_length(lists)).as_py())


def _sizes(settings: dict[str, Any]) -> dict[str, int]:
    """How many levels each comparison has."""
    return {one["output_column_name"]: len(comparisons.levels(one)) for one in settings["comparisons"]}


def _first_guesses(sizes: dict[str, int]) -> dict[str, np.ndarray]:
    """An m to begin with: nine of ten agree."""
    return {name: np.array([0.1 / (size - 1)] * (size - 1) + [0.9]) for name, size in sizes.items()}


def _told_by_weight(settings: dict[str, Any]) -> dict[str, Any]:
    """The same comparisons with weights that name the levels: -1 for the most agreement, -2 for the next. Splink keeps the level
    itself only together with the texts that were compared, and to write these down took as long as to compare them."""
    plain = json.loads(json.dumps(settings)) | {"retain_matching_columns": False}
    for comparison in plain["comparisons"]:
        for place, level in enumerate(comparisons.levels(comparison)):
            level.pop("tf_adjustment_column", None)
            level["m_probability"], level["u_probability"] = 2.0 ** -(place + 2), 0.5
    return plain


def _level(name: str, size: int) -> str:
    """SQL: the level of a comparison of so many, from `_told_by_weight`: 0 for the least agreement, -1 where it knows nothing."""
    return f"case when mw_{name} = 0 then -1 else {size} + cast(mw_{name} as integer) end as {name}"
