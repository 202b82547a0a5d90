"""The maximum of a log-likelihood of positive parameters, with the covariance of their logarithms. No model lives here."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from scipy.optimize import minimize

Array = np.ndarray
# (log-likelihood, its gradient by the parameters) at the parameters
LogLikelihood = Callable[[Array], tuple[float, Array]]
Loss = LogLikelihood
MANY = 50_000  # rows; of more, about so many are searched first

_STEP = 1e-4  # of a logarithm, for the second derivatives
_NEWTON_STEPS = 20
_FLAT = 1e-7  # a slope per customer below this is none: the parameters then stand to six digits and more


@dataclass(frozen=True)
class Fitted:
    """Parameters, and the covariance matrix of their logarithms (0 for one that stands at its bound)."""

    parameters: tuple[float, ...]
    covariance: tuple[tuple[float, ...], ...]
    log_likelihood: float
    converged: bool


def maximum(
    function: LogLikelihood,
    start: Sequence[float],
    bounds: Sequence[tuple[float, float]],
    size: int,
    rough: tuple[LogLikelihood, int] | None = None,
) -> Fitted:
    """The parameters within `bounds` of the highest log-likelihood; `size` is the number of customers in it.

    L-BFGS-B on the logarithms, then Newton steps on those not at a bound, so that the result does not hang on where the
    former stopped. Never raises for a bad fit: `converged` says whether the slope is flat and the top round.

    `rough`: the same of a part of the customers, with their number. Where there are many, the search goes over these, and
    few steps with their curvature lead from there to the maximum of all; the curvature is then that of the part.
    """
    limits = np.log(np.asarray(bounds, dtype=float))
    loss = _loss(function, size)
    with np.errstate(all="ignore"):
        found = _from_rough(loss, _loss(*rough), start, limits) if rough else None
        logs, inside, curvature = found or _searched(loss, np.log(start), limits)
        value, slope = loss(logs)
    round_top = bool(np.isfinite(curvature).all()) and bool((np.linalg.eigvalsh(curvature) > 0).all())
    converged = round_top and bool(np.isfinite(value)) and bool((np.abs(slope[inside]) < _FLAT).all())
    covariance = np.zeros((len(logs), len(logs)))
    if converged:
        covariance[np.ix_(inside, inside)] = np.linalg.inv(curvature) / size
    return Fitted(
        tuple(rounded(np.exp(logs)).tolist()),
        tuple(tuple(row) for row in rounded(covariance).tolist()),
        float(rounded(np.array([-value * size]))[0]),
        converged,
    )


def _loss(function: LogLikelihood, size: int) -> Loss:
    """By customer, of the logarithms of the parameters, with its gradient."""

    def loss(logs: Array) -> tuple[float, Array]:
        parameters = np.exp(logs)
        value, gradient = function(parameters)
        return -value / size, -gradient * parameters / size

    return loss


def _searched(loss: Loss, start: Array, limits: Array) -> tuple[Array, Array, Array]:
    """Where the loss is least, which parameters are free there, and its curvature."""
    found = minimize(loss, start, jac=True, method="L-BFGS-B", bounds=limits, options={"maxiter": 1000, "ftol": 1e-13})
    logs, inside = found.x, _inside(found.x, limits)
    for _ in range(_NEWTON_STEPS):
        stepped = _newton(loss, logs, inside, limits)
        if stepped is None:
            break
        logs = stepped
    return logs, inside, _curvature(loss, logs, inside)


def _from_rough(loss: Loss, rough: Loss, start: Sequence[float], limits: Array) -> tuple[Array, Array, Array] | None:
    """The same by way of the part; None when that leads nowhere, so that the whole must be searched."""
    logs, inside, curvature = _searched(rough, np.log(start), limits)
    if not inside.all() or not (np.linalg.eigvalsh(curvature) > 0).all():
        return None
    for _ in range(_NEWTON_STEPS):
        _, slope = loss(logs)
        if (np.abs(slope) < _FLAT * 1e-4).all():
            return logs, inside, curvature
        logs = logs - np.linalg.solve(curvature, slope)
        if not _inside(logs, limits).all():
            return None
    return None


def rounded(values: Array, digits: int = 9) -> Array:
    """To so many significant digits, so that one bit of a sum cannot show."""
    return np.array([float(f"{value:.{digits}g}") for value in values.ravel()]).reshape(values.shape)


def _inside(logs: Array, limits: Array) -> Array:
    return (logs > limits[:, 0] + 1e-9) & (logs < limits[:, 1] - 1e-9)


def _newton(loss: Loss, logs: Array, inside: Array, limits: Array) -> Array | None:
    """One Newton step that lowers the loss, or None when there is none."""
    value, slope = loss(logs)
    if not inside.any() or (np.abs(slope[inside]) < _FLAT * 1e-4).all():
        return None
    try:
        step = np.linalg.solve(_curvature(loss, logs, inside), slope[inside])
    except np.linalg.LinAlgError:
        return None
    for shorter in (1.0, 0.5, 0.25, 0.125):
        tried = logs.copy()
        tried[inside] -= shorter * step
        if (tried >= limits[:, 0]).all() and (tried <= limits[:, 1]).all():
            new_value, new_slope = loss(tried)
            flatter = np.abs(new_slope[inside]).max() < np.abs(slope[inside]).max()
            if new_value <= value + 1e-12 and flatter:
                return tried
    return None


def _curvature(loss: Loss, logs: Array, inside: Array) -> Array:
    """Second derivatives of the loss by the free logarithms, from central differences of its gradient."""
    rows = []
    for place in np.flatnonzero(inside):
        step = np.zeros(len(logs))
        step[place] = _STEP
        rows.append((loss(logs + step)[1] - loss(logs - step)[1])[inside] / (2 * _STEP))
    matrix = np.array(rows).reshape(len(rows), len(rows))
    return (matrix + matrix.T) / 2
