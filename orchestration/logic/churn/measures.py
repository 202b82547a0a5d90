"""How good a score was, once it is known who left. No database, no models, no dates.

Equal scores are never told apart by their place: a cut through a tie takes a share of it.
"""

from dataclasses import dataclass

import numpy as np
from sklearn.metrics import average_precision_score, roc_auc_score

BINS = 10


@dataclass(frozen=True)
class Told:
    """A score of each customer of a fold, who left, and the days until the overdue rule would speak (from the cut on;
    negative: it has)."""

    score: np.ndarray
    left: np.ndarray
    days_to_rule: np.ndarray


def measured(told: Told, capacity: int) -> dict[str, float]:
    """Every figure of one fold. Lead time is missing when no leaver is within the capacity."""
    score, left = told.score, told.left
    tenth = max(1, round(len(score) / 10))
    count = min(capacity, len(score))
    figures = {
        "auc": float(roc_auc_score(left, score)),
        "average_precision": float(average_precision_score(left, score)),
        "lift_at_10_percent": captured(score, left, tenth) / tenth / float(left.mean()),
        "brier": float(np.mean((score - left) ** 2)),
        "ece": expected_calibration_error(score, left),
        "capture_at_capacity": captured(score, left, count) / float(left.sum()),
        "churn_rate": float(left.mean()),
        "customers": float(len(score)),
    }
    warned = left & (score >= np.sort(score)[len(score) - count])
    if warned.any():
        figures["lead_time_days"] = float(np.median(told.days_to_rule[warned]))
    return figures


def captured(score: np.ndarray, left: np.ndarray, count: int) -> float:
    """Leavers among the `count` highest scores; of those who tie at the edge their due share."""
    edge = np.sort(score)[len(score) - count]
    above, tied = score > edge, score == edge
    share = (count - above.sum()) / tied.sum()
    return float(left[above].sum() + share * left[tied].sum())


def expected_calibration_error(score: np.ndarray, left: np.ndarray) -> float:
    """Mean distance between foretold and real share over ten equal steps of the score, weighted by customers."""
    step = np.minimum((score * BINS).astype(int), BINS - 1)
    foretold, real = np.bincount(step, score, BINS), np.bincount(step, left, BINS)
    return float(np.abs(foretold - real).sum() / len(score))


def resampled_auc(folds: list[Told], resamples: int, seed: int) -> np.ndarray:
    """AUC, averaged over the folds, of `resamples` draws of customers with replacement. The same seed draws the same
    customers for every model, so that differences between models are paired."""
    total = np.zeros(resamples)
    for number, told in enumerate(folds):
        rng = np.random.default_rng([seed, number])
        _, group = np.unique(told.score, return_inverse=True)
        # Cell 2g + 1 holds the leavers of the g-th lowest score, 2g those who stayed.
        cell = 2 * group + told.left
        size, groups = len(cell), int(group.max()) + 1
        for place in range(resamples):
            drawn = np.bincount(cell[rng.integers(0, size, size)], minlength=2 * groups)
            total[place] += _auc(drawn[0::2], drawn[1::2])
    return total / len(folds)


def _auc(stayed: np.ndarray, left: np.ndarray) -> float:
    below = np.cumsum(stayed) - stayed
    pairs = float(stayed.sum()) * float(left.sum())
    return float((left * (below + stayed / 2)).sum() / pairs) if pairs else 0.5
