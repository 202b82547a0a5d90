"""The contest on known outcomes: the learned models and two naive rules, cross-validated, and which is published.

Folds go by a hash of the customer's id, stratified by outcome; a model is trained on some folds, calibrated on another and
tested on a third. The bar to publication is the one of contest.py. No database, no dates.
"""

from collections.abc import Iterator

import numpy as np

from orchestration.logic.churn.contest import Contest, Entry, beats, by_brier, means, rounded
from orchestration.logic.churn.contract import Column, Contracts
from orchestration.logic.churn.frame import NAMES, Part
from orchestration.logic.churn.measures import Told, measured, resampled_auc
from orchestration.logic.churn.models import DIGITS, LEARNED, Predict, base_of, fit
from orchestration.settings.churn_model import ChurnModel

BASE_RATE, CATEGORY = "base_rate", "category"


def contract_contest(contracts: Contracts, settings: ChurnModel) -> Contest:
    """Tests every rival on every fold and says which is published; `settings` with the seed of the contract."""
    # Outcomes of all seasons are learned from together: a seasonal model would be the plain one.
    learned = dict.fromkeys(base_of(name) for name in settings.candidates)
    names = (*learned, BASE_RATE, *([CATEGORY] if _categories(contracts.columns) else []))
    entries = tuple(_entry(name, contracts, settings) for name in names)
    rivals = [entry for entry in entries if not entry.is_learned]
    rival = min(rivals, key=by_brier)
    better = [entry for entry in entries if entry.is_learned and beats(entry, rivals, settings.margin)]
    published = min(better, key=by_brier, default=rival)
    return Contest((), entries, published.model, rival, *_reason(published, rival, contracts))


def contract_fit(
    name: str, train: Part, calibration: Part, columns: tuple[Column, ...], settings: ChurnModel
) -> Predict:
    """The rival `name`, fitted and calibrated. A naive rule has no calibration of its own: shares of both parts."""
    if name in LEARNED:
        return fit(name, train, calibration, settings)
    both = Part(np.concatenate([train.x, calibration.x]), np.concatenate([train.left, calibration.left]))
    groups = _categories(columns) if name == CATEGORY else []
    return _best_category(both, groups) if groups else _constant(float(both.left.mean()))


def final_parts(contracts: Contracts) -> tuple[Part, Part]:
    """What the published model is trained and calibrated on: all folds but the first, and the first."""
    return contracts.rows(_folds(contracts)[1:]), contracts.rows([0])


def _folds(contracts: Contracts) -> list[int]:
    return list(range(int(contracts.fold.max()) + 1))


def _entry(name: str, contracts: Contracts, settings: ChurnModel) -> Entry:
    told = list(_told(name, contracts, settings))
    by_fold = tuple(rounded(_figures(one, settings)) for one in told)
    return Entry(name, means(by_fold), by_fold, resampled_auc(told, settings.resamples, settings.seed))


def _told(name: str, contracts: Contracts, settings: ChurnModel) -> Iterator[Told]:
    folds = _folds(contracts)
    for test in folds:
        calibration = (test + 1) % len(folds)
        train = contracts.rows(fold for fold in folds if fold not in (test, calibration))
        predict = contract_fit(name, train, contracts.rows([calibration]), contracts.columns, settings)
        part = contracts.rows([test])
        yield Told(predict(part.x), part.left, np.zeros(len(part)))


def _figures(told: Told, settings: ChurnModel) -> dict[str, float]:
    """All but the lead time: no overdue rule speaks of contracts."""
    return {name: value for name, value in measured(told, settings.capacity).items() if name != "lead_time_days"}


def _categories(columns: tuple[Column, ...]) -> list[np.ndarray]:
    """The places of the columns of each trait that is no number."""
    traits = dict.fromkeys(column.trait for column in columns if column.value is not None)
    return [
        np.array([len(NAMES) + place for place, column in enumerate(columns) if column.trait == trait])
        for trait in traits
    ]


def _constant(share: float) -> Predict:
    return lambda x: np.full(len(x), round(share, DIGITS))


def _best_category(part: Part, groups: list[np.ndarray]) -> Predict:
    """The share of leavers by value of the one trait that tells most; rare and unknown values are one group."""
    rules = [_shares(part, places) for places in groups]
    errors = [round(float(np.mean((rule(part.x) - part.left) ** 2)), 9) for rule in rules]
    return rules[int(np.argmin(errors))]


def _shares(part: Part, places: np.ndarray) -> Predict:
    def group(x: np.ndarray) -> np.ndarray:
        return np.asarray(x[:, places] @ np.arange(1, len(places) + 1), dtype=int)

    size = len(places) + 1
    count, left = np.bincount(group(part.x), minlength=size), np.bincount(group(part.x), part.left, size)
    # As if one more customer of each value had left as often as all, so that no share is of nobody.
    share = np.round((left + part.left.mean()) / (count + 1), DIGITS)
    return lambda x: np.asarray(share[group(x)])


def _reason(published: Entry, rival: Entry, contracts: Contracts) -> tuple[str, str]:
    own, other, folds = published.figures, rival.figures, len(_folds(contracts))
    zh = f"按已知结果({contracts.told['left']} 位流失、{contracts.told['stayed']} 位留存)做 {folds} 折交叉检验:"
    en = f"On {folds} folds of known outcomes ({contracts.told['left']} left, {contracts.told['stayed']} stayed) "
    if published.is_learned:
        return (
            zh + f"AUC {own['auc']:.3f}、Brier {own['brier']:.3f} 均优于所有简单规则,且非偶然"
            f"(最好的为 {rival.model}:{other['auc']:.3f}、{other['brier']:.3f})",
            en + f"AUC {own['auc']:.3f} and Brier {own['brier']:.3f} beat every naive rule beyond chance "
            f"(the best, {rival.model}: {other['auc']:.3f} and {other['brier']:.3f})",
        )
    return (
        zh + f"没有学习模型的 AUC 和 Brier 同时优于所有简单规则且排除偶然;发布最好的规则 {rival.model}",
        en
        + f"no learned model beat every naive rule in both AUC and Brier beyond chance; the best rule, {rival.model}, "
        "is published",
    )
