"""Why a score is high: by how much it falls when the figures behind one business term are those of customers who stay.

The features of a term are set to their medians among those who stayed after the calibration cut, the others are left as
they are, and the model is asked again. So the effect is the model's own, in units of the score, for every kind of model
alike; effects of several terms need not add up to the score.
"""

import numpy as np

from orchestration.logic.churn.frame import FEATURES, NAMES, Part
from orchestration.logic.churn.models import DIGITS, Predict
from orchestration.logic.segmentation.store import literal
from orchestration.settings.churn_model import ChurnModel, Reason

TERMS = tuple(dict.fromkeys(FEATURES.values()))


def usual(part: Part) -> np.ndarray:
    """The medians of who stayed; NaN where nobody's value is known."""
    stayed = part.x[~part.left]
    known = [column[~np.isnan(column)] for column in stayed.T]
    return np.array([np.median(column) if len(column) else np.nan for column in known])


def effects(predict: Predict, x: np.ndarray, reference: np.ndarray) -> dict[Reason, np.ndarray]:
    """Term → fall of each customer's score when the term is at `reference`; negative: the term speaks for staying."""
    score = predict(x)
    found = {}
    for term in TERMS:
        places = [place for place, name in enumerate(NAMES) if FEATURES[name] == term]
        changed = x.copy()
        changed[:, places] = reference[places]
        found[term] = np.round(score - predict(changed), DIGITS)
    return found


def reasons_json(settings: ChurnModel) -> str:
    """SQL over columns e_<term>: JSON list of {code, zh, en, effect}, the strongest first, ties in the order of TERMS."""
    items = ", ".join(
        f"{{'effect': e_{term}, 'place': {len(TERMS) - place}, 'code': {literal(term)}, "
        f"'zh': {literal(settings.words[term].zh)}, 'en': {literal(settings.words[term].en)}}}"
        for place, term in enumerate(TERMS)
    )
    ranked = f"list_reverse_sort(list_filter([{items}], lambda x: x.effect >= {settings.least_effect}))"
    return (
        f"cast(to_json(list_transform({ranked}[:{settings.reasons_at_most}], "
        "lambda x: {'code': x.code, 'zh': x.zh, 'en': x.en, 'effect': x.effect})) as varchar)"
    )
