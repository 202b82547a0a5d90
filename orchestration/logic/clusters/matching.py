"""The same number for the same cluster: the clusters of one fit matched with those of the fit before. No database."""

import numpy as np
from scipy.optimize import linear_sum_assignment

from orchestration.logic.clusters.fit import Fit, exponent, logarithm
from orchestration.logic.clusters.model import Scale


def first_numbers(fit: Fit, money: np.ndarray) -> list[int]:
    """Numbers of the oldest fit, by place of the cluster: 1 has the highest mean amount."""
    numbers = [0] * fit.k
    for number, place in enumerate(_by_money(fit, money, range(fit.k)), start=1):
        numbers[place] = number
    return numbers


def next_numbers(
    before: np.ndarray, old: list[int], fit: Fit, scales: tuple[Scale, ...], money: np.ndarray, unused: int
) -> list[int]:
    """Numbers of a fit that follows another, by place of the cluster.

    `before`: the old centroids in units of the features; `old`: their numbers. The pairs are those with the smallest sum
    of distances (Kuhn 1955, the Hungarian method); clusters left over get numbers from `unused` on, highest amount
    first, so that a number is never given to another cluster again.
    """
    placed = np.column_stack(
        [((logarithm(before[:, i]) if s.log else before[:, i]) - s.center) / s.scale for i, s in enumerate(scales)]
    )
    distances = np.round(np.linalg.norm(placed[:, None, :] - fit.centroids[None, :, :], axis=2), 6)
    numbers = {int(new): old[past] for past, new in zip(*linear_sum_assignment(distances), strict=True)}
    for place in _by_money(fit, money, [place for place in range(fit.k) if place not in numbers]):
        numbers[place], unused = unused, unused + 1
    return [numbers[place] for place in range(fit.k)]


def in_units(fit: Fit, scales: tuple[Scale, ...]) -> np.ndarray:
    """The centroids in units of the features."""
    columns = [fit.centroids[:, i] * s.scale + s.center for i, s in enumerate(scales)]
    return np.column_stack([exponent(c) if s.log else c for c, s in zip(columns, scales, strict=True)])


def _by_money(fit: Fit, money: np.ndarray, places: "range | list[int]") -> list[int]:
    def rank(place: int) -> tuple[float, tuple[float, ...]]:
        amounts = money[fit.members == place]
        return (-round(float(amounts.mean()), 4) if len(amounts) else 0.0, tuple(fit.centroids[place]))

    return sorted(places, key=rank)
