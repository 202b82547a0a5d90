"""Why a score is high: by how much it falls when the figures behind one business term are those of customers who stay.

The features of a term are set to their medians among those who stayed after the calibration cut, the others are left as
they are, and the model is asked again. So the effect is the model's own, in units of the score, for every kind of model
alike; effects of several terms need not add up to the score. Only what is known, and worse than the median in the way that
the term's words say, is set: nobody is told to be dissatisfied who never gave a score.
"""

from collections.abc import Sequence

import numpy as np

from orchestration.logic.churn.frame import FEATURES, NAMES, Part
from orchestration.logic.churn.models import DIGITS, Predict
from orchestration.logic.segmentation.store import literal
from orchestration.settings.churn_model import ChurnModel, Reason

TERMS = tuple(dict.fromkeys(FEATURES.values()))
# Of these more is worse; of tenure neither way is; of all others less is worse.
_MORE_IS_WORSE = {
    "recency_days", "overdue_ratio", "purchase_cycle_days", "days_since_interaction", "complaints_90d",
    "complaints_window", "consent_withdrawn",
}  # fmt: skip
_WORSE = np.array([1 if name in _MORE_IS_WORSE else 0 if name == "tenure_days" else -1 for name in NAMES])


def usual(part: Part) -> np.ndarray:
    """The medians of who stayed; NaN where nobody's value is known."""
    stayed = part.x[~part.left]
    known = [column[~np.isnan(column)] for column in stayed.T]
    return np.array([np.median(column) if len(column) else np.nan for column in known])


def effects(predict: Predict, x: np.ndarray, reference: np.ndarray) -> dict[Reason, np.ndarray]:
    """Term → fall of each customer's score when what is worse than `reference` of the term is at it."""
    score = predict(x)
    is_worse = np.where(_WORSE == 0, ~np.isnan(x), (x - reference) * _WORSE > 0)
    found = {}
    for term in TERMS:
        of_term = np.array([FEATURES[name] == term for name in NAMES])
        changed = np.where(is_worse & of_term, reference, x)
        found[term] = np.round(score - predict(changed), DIGITS)
    return found


def reasons_json(settings: ChurnModel, more: Sequence[tuple[str, str, str, str]] = ()) -> str:
    """SQL over columns e_<term>: JSON list of {code, zh, en, effect}, the strongest first, ties in the order of TERMS.
    `more`: further reasons, each the column of its effect, its code, and SQL of its words in Chinese and English."""
    told = [(f"e_{term}", term, *_words(settings, term)) for term in TERMS]
    items = ", ".join(
        f"{{'effect': {effect}, 'place': {-place}, 'code': {literal(code)}, 'zh': {zh}, 'en': {en}}}"
        for place, (effect, code, zh, en) in enumerate([*told, *more])
    )
    ranked = f"list_reverse_sort(list_filter([{items}], lambda x: x.effect >= {settings.least_effect}))"
    return (
        f"cast(to_json(list_transform({ranked}[:{settings.reasons_at_most}], "
        "lambda x: {'code': x.code, 'zh': x.zh, 'en': x.en, 'effect': x.effect})) as varchar)"
    )


def _words(settings: ChurnModel, term: Reason) -> tuple[str, str]:
    return literal(settings.words[term].zh), literal(settings.words[term].en)
