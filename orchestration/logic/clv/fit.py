"""Both models fitted to the buyers of a day, or the reason why not. No prediction and no table lives here."""

from dataclasses import dataclass
from hashlib import sha256

import duckdb
import numpy as np

from orchestration.logic.clv import bgnbd, gamma_gamma
from orchestration.logic.clv.history import HISTORY, columns
from orchestration.logic.clv.likelihood import Fitted
from orchestration.settings.criteria import Clv

MODEL, HISTORIC, NONE = "bgnbd_gamma_gamma", "historic", "none"
DAYS_A_WEEK = 7


@dataclass(frozen=True)
class ValueModel:
    """`reason`: why nothing is predicted from the fits (None: they hold). A fit that was not tried is None."""

    reason: str | None
    orders: Fitted | None
    amounts: Fitted | None
    independence: gamma_gamma.Independence
    count_customers: int
    count_repeat_customers: int
    count_histories: int
    data_hash: str


def fitted(con: duckdb.DuckDBPyConnection, settings: Clv) -> ValueModel:
    """Fits both models to HISTORY. Linear in customers; the orders in distinct histories."""
    kinds = columns(
        con,
        f"select x, t_x_days, t_days, count(*) as customers from {HISTORY} group by all order by x, t_x_days, t_days",
    )
    repeated = columns(
        con, f"select x, mean_amount from {HISTORY} where x > 0 and mean_amount > 0 order by x, mean_amount"
    )
    x, mean = repeated["x"].astype(float), repeated["mean_amount"]
    count, count_repeated = int(kinds["customers"].sum()), len(x)
    orders = amounts = None
    if count < settings.minimum_customers:
        reason: str | None = "too_few_customers"
    elif count_repeated < settings.minimum_repeat_customers:
        reason = "too_few_repeat_customers"
    else:
        orders, amounts = bgnbd.fit(_histories(kinds)), gamma_gamma.fit(x, mean)
        reason = _fault(orders, amounts)
    return ValueModel(
        reason, orders, amounts, gamma_gamma.independence(x, mean), count, count_repeated, len(kinds["x"]),
        _hash([*kinds.values(), *repeated.values()]),
    )  # fmt: skip


def _fault(orders: Fitted, amounts: Fitted) -> str | None:
    if not orders.converged:
        return "orders_not_fitted"
    if not amounts.converged:
        return "amounts_not_fitted"
    # With q of 1 or less the mean amount of the population has no bound.
    return None if amounts.parameters[1] > 1 else "mean_amount_unbounded"


def _histories(kinds: dict[str, np.ndarray]) -> bgnbd.Histories:
    return bgnbd.Histories(
        kinds["x"].astype(float),
        kinds["t_x_days"] / DAYS_A_WEEK,
        kinds["t_days"] / DAYS_A_WEEK,
        kinds["customers"].astype(float),
    )


def _hash(arrays: list[np.ndarray]) -> str:
    """16 hex digits that stand for what was fitted; no customer can be read from them."""
    digest = sha256()
    for values in arrays:
        digest.update(np.ascontiguousarray(values, dtype="<f8").tobytes())
    return digest.hexdigest()[:16]
