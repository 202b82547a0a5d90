"""The contest between models: walk-forward folds, figures, and which model is published.

A fold tests on one cut, calibrates on the cut before it and trains on the cuts before that; spaced by the horizon, the
outcome of each was known when the next began. Where the history is long enough, the cut of the same season a year before
says how the season moves what was calibrated in the one before. A learned model is published only when it beats every
naive rule in Brier score and in area under the curve, the latter beyond what the draw of customers explains: of models
that know nothing, one would often lead by chance. No database.
"""

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from orchestration.logic.churn.frame import Frame, Part
from orchestration.logic.churn.measures import Told, measured, resampled_auc
from orchestration.logic.churn.models import FALLBACK, LEARNED, NAIVE, Predict, Season, base_of, fit
from orchestration.settings.churn_model import ChurnModel

DIGITS = 6
YEAR_DAYS = 365
TAIL = 0.025  # of resamples, left out at either end


@dataclass(frozen=True)
class Fold:
    """The cuts of one fold: later cuts have smaller numbers. `twin`: the cut of the same season a year before the test, if
    there is one."""

    test: int
    calibration: int
    training: tuple[int, ...]
    twin: int | None = None


@dataclass(frozen=True)
class Entry:
    """One model's figures: means over the folds, the figures of each fold, and its AUC in each resample."""

    model: str
    figures: dict[str, float]
    by_fold: tuple[dict[str, float], ...]
    drawn_auc: np.ndarray

    @property
    def is_learned(self) -> bool:
        return base_of(self.model) in LEARNED

    @property
    def auc_interval(self) -> tuple[float, float]:
        """The middle 95 % of the resamples."""
        low, high = np.quantile(self.drawn_auc, [TAIL, 1 - TAIL])
        return round(float(low), DIGITS), round(float(high), DIGITS)

    def sure_lead(self, other: "Entry") -> float:
        """By how much its AUC surpasses the other's in all but the worst 2.5 % of the paired resamples."""
        return float(np.quantile(self.drawn_auc - other.drawn_auc, TAIL))


@dataclass(frozen=True)
class Contest:
    """`entries` is empty, and `rival` missing, when there was too little to test on; then the fallback is published."""

    folds: tuple[Fold, ...]
    entries: tuple[Entry, ...]
    published: str
    rival: Entry | None
    reason_zh: str
    reason_en: str


def cuts_needed(settings: ChurnModel, horizon_days: int) -> list[int]:
    """All cuts with a known outcome that the contest may use."""
    return list(range(1, settings.folds + _reach(settings, horizon_days) + 1))


def cuts_of_scores(settings: ChurnModel, horizon_days: int) -> list[int]:
    """All cuts that scoring may use, the one to be scored first."""
    return list(range(_reach(settings, horizon_days) + 1))


def _reach(settings: ChurnModel, horizon_days: int) -> int:
    """How many cuts before its test a fold looks back."""
    return max(settings.training_cuts, _cuts_a_year(horizon_days) or 0) + 1


def _cuts_a_year(horizon_days: int) -> int | None:
    """After how many cuts the season comes back; None when no cut is within a quarter of the horizon of it."""
    cuts = round(YEAR_DAYS / horizon_days)
    return cuts if cuts and abs(cuts * horizon_days - YEAR_DAYS) <= horizon_days / 4 else None


def fold_of(frame: Frame, test: int, settings: ChurnModel) -> Fold | None:
    """The fold that scores cut `test`; None when calibration or training has too few customers or outcomes."""
    training = range(test + 2, test + 2 + settings.training_cuts)
    usable = tuple(cut for cut in training if is_enough(frame.cuts.get(cut), settings))
    if not usable or not is_enough(frame.cuts.get(test + 1), settings):
        return None
    cuts = _cuts_a_year(frame.horizon_days)
    has_twin = cuts is not None and all(is_enough(frame.cuts.get(test + cuts + more), settings) for more in (0, 1))
    return Fold(test, test + 1, usable, test + cuts if cuts and has_twin else None)


def fitted(name: str, frame: Frame, fold: Fold, settings: ChurnModel) -> Predict:
    """The rival `name` as it may foretell the fold's test."""
    season = None if fold.twin is None else Season(frame.cuts[fold.twin], frame.cuts[fold.twin + 1])
    return fit(name, frame.joined(list(fold.training)), frame.cuts[fold.calibration], settings, season)


def is_enough(part: Part | None, settings: ChurnModel) -> bool:
    """Whether a cut has customers and both outcomes as configured."""
    if part is None or len(part) < settings.minimum_customers:
        return False
    left = int(part.left.sum())
    return min(left, len(part) - left) >= settings.minimum_outcomes


