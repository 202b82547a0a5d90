"""The insight tables of the churn model: its card with all figures, the figures as rows, and the score of each buyer.

churn_models tests the rivals and says which is published; churn_backtest unfolds its figures; churn_scores trains the
published one on the newest outcomes and scores every buyer by it. Where outcomes are known: contract_tables.py. The warnings
are by rule: warnings.py.
"""

from datetime import date, timedelta
from typing import Any

import duckdb
import pandas as pd

from orchestration.logic.churn import cards
from orchestration.logic.churn.consent import refused
from orchestration.logic.churn.contest import (
    Fold,
    contest,
    cuts_needed,
    cuts_of_scores,
    fitted,
    fold_of,
    nothing_tested,
)
from orchestration.logic.churn.contract_tables import PREFIX, contract_models, contract_scores
from orchestration.logic.churn.explain import TERMS, effects, reasons_json, usual
from orchestration.logic.churn.frame import NAMES, Frame, buyers_before, make_frame
from orchestration.logic.churn.models import FALLBACK, uncalibrated
from orchestration.logic.segmentation.store import literal, replace_day, values
from orchestration.settings.insights import InsightSettings


def churn_models(con: duckdb.DuckDBPyConnection, as_of: date, settings: InsightSettings) -> int:
    """Writes insights.churn_models of `as_of`: one row a model that was tested, or the fallback's alone. Grain: model.

    payload is the model card as JSON, without personal data. Returns the rows.
    """
    # Known outcomes say more than the absence of orders.
    rows = contract_models(con, as_of, settings) or _without_contracts(con, as_of, settings)
    query = f"select * from {values('t(model, kind, is_published, reason_zh, reason_en, payload)', rows)}"
    return replace_day(con, "churn_models", as_of, query, settings.criteria_version)


def _without_contracts(con: duckdb.DuckDBPyConnection, as_of: date, settings: InsightSettings) -> list[cards.Row]:
    """Rows of churn_models learned from who ordered and who did not."""
    model, horizon = settings.churn.model, settings.churn.horizon_days
    # A young home need not compute features of past days to learn that it is too young.
    if buyers_before(con, as_of - timedelta(horizon)) >= model.minimum_customers:
        frame = make_frame(con, as_of, settings, cuts_needed(model, horizon))
        result, common = contest(frame, model), cards.common(settings, frame.sha256, list(NAMES), horizon)
        if result.entries:
            return cards.rows(result, [_days(fold, frame) for fold in result.folds], common)
    else:
        result, common = nothing_tested(model), cards.common(settings, None, list(NAMES), horizon)
    reason, buyers = (result.reason_zh, result.reason_en), {"customers": buyers_before(con, as_of)}
    return [cards.row(FALLBACK, "fallback", True, reason, {"figures": buyers, **common})]


def churn_backtest(con: duckdb.DuckDBPyConnection, as_of: date, settings: InsightSettings) -> int:
    """Writes insights.churn_backtest of `as_of` from insights.churn_models: one row a model and metric, the mean over
    the folds beside that of the best naive rule. Returns the rows."""
    return replace_day(con, "churn_backtest", as_of, _BACKTEST.format(day=literal(as_of)), settings.criteria_version)


def churn_scores(con: duckdb.DuckDBPyConnection, as_of: date, settings: InsightSettings) -> int:
    """Writes insights.churn_scores of `as_of`: one row for each customer with a counted order before it, from the marts,
    insights.customer_features and the model that insights.churn_models says is published. Who never bought cannot
    leave and has no row, nor has who refused to be profiled. Where the model has learned from known outcomes, everybody
    whose latest one is not that they left has a row instead. Returns the rows."""
    found = con.execute("select model from insights.churn_models where as_of = ? and is_published", [as_of]).fetchall()
    name, horizon = found[0][0], settings.churn.horizon_days
    refusals = refused(as_of, settings.churn.life.profiling_purpose)
    if name == FALLBACK:
        query = _FALLBACK.format(
            score=uncalibrated("recency_days", "overdue_ratio", horizon),
            model=literal(name), horizon=horizon, day=literal(as_of), refused=refusals,
        )  # fmt: skip
        return replace_day(con, "churn_scores", as_of, query, settings.criteria_version)
    if name.startswith(PREFIX):
        scored, reasons = contract_scores(con, as_of, settings, name)
    else:
        scored, reasons = _scored(name, con, as_of, settings), reasons_json(settings.churn.model)
    con.register("strata_churn_scored", scored)
    ahead = "cast(null as integer)" if name.startswith(PREFIX) else horizon
    query = (
        f"select customer_id, churn_score, {literal(name)} as model, {ahead} as horizon_days, {reasons} as reasons "
        f"from strata_churn_scored where customer_id not in ({refusals})"
    )
    rows = replace_day(con, "churn_scores", as_of, query, settings.criteria_version)
    con.unregister("strata_churn_scored")
    return rows


def _scored(name: str, con: duckdb.DuckDBPyConnection, as_of: date, settings: InsightSettings) -> pd.DataFrame:
    # The final fold tests nothing: it scores as_of, so its cuts are those of a fold at 0.
    frame = make_frame(con, as_of, settings, cuts_of_scores(settings.churn.model, settings.churn.horizon_days))
    fold = fold_of(frame, 0, settings.churn.model)
    assert fold is not None, "what was tested on a cut is enough to calibrate on it"
    calibration, buyers = frame.cuts[fold.calibration], frame.cuts[0]
    predict = fitted(name, frame, fold, settings.churn.model)
    told = effects(predict, buyers.x, usual(calibration))
    columns = {f"e_{term}": told[term] for term in TERMS}
    return pd.DataFrame({"customer_id": frame.customers, "churn_score": predict(buyers.x), **columns})


def _days(fold: Fold, frame: Frame) -> dict[str, Any]:
    return {
        "tested_on": frame.day(fold.test).isoformat(),
        "calibrated_on": frame.day(fold.calibration).isoformat(),
        "trained_on": [frame.day(cut).isoformat() for cut in fold.training],
        "season_of": frame.day(fold.twin).isoformat() if fold.twin else None,
    }


_BACKTEST = """
with told as (
    select
        model, kind, is_published, reason_zh, reason_en, payload ->> '$.rival' as rival,
        unnest(json_keys(payload, '$.figures')) as metric, payload
    from insights.churn_models where as_of = {day}
),
figures as (
    select
        * exclude (payload),
        cast(json_extract(payload, '$.figures.' || metric) as decimal(18, 6)) as value,
        case when metric = 'auc' then cast(json_extract(payload, '$.auc_low') as decimal(18, 6)) end as low,
        case when metric = 'auc' then cast(json_extract(payload, '$.auc_high') as decimal(18, 6)) end as high,
        cast(coalesce(json_array_length(payload, '$.folds'), 0) as integer) as count_folds
    from told
)
select
    figures.*, rivals.value as rival_value, figures.value - rivals.value as difference
from figures
left join (select model, metric, value from figures) as rivals
    on rivals.model = figures.rival and rivals.metric = figures.metric
"""

_FALLBACK = """
select
    customer_id, {score} as churn_score, {model} as model, {horizon} as horizon_days, '[]' as reasons
from insights.customer_features
where as_of = {day} and recency_days is not null and customer_id not in ({refused})
"""
