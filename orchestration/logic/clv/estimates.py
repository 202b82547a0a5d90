"""What each customer is worth on a day, by the fits of a day: the query of the estimates, whichever table it goes into.

clv = the customer's margin * mean amount * orders of the horizon, each discounted to the day. The bounds hold what is not
known about the parameters (delta method on the logarithm), not how differently one customer may act.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from statistics import NormalDist

import duckdb
import numpy as np
import pyarrow as pa

from orchestration.logic.clv import bgnbd, gamma_gamma
from orchestration.logic.clv.fit import DAYS_A_WEEK, HISTORIC, MODEL, NONE
from orchestration.logic.clv.history import HISTORY, columns, distinct
from orchestration.logic.clv.likelihood import Fitted
from orchestration.logic.clv.margins import MARGINS
from orchestration.settings.criteria import Clv
from orchestration.settings.insights import InsightSettings

_WIDEST = 20.0  # of an interval, as a logarithm: beyond it a bound says nothing and overflows
Fits = tuple[Fitted, Fitted]
"""Of the orders and of the amounts."""


@contextmanager
def estimates(
    con: duckdb.DuckDBPyConnection, fits: Fits | None, settings: InsightSettings, features: str
) -> Iterator[str]:
    """The query of the estimates of the customers of `features`, while it is open: see column_lists/clv.py. Needs HISTORY and
    MARGINS.

    `features`: a relation with customer_id, net_amount, count_orders_window, net_amount_window, average_order_amount_window.
    Without `fits` customers are valued by the window.
    """
    clv, window = settings.criteria.clv, settings.criteria.window_days
    con.register("strata_clv_values", _valued(con, *fits, clv) if fits else _NOBODY)
    yield _ESTIMATES.format(
        features=features,
        horizon=clv.horizon_days,
        scale=f"cast({clv.horizon_days} as double) / {window}",
        margin=clv.margin,
    )
    con.unregister("strata_clv_values")


def _valued(con: duckdb.DuckDBPyConnection, orders: Fitted, amounts: Fitted, clv: Clv) -> pa.Table:
    """What is expected of each buyer, and the bounds."""
    known = columns(
        con,
        f"select h.*, cast(coalesce(m.margin_rate, {clv.margin}) as double) as margin"
        f" from {HISTORY} as h left join {MARGINS} as m using (customer_id) order by customer_id",
    )
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
    value = known["margin"] * ahead.discounted[place] * amount
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
                then cast(greatest(f.net_amount_window, 0) * {{scale}} * coalesce(m.margin_rate, {{margin}}) as decimal(28, 4))
            else cast(v.clv as decimal(28, 4))
        end as clv,
        cast(v.clv_low as decimal(28, 4)) as clv_low,
        cast(v.clv_high as decimal(28, 4)) as clv_high,
        case when h.customer_id is null then 0 else cast(f.net_amount * coalesce(m.margin_rate, {{margin}}) as decimal(28, 4)) end
            as historic_margin,
        cast(coalesce(m.margin_rate, {{margin}}) as decimal(9, 6)) as margin_rate,
        {{horizon}} as horizon_days,
        case when h.customer_id is null then '{NONE}' when v.customer_id is null then '{HISTORIC}'
            else '{MODEL}' end as model
    from {{features}} as f
    left join {HISTORY} as h on h.customer_id = f.customer_id
    left join {MARGINS} as m on m.customer_id = f.customer_id
    left join strata_clv_values as v on v.customer_id = f.customer_id
"""
