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
from splink import DuckDBAPI, Linker

from orchestration.durable import sync
from orchestration.logic.identity import comparisons

logging.getLogger("splink").setLevel(logging.ERROR)

SAMPLE_CUSTOMERS = 20_000
"""Training looks at the records of so many customers, chosen by their hashes."""
SAMPLE_FOR_CHANCE = 1_500
"""u is counted over all pairs of so many of these records."""
LEAST_RECORDS = 100
_LEAST_PRIOR = 1e-12
PAIRS_PER_RECORD, LEAST_PAIRS = 60, 500_000
"""So many pairs are looked at: at most by record, at least in all. What a run costs grows with the records, not their square."""
BLOCKING_RULES = "blocking_rules_to_generate_predictions"
_SMOOTHING = 0.5
_ITERATIONS, _CONVERGED = 500, 1e-6
_DIGITS = 9


@dataclass(frozen=True)
class Model:
    """`levels`: by comparison, per level from the most agreement down (m, u). `open_matches`: pairs of one person that the keys
    leave open, by customer. `fields`: those that were filled. `records`: how many it was trained on."""

    fields: tuple[str, ...]
    levels: dict[str, list[tuple[float, float]]]
    open_matches: float
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
        return settings | {"probability_two_random_records_match": min(max(prior, _LEAST_PRIOR), 0.5)}

    def contradicts_in(self, comparison: str) -> float:
        """How often one person's records contradict each other in it: m of its last level; 1 where it was not learned."""
        return self.levels[comparison][-1][0] if comparison in self.levels else 1.0

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
    """A kept model. Raises ValueError, naming the setting, where there is none, or it was changed or is one of other
    comparisons."""
    path = folder / f"{version}.json"
    if not path.exists():
        kept = ", ".join(sorted(file.stem for file in folder.glob("*.json"))) or "none yet"
        raise ValueError(f"identity.yml, model.version: found {version}; allowed are the kept models: {kept}")
    try:
        told = json.loads(path.read_text(encoding="utf-8"))
        levels = {name: [(float(m), float(u)) for m, u in pairs] for name, pairs in told["levels"].items()}
        model = Model(tuple(told["fields"]), levels, float(told["open_matches"]), int(told["records"]))
        model.settings(model.records, ())
    except (KeyError, TypeError, ValueError) as error:
        raise ValueError(
            f"identity.yml, model.version: {path.name} is no model of these comparisons ({error}); leave it empty to learn anew"
        ) from None
    if model.version != version:
        raise ValueError(f"identity.yml, model.version: {path.name} was changed after it was learned")
    return model


def train(records: pa.Table, customers: pa.Table) -> Model | None:
    """Learns m and u from records; and from the customers that the keys made of them how many matches are open, and m of what
    is a key too: where equal values would have linked two already, different ones say little.

    Both frames have `unique_id` and FIELDS. None where the records are too few or no pair can be looked at.
    """
    fields = tuple(name for name in comparisons.FIELDS if records[name].null_count < records.num_rows)
    settings = comparisons.settings(fields, affordable(records, fields))
    if records.num_rows < LEAST_RECORDS or not settings["comparisons"] or not settings[BLOCKING_RULES]:
        return None
    names = [comparison["output_column_name"] for comparison in settings["comparisons"]]
    sizes = [len(comparisons.levels(comparison)) for comparison in settings["comparisons"]]
    patterns, counts = _patterns(records, settings, names)
    chance = _by_chance(records, settings, names, sizes)
    if not len(counts):
        return None
    of_keys = [column for column, name in enumerate(names) if name in comparisons.KEYS]
    _, m = _maximise(
        patterns, counts, chance, [_first_guess(size) for size in sizes], range(len(names)), records.num_rows
    )
    open_settings = comparisons.settings(fields, affordable(customers, fields))
    open_patterns, open_counts = _patterns(customers, open_settings, names)
    matches, m = _maximise(
        open_patterns, open_counts, chance, m, of_keys if len(open_counts) else (), customers.num_rows
    )
    levels = {
        name: [
            (round(float(a), _DIGITS), round(float(b), _DIGITS)) for a, b in zip(m_of[::-1], u_of[::-1], strict=True)
        ]
        for name, m_of, u_of in zip(names, m, chance, strict=True)
    }
    return Model(fields, levels, round(matches / customers.num_rows, _DIGITS), records.num_rows)


def affordable(records: pa.Table, fields: Collection[str]) -> list[comparisons.Rule]:
    """The blocking rules for these records, the first ones first, as long as their pairs are not too many."""
    kept, left = [], max(LEAST_PAIRS, PAIRS_PER_RECORD * records.num_rows)
    with duckdb.connect() as con:
        con.register("records", records)
        for rule in comparisons.usable(fields):
            known = " and ".join(f"{part} is not null" for part in rule)
            block = f"select count(*) as size from records where {known} group by {', '.join(rule)}"
            row = con.execute(f"select coalesce(sum(size * (size - 1) // 2), 0) from ({block})").fetchone()
            pairs = int(row[0]) if row else 0
            if pairs <= left:
                kept.append(rule)
                left -= pairs
    return kept


