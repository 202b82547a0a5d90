"""The rivals of the contest: learned models and naive rules, each as a function from features to a calibrated
probability of leaving.

Learned models are trained on older cuts and calibrated on a later one; a naive rule has nothing to learn but its
calibration, on the same later cut. Add a rival as one function and one line in LEARNED or NAIVE. Everything runs on one
thread: partial sums of several would be added in an order that varies. No database, no dates.
"""

from collections.abc import Callable

import numpy as np
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.isotonic import IsotonicRegression
from sklearn.linear_model import LogisticRegression
from threadpoolctl import threadpool_limits

from orchestration.logic.churn.frame import NAMES, Part
from orchestration.settings.churn_model import ChurnModel

Predict = Callable[[np.ndarray], np.ndarray]
DIGITS = 6  # of every probability, so that one bit of a sum cannot show

_RECENCY, _OVERDUE = NAMES.index("recency_days"), NAMES.index("overdue_ratio")


def fit(name: str, train: Part, calibration: Part, settings: ChurnModel) -> Predict:
    """The rival `name`, fitted and calibrated. Both parts must hold customers of either outcome."""
    with threadpool_limits(limits=1):
        if name in NAIVE:
            predict = NAIVE[name](calibration)
        else:
            margin = LEARNED[name](train, settings)
            calibrate = _calibration(margin(calibration.x), calibration.left, settings.calibration)
            predict = _composed(calibrate, margin)

    def rounded(x: np.ndarray) -> np.ndarray:
        with threadpool_limits(limits=1):
            return np.round(np.clip(predict(x), 0, 1), DIGITS)

    return rounded


def uncalibrated(recency_days: str, overdue_ratio: str, horizon_days: int) -> str:
    """SQL of the overdue rule without calibration: r / (1 + r), r the days since the last order in own cycles, or in
    horizons while the cycle is unknown."""
    ratio = f"coalesce({overdue_ratio}, {recency_days} / {horizon_days})"
    return f"round(cast({ratio} as double) / (1 + cast({ratio} as double)), {DIGITS})"


def _composed(outer: Predict, inner: Predict) -> Predict:
    return lambda x: outer(inner(x))


def _boosting(train: Part, settings: ChurnModel) -> Predict:
    chosen = settings.boosting
    silent = np.isnan(train.x).all(axis=0)  # scikit-learn cannot bin a column without any value

    def design(x: np.ndarray) -> np.ndarray:
        return np.where(silent, 0, x)

    model = HistGradientBoostingClassifier(
        max_iter=chosen.iterations,
        max_leaf_nodes=chosen.leaves,
        learning_rate=chosen.learning_rate,
        min_samples_leaf=chosen.smallest_leaf,
        early_stopping=False,
        random_state=settings.seed,
    ).fit(design(train.x), train.left)
    return lambda x: np.asarray(model.decision_function(design(x)))


def _logistic(train: Part, settings: ChurnModel) -> Predict:
    """On sign(x) ln(1 + |x|), standardised; unknown values become the median, with a column that says so."""
    logarithms = _logarithm(train.x)
    unknown = np.isnan(logarithms)
    told = unknown.any(axis=0)
    fill = np.array([np.median(c[~np.isnan(c)]) if (~np.isnan(c)).any() else 0.0 for c in logarithms.T])
    filled = np.where(unknown, fill, logarithms)
    center, spread = filled.mean(axis=0), filled.std(axis=0)
    spread = np.where(np.round(spread, 9) > 0, spread, 1.0)

    def design(x: np.ndarray) -> np.ndarray:
        value = _logarithm(x)
        missing = np.isnan(value)
        scaled = (np.where(missing, fill, value) - center) / spread
        return np.round(np.column_stack([scaled, missing[:, told]]), 9)

    model = LogisticRegression(max_iter=1000).fit(design(train.x), train.left)
    return lambda x: np.asarray(model.decision_function(design(x)))


def _logarithm(x: np.ndarray) -> np.ndarray:
    return np.asarray(np.sign(x) * np.log1p(np.abs(x)))


def _calibration(margin: np.ndarray, left: np.ndarray, kind: str) -> Predict:
    """From margin to probability: isotonic, or a logistic curve (Platt 1999)."""
    if kind == "isotonic":
        return _isotonic(margin, left)
    curve = LogisticRegression(C=1e6, max_iter=1000).fit(margin[:, None], left)
    return lambda x: np.asarray(curve.predict_proba(x[:, None])[:, 1])


def _isotonic(value: np.ndarray, left: np.ndarray) -> Predict:
    steps = IsotonicRegression(y_min=0, y_max=1, out_of_bounds="clip").fit(value, left.astype(np.float64))
    return lambda x: np.asarray(steps.predict(x))


def _by_recency(calibration: Part) -> Predict:
    steps = _isotonic(calibration.column("recency_days"), calibration.left)
    return lambda x: steps(x[:, _RECENCY])


def _by_overdue(calibration: Part) -> Predict:
    """Isotonic in the overdue ratio; who has no cycle yet by recency among their like."""
    ratio, recency = calibration.column("overdue_ratio"), calibration.column("recency_days")
    known = ~np.isnan(ratio)
    by_ratio = _isotonic(ratio[known], calibration.left[known]) if known.any() else None
    like = ~known if (~known).any() else known
    by_recency = _isotonic(recency[like], calibration.left[like])
    return lambda x: _either(x, by_ratio, by_recency)


def _either(x: np.ndarray, by_ratio: Predict | None, by_recency: Predict) -> np.ndarray:
    ratio, score = x[:, _OVERDUE], by_recency(x[:, _RECENCY])
    known = ~np.isnan(ratio)
    if by_ratio is not None and known.any():
        score[known] = by_ratio(ratio[known])
    return score


# The probability of no order by BG/NBD belongs into LEARNED too, once the lifetime-value model can tell it.
LEARNED: dict[str, Callable[[Part, ChurnModel], Predict]] = {"boosting": _boosting, "logistic": _logistic}
NAIVE: dict[str, Callable[[Part], Predict]] = {"recency": _by_recency, "overdue": _by_overdue}
FALLBACK = "overdue_uncalibrated"
