"""Expectation–maximisation over counted comparison patterns (Dempster, Laird and Rubin 1977), with one person, two of one
household by kind of RELATIVES, and strangers as classes. Pure numbers: which pairs are counted is in `model.py`.
"""

from collections.abc import Collection
from dataclasses import dataclass

import numpy as np

from orchestration.logic.identity.comparisons import OF_THE_PERSON, RELATIVES, RELATIVES_BY_NAME

LEAST_PRIOR = 1e-12
SMOOTHING = 0.5
_ITERATIONS, _CONVERGED = 500, 1e-6


@dataclass(frozen=True)
class Patterns:
    """The different comparison patterns among the pairs of so many rows: `levels` by comparison (-1 unknown), with `counts`."""

    levels: dict[str, np.ndarray]
    counts: np.ndarray
    rows: int


@dataclass(frozen=True)
class Shares:
    """By comparison, how often each level is seen in one person's records (m), and in two persons of one household where these
    have their own."""

    m: dict[str, np.ndarray]
    in_household: dict[str, np.ndarray]


@dataclass(frozen=True)
class Learned:
    """Pairs of one person, pairs of a household by kind of RELATIVES, and the shares."""

    matches: float
    households: dict[str, float]
    shares: Shares


def maximise(patterns: Patterns, chance: dict[str, np.ndarray], first: Shares, to_learn: Collection[str]) -> Learned:
    """Expectation–maximisation over the patterns, from the first shares on; m changes only in the comparisons `to_learn`.

    Two persons of one household agree like one person in what relatives have in common, and by chance in all else. Without
    them as classes of their own, relatives would be taken for one person whose names are often wrong.
    """
    kinds = RELATIVES if first.in_household else RELATIVES_BY_NAME
    found = Learned(patterns.rows / 2, dict.fromkeys(kinds, patterns.rows / 20 / len(kinds)), first)
    for _ in range(_ITERATIONS):
        of_one, of_households = _expected(patterns, found, chance)
        before = _parameters(found)
        together = np.sum(list(of_households.values()), axis=0)
        found = Learned(
            float(of_one.sum()),
            {kind: float(pairs.sum()) for kind, pairs in of_households.items()},
            Shares(
                found.shares.m
                | {name: _shares(patterns.levels[name], of_one, len(found.shares.m[name])) for name in to_learn},
                {
                    name: _shares(patterns.levels[name], together, len(h))
                    for name, h in found.shares.in_household.items()
                },
            ),
        )
        if (np.abs(_parameters(found) - before) / np.maximum(before, 1e-9)).max() < _CONVERGED:
            break
    return found


def _parameters(found: Learned) -> np.ndarray:
    shares = [*found.shares.m.values(), *found.shares.in_household.values()]
    return np.array([found.matches, *found.households.values(), *np.concatenate(shares)])


def _expected(
    patterns: Patterns, found: Learned, chance: dict[str, np.ndarray]
) -> tuple[np.ndarray, dict[str, np.ndarray]]:
    """Of the pairs of each pattern how many are expected to be one person, and how many two of one household, by kind."""
    pairs = patterns.rows * (patterns.rows - 1) / 2
    one = np.full(len(patterns.counts), np.log(max(found.matches / pairs, LEAST_PRIOR)))
    households = {
        kind: np.full(len(patterns.counts), np.log(max(number / pairs, LEAST_PRIOR)))
        for kind, number in found.households.items()
    }
    for name, level in patterns.levels.items():
        known = level >= 0
        of_one = np.log(found.shares.m[name] / chance[name])[level[known]]
        one[known] += of_one
        in_household = found.shares.in_household.get(name)
        of_two = of_one if in_household is None else np.log(in_household / chance[name])[level[known]]
        for kind, weight in households.items():
            if name not in OF_THE_PERSON or name in RELATIVES[kind]:
                weight[known] += of_two
    one = np.exp(np.clip(one, -700, 300))
    likely = {kind: np.exp(np.clip(weight, -700, 300)) for kind, weight in households.items()}
    total = 1 + one + np.sum(list(likely.values()), axis=0)
    return patterns.counts * one / total, {kind: patterns.counts * each / total for kind, each in likely.items()}


def _shares(level: np.ndarray, expected: np.ndarray, size: int) -> np.ndarray:
    known = level >= 0
    seen = np.bincount(level[known], weights=expected[known], minlength=size) + SMOOTHING
    return seen / seen.sum()
