"""The insight tables of the customer lifetime value: the fitted models of the day, and what each customer is worth.

The models come first, since they keep the parameters and their covariance by which the customers are valued. Below the
least number of customers, or without a sound fit, the value is that of the window, scaled to the horizon.
"""

import json
from datetime import date

import duckdb
import numpy as np

from orchestration.logic.clv.estimates import Fits, estimates
from orchestration.logic.clv.fit import HISTORIC, MODEL, ValueModel, fitted
from orchestration.logic.clv.history import drop_history, make_history
from orchestration.logic.clv.likelihood import Fitted
from orchestration.logic.clv.margins import drop_margins, make_margins
from orchestration.logic.segmentation.store import literal, replace_day, values
from orchestration.settings.insights import InsightSettings

_ORDERS, _AMOUNTS = ("r", "alpha", "a", "b"), ("p", "q", "gamma")


def clv_models(con: duckdb.DuckDBPyConnection, as_of: date, settings: InsightSettings) -> int:
    """Writes insights.clv_models of `as_of`: one row, the fits and whether they are used. Returns the rows."""
    make_history(con, as_of)
    row = _row(fitted(con, settings.criteria.clv))
    drop_history(con)
    names = ", ".join(row)
    query = f"select * from {values(f't({names})', [row.values()])}"
    return replace_day(con, "clv_models", as_of, query, settings.criteria_version)


def clv_estimates(con: duckdb.DuckDBPyConnection, as_of: date, settings: InsightSettings) -> int:
    """Writes insights.clv_estimates of `as_of`: one row a customer, from insights.clv_models, the marts and
    insights.customer_features. Returns the rows.

    What clv is made of is in estimates.py.
    """
    make_history(con, as_of)
    make_margins(con, as_of, settings.criteria.clv)
    features = f"(select * from insights.customer_features where as_of = {literal(as_of)})"
    with estimates(con, _read(con, as_of), settings, features) as query:
        rows = replace_day(con, "clv_estimates", as_of, query, settings.criteria_version)
    drop_history(con)
    drop_margins(con)
    return rows


def _row(model: ValueModel) -> dict[str, object]:
    orders, amounts = model.orders, model.amounts
    return {
        "model": HISTORIC if model.reason else MODEL,
        "reason": model.reason,
        **_parameters(_ORDERS, orders),
        "orders_log_likelihood": _double(orders.log_likelihood) if orders else None,
        **_parameters(_AMOUNTS, amounts),
        "amounts_log_likelihood": _double(amounts.log_likelihood) if amounts else None,
        "converged": orders.converged and amounts.converged if orders and amounts else None,
        "count_customers": model.count_customers,
        "count_repeat_customers": model.count_repeat_customers,
        "count_histories": model.count_histories,
        "spearman": model.independence.spearman,
        "p_value": model.independence.p_value,
        "covariance": json.dumps({"orders": orders.covariance, "amounts": amounts.covariance})
        if orders and amounts
        else None,
        "data_hash": model.data_hash,
    }


def _parameters(names: tuple[str, ...], fit: Fitted | None) -> dict[str, object]:
    return dict(zip(names, map(_double, fit.parameters) if fit else [None] * len(names), strict=True))


def _double(value: float) -> float | None:
    return value if np.isfinite(value) else None


def _read(con: duckdb.DuckDBPyConnection, as_of: date) -> Fits | None:
    """The two fits of the day, or None where they are not used."""
    found = con.execute(
        f"select {', '.join((*_ORDERS, *_AMOUNTS))}, covariance from insights.clv_models where as_of = ? and model = ?",
        [as_of, MODEL],
    ).fetchone()
    if found is None:
        return None
    told = json.loads(found[-1])
    return Fitted(found[:4], told["orders"], 0, True), Fitted(found[4:7], told["amounts"], 0, True)
