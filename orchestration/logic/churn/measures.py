"""How good a score was, once it is known who left. No database, no models, no dates.

Equal scores are never told apart by their place: a cut through a tie takes a share of it.
"""

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from sklearn.metrics import average_precision_score, roc_auc_score

BINS = 10
LEAST_CELL = 5  # customers of a bin that is told
_CURVE = "curve/"


@dataclass(frozen=True)
class Told:
    """A score of each customer of a fold, who left, and the days until the overdue rule would speak (from the cut on;
    negative: it has)."""

    score: np.ndarray
    left: np.ndarray
    days_to_rule: np.ndarray


def measured(told: Told, capacity: int) -> dict[str, float]:
    """Every figure of one fold, and behind them the parts of its curves. Lead time is missing when no leaver is within
    the capacity."""
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
    return figures | _parts_of_curves(score, left)


def _parts_of_curves(score: np.ndarray, left: np.ndarray) -> dict[str, float]:
    """Per step of the score customers, foretold and real leavers; per tenth of customers the share of leavers captured."""
    step = np.minimum((score * BINS).astype(int), BINS - 1)
    sums = {"count": np.bincount(step, minlength=BINS), "foretold": np.bincount(step, score, BINS)}
    sums["real"] = np.bincount(step, left, BINS)
    counts = [max(1, round(len(score) * tenth / 10)) for tenth in range(1, 11)]
    sums["capture"] = np.array([captured(score, left, count) / left.sum() for count in counts])
    return {f"{_CURVE}{name}/{place}": float(value) for name, told in sums.items() for place, value in enumerate(told)}


def without_curves(figures: dict[str, float]) -> dict[str, float]:
    """The figures alone."""
    return {name: value for name, value in figures.items() if not name.startswith(_CURVE)}


def curves(by_fold: Iterable[dict[str, float]]) -> dict[str, list[dict[str, float]]]:
    """From the figures of all folds. `reliability`: per step of the score with at least LEAST_CELL customers their number,
    and the mean foretold and real share who leave. `capture`: per tenth of customers, the highest scores first, the share
    of leavers among them, and that share over the tenth (lift)."""
    parts = list(by_fold)

    def told(name: str) -> np.ndarray:
        return np.array([[fold[f"{_CURVE}{name}/{place}"] for place in range(BINS)] for fold in parts])

    count, foretold, real = (told(name).sum(axis=0) for name in ("count", "foretold", "real"))
    capture = told("capture").mean(axis=0)
    return {
        "reliability": [
            {"count": int(n), "foretold": round(float(f / n), 4), "real": round(float(r / n), 4)}
            for n, f, r in zip(count, foretold, real, strict=True)
            if n >= LEAST_CELL
        ],
        "capture": [
            {"customers": place / 10, "captured": round(float(share), 4), "lift": round(float(share * 10 / place), 4)}
            for place, share in enumerate(capture, 1)
        ],
    }


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
