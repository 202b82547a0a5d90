"""The rivals of the contest: learned models and naive rules, each as a function from features to a calibrated
probability of leaving.

Learned models are trained on older cuts and calibrated on a later one; a naive rule has nothing to learn but its
calibration, on the same later cut. A learned model whose name ends in `_season` is moved besides by what the same season
of the year before moved: the calibration knows the season before the one that is foretold. Add a rival as one function and
one line in LEARNED or NAIVE. Everything runs on one thread: partial sums of several would be added in an order that varies.
No database, no dates.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from scipy.optimize import brentq
from scipy.special import expit, logit
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.isotonic import IsotonicRegression
from sklearn.linear_model import LogisticRegression
from threadpoolctl import threadpool_limits

from orchestration.logic.churn.frame import NAMES, Part
from orchestration.logic.clv import bgnbd
from orchestration.logic.clv.fit import DAYS_A_WEEK
from orchestration.logic.clv.history import distinct
from orchestration.settings.churn_model import ChurnModel

Predict = Callable[[np.ndarray], np.ndarray]
DIGITS = 6  # of every probability, so that one bit of a sum cannot show

SEASON = "_season"
ENOUGH = 5_000  # customers, for isotonic steps to follow the outcomes and not their chance
_RECENCY, _OVERDUE = NAMES.index("recency_days"), NAMES.index("overdue_ratio")
_LEAST = 1e-4  # a probability nearer to 0 or 1 than this is not moved by a season
_WIDEST = 8.0  # of a move, as log-odds


@dataclass(frozen=True)
class Season:
    """The cut a year before the one that is foretold, and the cut before that, on which it would have been calibrated."""

    twin: Part
    before: Part


def base_of(name: str) -> str:
    """The model without its season."""
    return name.removesuffix(SEASON)


def fit(name: str, train: Part, calibration: Part, settings: ChurnModel, season: Season | None = None) -> Predict:
    """The rival `name`, fitted and calibrated. All parts must hold customers of either outcome. Without a `season` a seasonal
    model is as the plain one."""
    with threadpool_limits(limits=1):
        calibrated = _calibrated(name, train, settings)
        predict = calibrated(calibration)
        if season and name.endswith(SEASON):
            predict = _moved(predict, _move(calibrated(season.before)(season.twin.x), season.twin.left))

    def rounded(x: np.ndarray) -> np.ndarray:
        with threadpool_limits(limits=1):
            return np.round(np.clip(predict(x), 0, 1), DIGITS)

    return rounded


def _calibrated(name: str, train: Part, settings: ChurnModel) -> Callable[[Part], Predict]:
    """From the cut to calibrate on to the rival; a learned one is trained once."""
    if name in NAIVE:
        return NAIVE[name]
    margin = LEARNED[base_of(name)](train, settings)
    return lambda part: _composed(_calibration(margin(part.x), part.left, settings.calibration), margin)


def _move(foretold: np.ndarray, left: np.ndarray) -> float:
    """The log-odds by which what was foretold must move for as many to leave as did."""
    odds, share = logit(np.clip(foretold, _LEAST, 1 - _LEAST)), float(left.mean())

    def surplus(move: float) -> float:
        return float(expit(odds + move).mean()) - share

    if surplus(-_WIDEST) > 0 or surplus(_WIDEST) < 0:
        return 0.0
    return round(float(brentq(surplus, -_WIDEST, _WIDEST)), DIGITS)


def _moved(predict: Predict, move: float) -> Predict:
    def moved(x: np.ndarray) -> np.ndarray:
        told = predict(x)
        return np.where(
            (told > _LEAST) & (told < 1 - _LEAST), expit(logit(np.clip(told, _LEAST, 1 - _LEAST)) + move), told
        )

    return moved


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
    """From margin to probability: isotonic, or a logistic curve (Platt 1999); `auto`: the former from ENOUGH customers on."""
    if kind == "isotonic" or (kind == "auto" and len(left) >= ENOUGH):
        return _joined_steps(margin, left)
    curve = LogisticRegression(C=1e6, max_iter=1000).fit(margin[:, None], left)
    return lambda x: np.asarray(curve.predict_proba(x[:, None])[:, 1])


def _joined_steps(margin: np.ndarray, left: np.ndarray) -> Predict:
    """Isotonic, with straight lines from the middle of each step to that of the next: customers on one step keep their
    order."""
    level = _isotonic(margin, left)(margin)
    levels, step, count = np.unique(np.round(level, 9), return_inverse=True, return_counts=True)
    middle = np.bincount(step, margin) / count
    return lambda x: np.interp(x, middle, levels)


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


def _by_expected_orders(calibration: Part) -> Predict:
    """Isotonic in the rate at which BG/NBD expects orders now: P(alive) (r + x) / (alpha + t), formula 10 of Fader, Hardie &
    Lee 2005 for a short time ahead. Its parameters follow from the histories of the same cut; outcomes are not in them."""
    kinds, _, count = distinct(*_histories(calibration.x))
    weeks = kinds[1:] / DAYS_A_WEEK
    histories = bgnbd.Histories(kinds[0].astype(np.float64), weeks[0], weeks[1], count.astype(np.float64))
    parameters = bgnbd.fit(histories).parameters

    def rate(x: np.ndarray) -> np.ndarray:
        r, alpha, _, _ = parameters
        repeats, last_days, seen_days = _histories(x)
        last, seen = last_days / DAYS_A_WEEK, seen_days / DAYS_A_WEEK
        return np.round(bgnbd.p_alive(parameters, repeats, last, seen) * (r + repeats) / (alpha + seen), 9)

    steps = _isotonic(-rate(calibration.x), calibration.left)
    return lambda x: steps(-rate(x))


def _histories(x: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Repeat order days, days from the first to the last, days seen. A reason asks what if one of them were as usual, and so
    the last order may come before the first: there are no days between them then."""
    days, tenure, recency = (x[:, NAMES.index(name)] for name in ("count_order_days", "tenure_days", "recency_days"))
    return days - 1, np.maximum(tenure - recency, 0), tenure


LEARNED: dict[str, Callable[[Part, ChurnModel], Predict]] = {"boosting": _boosting, "logistic": _logistic}
NAIVE: dict[str, Callable[[Part], Predict]] = {
    "recency": _by_recency,
    "overdue": _by_overdue,
    "bgnbd": _by_expected_orders,
}
FALLBACK = "overdue_uncalibrated"
