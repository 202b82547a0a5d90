"""The rows of churn_models and churn_scores where outcomes are known and enough; their models begin with `contract_`.

No table is written here; see tables.py.
"""

from datetime import date
from typing import Any

import duckdb
import numpy as np
import pandas as pd

from orchestration.logic.churn import cards
from orchestration.logic.churn.contract import Column, make_contracts, make_scored
from orchestration.logic.churn.contract_contest import contract_contest, contract_fit, final_parts
from orchestration.logic.churn.explain import effects, reasons_json, usual
from orchestration.logic.churn.frame import NAMES, Part
from orchestration.logic.churn.models import DIGITS, Predict
from orchestration.logic.segmentation.store import literal
from orchestration.settings.churn_model import ChurnModel
from orchestration.settings.insights import InsightSettings

PREFIX = "contract_"


def contract_models(con: duckdb.DuckDBPyConnection, as_of: date, settings: InsightSettings) -> list[cards.Row]:
    """Rows of churn_models; none while too few outcomes are known."""
    contracts = make_contracts(con, as_of, settings)
    if contracts is None:
        return []
    features = [*NAMES, *(_name(column) for column in contracts.columns)]
    told = {
        **cards.common(settings, contracts.sha256, features, None),
        "contract": contracts.told,
        "contract_settings": settings.churn.contract.model_dump(mode="json", exclude={"text", "reason"}),
    }
    folds: list[dict[str, Any]] = [{"fold": fold} for fold in range(settings.churn.contract.folds)]
    return cards.rows(contract_contest(contracts, _settings(settings)), folds, told, PREFIX)


def contract_scores(
    con: duckdb.DuckDBPyConnection, as_of: date, settings: InsightSettings, name: str
) -> tuple[pd.DataFrame, str]:
    """Scores by the published model `name`, and the SQL of their reasons over the columns of that frame."""
    contracts = make_contracts(con, as_of, settings)
    assert contracts is not None, "a contract model is published only where outcomes are enough"
    columns = contracts.columns
    ids, x = make_scored(con, as_of, settings, columns)
    train, calibration = final_parts(contracts)
    predict = contract_fit(name.removeprefix(PREFIX), train, calibration, columns, _settings(settings))
    frame = {"customer_id": ids, "churn_score": predict(x)}
    frame |= {f"e_{term}": effect for term, effect in _of_features(predict, x, calibration).items()}
    traits = list(dict.fromkeys(column.trait for column in columns))
    for place, trait in enumerate(traits):
        frame[f"t_{place}"], frame[f"v_{place}"] = _of_trait(predict, x, calibration, columns, trait)
    reason = settings.churn.contract.reason
    more = [
        (f"t_{place}", "trait", f"{literal(f'{reason.zh} {trait}:')} || v_{place}",
         f"{literal(f'{reason.en} {trait}: ')} || v_{place}")
        for place, trait in enumerate(traits)
    ]  # fmt: skip
    return pd.DataFrame(frame), reasons_json(settings.churn.model, more)


def _settings(settings: InsightSettings) -> ChurnModel:
    return settings.churn.model.model_copy(update={"seed": settings.churn.contract.seed})


def _name(column: Column) -> str:
    return column.trait if column.value is None else f"{column.trait}={column.value}"


def _of_features(predict: Predict, x: np.ndarray, calibration: Part) -> dict[Any, np.ndarray]:
    """Effects of the terms of the common features, the traits left as they are."""
    width, traits = len(NAMES), x[:, len(NAMES) :]
    common = Part(calibration.x[:, :width], calibration.left)
    return dict(effects(lambda part: predict(np.column_stack([part, traits])), x[:, :width], usual(common)))


def _of_trait(
    predict: Predict, x: np.ndarray, calibration: Part, columns: tuple[Column, ...], trait: str
) -> tuple[np.ndarray, np.ndarray]:
    """By how much each score falls when the trait is as usual among who stayed, and the trait's value as text. Usual is the
    median of a number; of values the mean of the scores with each of them, by their shares. Nothing where the own value is
    unknown or rare."""
    places = [len(NAMES) + place for place, column in enumerate(columns) if column.trait == trait]
    named = [column.value for column in columns if column.trait == trait]
    stayed, own = calibration.x[~calibration.left][:, places], x[:, places]
    if named == [None]:
        among = stayed[~np.isnan(stayed[:, 0]), 0]
        known = ~np.isnan(own[:, 0]) & bool(len(among))
        usual_values, shares = np.array([[np.median(among)]] if len(among) else [[np.nan]]), np.ones(1)
        text = pd.Series(own[:, 0]).map("{:g}".format).to_numpy(dtype=object)
    else:
        count = stayed.sum(axis=0)
        known = own.any(axis=1) & bool(count.any())
        usual_values, shares = np.eye(len(places)), count / max(count.sum(), 1)
        text = np.array(named, dtype=object)[own.argmax(axis=1)]
    expected = np.zeros(len(x))
    for value, share in zip(usual_values, shares, strict=True):
        changed = x.copy()
        changed[:, places] = value
        expected += share * predict(changed)
    return np.round(np.where(known, predict(x) - expected, 0), DIGITS), text
