"""The insight tables of the customer lifetime value: the fitted models of the day, and what each customer is worth.

The models come first, since they keep the parameters and their covariance by which the customers are valued. Below the
least number of customers, or without a sound fit, the value is that of the window, scaled to the horizon.
"""

import json
from datetime import date
from statistics import NormalDist

import duckdb
import numpy as np
import pyarrow as pa

from orchestration.logic.clv import bgnbd, gamma_gamma
from orchestration.logic.clv.fit import DAYS_A_WEEK, HISTORIC, MODEL, NONE, ValueModel, fitted
from orchestration.logic.clv.history import HISTORY, columns, distinct, drop_history, make_history
from orchestration.logic.clv.likelihood import Fitted
from orchestration.logic.segmentation.store import literal, replace_day, values
from orchestration.settings.criteria import Clv
from orchestration.settings.insights import InsightSettings

_ORDERS, _AMOUNTS = ("r", "alpha", "a", "b"), ("p", "q", "gamma")
_WIDEST = 20.0  # of an interval, as a logarithm: beyond it a bound says nothing and overflows


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

    clv = margin * mean amount * orders of the horizon, each discounted to as_of. The bounds hold what is not known about
    the parameters (delta method on the logarithm), not how differently one customer may act.
    """
    clv, window = settings.criteria.clv, settings.criteria.window_days
    make_history(con, as_of)
    model = _read(con, as_of)
    con.register("strata_clv_values", _valued(con, *model, clv) if model else _NOBODY)
    query = _ESTIMATES.format(
        day=literal(as_of),
        horizon=clv.horizon_days,
        scale=f"cast({clv.horizon_days} as double) / {window}",
        margin=clv.margin,
    )
    rows = replace_day(con, "clv_estimates", as_of, query, settings.criteria_version)
    con.unregister("strata_clv_values")
    drop_history(con)
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


def _read(con: duckdb.DuckDBPyConnection, as_of: date) -> tuple[Fitted, Fitted] | None:
    """The two fits of the day, or None where they are not used."""
    found = con.execute(
        f"select {', '.join((*_ORDERS, *_AMOUNTS))}, covariance from insights.clv_models where as_of = ? and model = ?",
        [as_of, MODEL],
    ).fetchone()
    if found is None:
        return None
    told = json.loads(found[-1])
    return Fitted(found[:4], told["orders"], 0, True), Fitted(found[4:7], told["amounts"], 0, True)


def _valued(con: duckdb.DuckDBPyConnection, orders: Fitted, amounts: Fitted, clv: Clv) -> pa.Table:
    """What is expected of each buyer, and the bounds."""
    known = columns(con, f"select * from {HISTORY} order by customer_id")
    kinds, place, _ = distinct(known["x"], known["t_x_days"], known["t_days"])
    ahead = bgnbd.forecast(
        orders, kinds[0].astype(float), kinds[1] / DAYS_A_WEEK, kinds[2] / DAYS_A_WEEK,
        clv.horizon_days / DAYS_A_WEEK, float(clv.yearly_discount),
    )  # fmt: skip
    x, mean = known["x"].astype(float), known["mean_amount"]
    amount = gamma_gamma.expected_amount(amounts.parameters, x, mean)
    of_orders = _variance(ahead.slopes, orders)[place]
    of_amounts = _variance(gamma_gamma.slopes(amounts.parameters, x, mean), amounts)
    reach = NormalDist().inv_cdf(0.5 + float(clv.confidence) / 2) * np.sqrt(of_orders + of_amounts)
    value = float(clv.margin) * ahead.discounted[place] * amount
    made = pa.table(
        {
            "customer_id": pa.array(known["customer_id"], pa.string()),
            "p_alive": ahead.p_alive[place],
            "expected_orders": ahead.orders[place],
            "expected_order_amount": amount,
            "clv": value,
            "clv_low": value * np.exp(-np.minimum(reach, _WIDEST)),
            "clv_high": value * np.exp(np.minimum(reach, _WIDEST)),
        }
    )
    # A series that did not end has no number: such a customer is valued by the window.
    return made.filter(pa.array(np.isfinite(np.stack([made[name].to_numpy() for name in _NUMBERS])).all(axis=0)))


def _variance(slopes: np.ndarray, fit: Fitted) -> np.ndarray:
    """Of a logarithm with these slopes (parameters x rows), by the covariance of the fit."""
    return np.maximum(np.einsum("ik,ij,jk->k", slopes, np.array(fit.covariance), slopes), 0)


_NUMBERS = ("p_alive", "expected_orders", "expected_order_amount", "clv", "clv_low", "clv_high")
_NOBODY = pa.table(
    {"customer_id": pa.array([], pa.string()), **{name: pa.array([], pa.float64()) for name in _NUMBERS}}
)

_ESTIMATES = f"""
    select
        f.customer_id,
        h.x,
        cast(h.t_x_days / {DAYS_A_WEEK} as decimal(9, 4)) as t_x,
        cast(h.t_days / {DAYS_A_WEEK} as decimal(9, 4)) as t,
        cast(v.p_alive as decimal(9, 6)) as p_alive,
        case
            when h.customer_id is null then 0
            when v.customer_id is null then cast(f.count_orders_window * {{scale}} as decimal(18, 6))
            else cast(v.expected_orders as decimal(18, 6))
        end as expected_orders,
        case when v.customer_id is null then f.average_order_amount_window
            else cast(v.expected_order_amount as decimal(28, 4)) end as expected_order_amount,
        case
            when h.customer_id is null then 0
            when v.customer_id is null
                then cast(greatest(f.net_amount_window, 0) * {{scale}} * {{margin}} as decimal(28, 4))
            else cast(v.clv as decimal(28, 4))
        end as clv,
        cast(v.clv_low as decimal(28, 4)) as clv_low,
        cast(v.clv_high as decimal(28, 4)) as clv_high,
        {{horizon}} as horizon_days,
        case when h.customer_id is null then '{NONE}' when v.customer_id is null then '{HISTORIC}'
            else '{MODEL}' end as model
    from insights.customer_features as f
    left join {HISTORY} as h on h.customer_id = f.customer_id
    left join strata_clv_values as v on v.customer_id = f.customer_id
    where f.as_of = {{day}}
"""