def contest(frame: Frame, settings: ChurnModel) -> Contest:
    """Tests every rival on every fold and says which is published."""
    tested = [cut for cut in range(1, settings.folds + 1) if is_enough(frame.cuts.get(cut), settings)]
    folds = tuple(fold for cut in tested if (fold := fold_of(frame, cut, settings)))
    # The published model is calibrated on the newest cut, so that one must do too.
    if not folds or fold_of(frame, 0, settings) is None:
        return nothing_tested(settings)
    entries = tuple(_entry(name, frame, folds, settings) for name in (*settings.candidates, *NAIVE))
    rivals = [entry for entry in entries if not entry.is_learned]
    rival = min(rivals, key=by_brier)
    better = [entry for entry in entries if entry.is_learned and beats(entry, rivals, settings.margin)]
    published = min(better, key=by_brier, default=rival)
    return Contest(folds, entries, published.model, rival, *_reason(published, rival, len(folds)))


def nothing_tested(settings: ChurnModel) -> Contest:
    """The contest of a business with too few customers or too short a history."""
    least, outcomes = settings.minimum_customers, settings.minimum_outcomes
    zh = f"样本不足:每个时点须有至少 {least} 位买家,且流失与留存各至少 {outcomes} 位;改用未校准的超周期规则"
    en = (
        f"Too little to learn from: each cut needs {least} buyers, {outcomes} who left and {outcomes} who stayed; "
        "the overdue rule stands in, uncalibrated"
    )
    return Contest((), (), FALLBACK, None, zh, en)


def _entry(name: str, frame: Frame, folds: Iterable[Fold], settings: ChurnModel) -> Entry:
    told = []
    for fold in folds:
        predict = fitted(name, frame, fold, settings)
        part = frame.cuts[fold.test]
        told.append(Told(predict(part.x), part.left, _days_to_rule(part, frame.horizon_days, settings.overdue_at)))
    by_fold = tuple(rounded(measured(one, settings.capacity)) for one in told)
    return Entry(name, means(by_fold), by_fold, resampled_auc(told, settings.resamples, settings.seed))


def _days_to_rule(part: Part, horizon_days: int, overdue_at: float) -> np.ndarray:
    """Days until the days since the last order reach overdue_at own cycles, or one horizon while there is no cycle."""
    cycle = part.column("purchase_cycle_days")
    bound = np.where(np.isnan(cycle), horizon_days, np.ceil(np.nan_to_num(cycle) * overdue_at))
    return np.asarray(bound - part.column("recency_days"))


def means(by_fold: tuple[dict[str, float], ...]) -> dict[str, float]:
    """Of each figure over the folds that have it."""
    names = dict.fromkeys(name for figures in by_fold for name in figures)
    return rounded({name: float(np.mean([f[name] for f in by_fold if name in f])) for name in names})


def rounded(figures: dict[str, float]) -> dict[str, float]:
    """To DIGITS."""
    return {name: round(value, DIGITS) for name, value in figures.items()}


def by_brier(entry: Entry) -> tuple[float, float, str]:
    """The order in which entries are preferred, the best first; ties by AUC, then by name."""
    return entry.figures["brier"], -entry.figures["auc"], entry.model


def beats(entry: Entry, rivals: list[Entry], margin: float) -> bool:
    """Whether it is better than each of them in AUC, beyond chance, and in Brier score, by more than the margin."""
    return all(
        min(entry.sure_lead(rival), entry.figures["auc"] - rival.figures["auc"]) > margin
        and rival.figures["brier"] - entry.figures["brier"] > margin
        for rival in rivals
    )


def _reason(published: Entry, rival: Entry, folds: int) -> tuple[str, str]:
    own, other = published.figures, rival.figures
    if published.is_learned:
        return (
            f"{folds} 个时点上,AUC {own['auc']:.3f}、Brier {own['brier']:.3f} 均优于所有简单规则,且非偶然"
            f"(最好的为 {rival.model}:{other['auc']:.3f}、{other['brier']:.3f})",
            f"On {folds} folds AUC {own['auc']:.3f} and Brier {own['brier']:.3f} beat every naive rule beyond chance "
            f"(the best, {rival.model}: {other['auc']:.3f} and {other['brier']:.3f})",
        )
    return (
        f"{folds} 个时点上,没有学习模型的 AUC 和 Brier 同时优于所有简单规则且排除偶然;发布最好的规则 {rival.model}",
        f"On {folds} folds no learned model beat every naive rule in both AUC and Brier beyond chance; "
        f"the best rule, {rival.model}, is published",
    )