def linker(
    records: pa.Table, settings: dict[str, Any], name: str = "compared"
) -> tuple[Linker, duckdb.DuckDBPyConnection]:
    """Splink over these records, in a database of its own that ends with the connection."""
    con = duckdb.connect()
    return Linker(DuckDBAPI(con).register(records, table_name=name), settings, log_level=logging.ERROR), con


def _patterns(records: pa.Table, settings: dict[str, Any], names: list[str]) -> tuple[np.ndarray, np.ndarray]:
    """The different comparison patterns (level by comparison, -1 unknown) of the pairs that blocking finds, with their counts."""
    if not settings[BLOCKING_RULES]:
        return np.zeros((0, len(names)), dtype=np.int64), np.zeros(0)
    found, con = linker(records, _without_weights(settings))
    with con:
        pairs = found.inference.predict().physical_name
        columns = ", ".join(f"gamma_{name}" for name in names)
        table = con.execute(f"select {columns}, count(*) as pairs from {pairs} group by all order by all").fetchnumpy()
    patterns = np.stack([np.asarray(table[f"gamma_{name}"], dtype=np.int64) for name in names], axis=1)
    return patterns, np.asarray(table["pairs"], dtype=np.float64)


def _by_chance(records: pa.Table, settings: dict[str, Any], names: list[str], sizes: list[int]) -> list[np.ndarray]:
    """u: how often two records agree on each level, by comparison, over all pairs of a sample chosen by hash."""
    with duckdb.connect() as con:
        con.register("records", records)
        query = f"from records order by hash({comparisons.ID}), {comparisons.ID} limit {SAMPLE_FOR_CHANCE}"
        sample = con.execute(query).to_arrow_table()
    all_pairs = _without_weights(settings) | {BLOCKING_RULES: [{"blocking_rule": "1 = 1", "sql_dialect": "duckdb"}]}
    found, con = linker(sample, all_pairs)
    shares = []
    with con:
        pairs = found.inference.predict().physical_name
        for name, size in zip(names, sizes, strict=True):
            table = con.execute(
                f"select gamma_{name} as level, count(*) as pairs from {pairs} group by all"
            ).fetchnumpy()
            known = np.asarray(table["level"]) >= 0
            seen = np.full(size, _SMOOTHING)
            seen[np.asarray(table["level"], dtype=np.int64)[known]] += np.asarray(table["pairs"])[known]
            shares.append(seen / seen.sum())
    return shares


def _maximise(
    patterns: np.ndarray,
    counts: np.ndarray,
    chance: list[np.ndarray],
    first: list[np.ndarray],
    learned: Iterable[int],
    records: int,
) -> tuple[float, list[np.ndarray]]:
    """Expectation–maximisation over the patterns, from a first m on: the number of matching pairs, and m by comparison and
    level, changed only in the `learned` comparisons."""
    m, matches, columns = list(first), float(records) / 2, list(learned)
    for _ in range(_ITERATIONS):
        expected = _expected(patterns, counts, m, chance, matches, records)
        before = [matches, *np.concatenate(m)]
        matches = float(expected.sum())
        for column in columns:
            m[column] = _shares(patterns[:, column], expected, len(m[column]))
        moved = np.abs(np.array([matches, *np.concatenate(m)]) - before) / np.maximum(before, 1e-9)
        if moved.max() < _CONVERGED:
            break
    return matches, m


def _expected(
    patterns: np.ndarray,
    counts: np.ndarray,
    m: list[np.ndarray],
    chance: list[np.ndarray],
    matches: float,
    records: int,
) -> np.ndarray:
    """Of the pairs of each pattern how many are expected to match."""
    share = min(max(matches / (records * (records - 1) / 2), _LEAST_PRIOR), 0.5)
    weight = np.full(len(counts), np.log(share / (1 - share)))
    for column, (m_of, u_of) in enumerate(zip(m, chance, strict=True)):
        known = patterns[:, column] >= 0
        weight[known] += np.log(m_of / u_of)[patterns[known, column]]
    return counts / (1 + np.exp(-np.clip(weight, -700, 700)))


def _shares(level: np.ndarray, expected: np.ndarray, size: int) -> np.ndarray:
    known = level >= 0
    seen = np.bincount(level[known], weights=expected[known], minlength=size) + _SMOOTHING
    return seen / seen.sum()


def _first_guess(size: int) -> np.ndarray:
    guess = np.full(size, 0.1 / (size - 1))
    guess[-1] = 0.9
    return guess


def _without_weights(settings: dict[str, Any]) -> dict[str, Any]:
    """The same comparisons with equal weights: only the patterns matter."""
    plain = json.loads(json.dumps(settings))
    for comparison in plain["comparisons"]:
        found = comparisons.levels(comparison)
        for level in found:
            level.pop("tf_adjustment_column", None)
            level["m_probability"] = level["u_probability"] = 1 / len(found)
    return plain
