"""The card of a model as a row of churn_models: figures, folds, curves, and what is needed to repeat it.

No personal data is in a card, nor a count of fewer than LEAST_CELL customers in its curves. No model is fitted here.
"""

import json
from typing import Any

import sklearn

from orchestration.logic.churn.contest import Contest, Entry
from orchestration.logic.churn.measures import curves, without_curves
from orchestration.settings.insights import InsightSettings

Row = tuple[Any, ...]


def row(name: str, kind: str, is_published: bool, reason: tuple[str, str], card: dict[str, Any]) -> Row:
    """model, kind, is_published, reason_zh, reason_en, payload."""
    return name, kind, is_published, *reason, json.dumps(card, ensure_ascii=False, sort_keys=True)


def rows(result: Contest, folds: list[dict[str, Any]], common: dict[str, Any], prefix: str = "") -> list[Row]:
    """A row a tested model. `folds`: what is told of each fold beside its figures; `prefix`: before every model's name."""
    reason = result.reason_zh, result.reason_en
    return [
        row(
            prefix + entry.model,
            "learned" if entry.is_learned else "naive",
            entry.model == result.published,
            reason,
            _tested(entry, result, folds, prefix) | common,
        )
        for entry in result.entries
    ]


def common(
    settings: InsightSettings, sha256: str | None, features: list[str], horizon_days: int | None
) -> dict[str, Any]:
    """What the cards of all models of a day have in common."""
    return {
        "data_sha256": sha256,
        "features": features,
        "horizon_days": horizon_days,
        "scikit_learn": sklearn.__version__,
        "settings": settings.churn.model.model_dump(mode="json", exclude={"words"}),
    }


def _tested(entry: Entry, result: Contest, folds: list[dict[str, Any]], prefix: str) -> dict[str, Any]:
    assert result.rival is not None
    low, high = entry.auc_interval
    told = [fold | {"figures": without_curves(figures)} for fold, figures in zip(folds, entry.by_fold, strict=True)]
    return {
        "auc_low": low,
        "auc_high": high,
        "curves": curves(entry.by_fold),
        "figures": without_curves(entry.figures),
        "folds": told,
        "rival": prefix + result.rival.model,
    }
