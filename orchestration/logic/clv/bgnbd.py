"""BG/NBD: how many orders a customer will place, and whether there will be any.

Fader, Hardie & Lee 2005, "Counting your customers" the easy way. Orders come as a Poisson process whose rate differs as
Gamma(r, alpha); after each order a customer leaves with a probability that differs as Beta(a, b). Times are in weeks: x
repeat orders, the last of them t_x after the first order, seen until t after it. No database, no money.
"""

from dataclasses import dataclass

import numpy as np
from scipy.special import betaln, digamma, expit, gammaln, hyp2f1

from orchestration.logic.clv.likelihood import MANY, Fitted, LogLikelihood, maximum

Array = np.ndarray
# Beyond these the customers are as good as alike, and the series below would lose its digits.
_BOUNDS = ((1e-3, 1e2), (1e-4, 1e5), (1e-4, 20.0), (1e-4, 1e2))
_NODES = 16  # of the integral over the horizon: five digits in the worst case, twelve in most
_YEAR_WEEKS = 365 / 7
_SIDE = 1e-3  # of a logarithm, for the slopes of the forecast by the parameters


@dataclass(frozen=True)
class Histories:
    """Distinct histories (x, t_x, t) with the number of customers of each. Sorted by the caller, so that sums agree."""

    x: Array
    t_x: Array
    t: Array
    count: Array


@dataclass(frozen=True)
class Forecast:
    """Of each history: P(alive), expected orders in the horizon, the same discounted, and the slopes of the logarithm
    of the latter by the logarithms of the four parameters (rows)."""

    p_alive: Array
    orders: Array
    discounted: Array
    slopes: Array


def fit(histories: Histories) -> Fitted:
    """r, alpha, a, b of the highest likelihood."""
    weeks = float(np.average(histories.t, weights=histories.count)) or 1.0
    start = (0.5, 0.5 * weeks, 1.0, 2.0)
    every = len(histories.x) // MANY + 1
    part = Histories(*(column[::every] for column in (histories.x, histories.t_x, histories.t, histories.count)))
    rough = (_function(part), int(part.count.sum())) if every > 1 else None
    return maximum(_function(histories), start, _BOUNDS, int(histories.count.sum()), rough)


def _function(histories: Histories) -> LogLikelihood:
    known, place = np.unique(histories.x, return_inverse=True)
    by_x = np.bincount(place, weights=histories.count)
    return lambda parameters: _log_likelihood(parameters, histories, known, by_x)


def _log_likelihood(parameters: Array, histories: Histories, known: Array, by_x: Array) -> tuple[float, Array]:
    """Formula 6 of the paper in logarithms, and its gradient. `known`, `by_x`: the distinct x and their customers, since
    what is dear to compute hangs on x alone."""
    r, alpha, a, b = parameters
    x, n, repeated = histories.x, histories.count, histories.x > 0
    log_t, log_t_x = np.log(alpha + histories.t), np.log(alpha + histories.t_x)
    alive = -(r + x) * log_t
    left = np.where(repeated, np.log(a) - np.log(b + np.maximum(x, 1) - 1) - (r + x) * log_t_x, -np.inf)
    less = np.exp(-np.abs(alive - left))  # one exponential serves the sum and the shares
    total = (
        by_x @ (gammaln(r + known) - gammaln(r) + r * np.log(alpha) + betaln(a, b + known) - betaln(a, b))
        + n @ (np.maximum(alive, left) + np.log1p(less))
    )  # fmt: skip
    w = np.where(alive >= left, 1, less) / (1 + less)  # share of the part that says "still there"
    gone = 1 - w
    shared = digamma(a + b) - digamma(a + b + known)
    gradient = np.array(
        [
            by_x @ (digamma(r + known) - digamma(r) + np.log(alpha)) - n @ (w * log_t + gone * log_t_x),
            n @ (r / alpha - (r + x) * (w / (alpha + histories.t) + gone / (alpha + histories.t_x))),
            by_x @ shared + n @ (gone / a),
            by_x @ (shared + digamma(b + known) - digamma(b)) - n @ (gone / (b + np.maximum(x, 1) - 1)),
        ]
    )
    return float(total), gradient


def p_alive(parameters: tuple[float, ...], x: Array, t_x: Array, t: Array) -> Array:
    """The probability that the customer has not left (1 without a repeat order: nobody leaves before one)."""
    r, alpha, a, b = parameters
    odds = np.log(a) - np.log(b + np.maximum(x, 1) - 1) + (r + x) * (np.log(alpha + t) - np.log(alpha + t_x))
    return np.where(x > 0, expit(-odds), 1.0)


def expected_orders(
    parameters: tuple[float, ...], x: Array, t_x: Array, t: Array, weeks: float, yearly_discount: float = 0.0
) -> Array:
    """Orders expected in the `weeks` to come, each worth less the later it comes.

    With a discount of 0 this is formula 10 of the paper, as the integral of the rate at which orders come s weeks from
    now: P(alive) (r + x) / (alpha + t) 2F1(r + x + 1, a; a + b + x; -s / (alpha + t)). So it has no gap at a = 1.
    Gauss-Legendre over ln(1 + s / pace), where `pace` is about the time in which the rate falls.
    """
    r, alpha, a, b = parameters
    seen = alpha + t
    pace = seen / (1 + (r + x) * a / (a + b + x))
    nodes, weights = np.polynomial.legendre.leggauss(_NODES)
    reach = np.log1p(weeks / pace)
    total = np.zeros(len(x))
    for node, weight in zip((nodes + 1) / 2, weights / 2, strict=True):
        ahead = pace * np.expm1(reach * node)
        rate = _rate(r + x + 1, a, a + b + x, ahead / seen)
        total += weight * rate * (pace + ahead) * (1 + yearly_discount) ** (-ahead / _YEAR_WEEKS)
    return p_alive(parameters, x, t_x, t) * (r + x) / seen * reach * total


def _rate(k: Array, a: float, c: Array, v: Array) -> Array:
    """2F1(k, a; c; -v) for v > 0, by that one of Pfaff's transformations which loses no digits: the first has small
    terms, but c - k may be far below 0; all of the second are positive."""
    z, few = v / (1 + v), c - k
    second = np.where(few > 0, k * (c - a) < few * a, (few < -5) & (c < -few))
    first = hyp2f1(np.where(second, 0, few), a, c, z) * (1 + v) ** -a
    if not second.any():
        return first
    return np.where(second, hyp2f1(np.where(second, k, 0), c - a, c, z) * (1 + v) ** -k, first)


def forecast(fitted: Fitted, x: Array, t_x: Array, t: Array, weeks: float, yearly_discount: float) -> Forecast:
    """What is expected of each history in the `weeks` to come."""
    center = np.array(fitted.parameters)

    def discounted(logs: Array) -> Array:
        return expected_orders(tuple(center * np.exp(logs)), x, t_x, t, weeks, yearly_discount)

    here = discounted(np.zeros(4))
    # Never 0 by the formula, but by the machine: of who surely left.
    floor = np.finfo(float).tiny
    slopes = np.array(
        [
            (np.log(np.maximum(discounted(step), floor)) - np.log(np.maximum(here, floor))) / _SIDE
            for step in np.eye(4) * _SIDE
        ]
    )
    orders = expected_orders(fitted.parameters, x, t_x, t, weeks) if yearly_discount else here
    return Forecast(p_alive(fitted.parameters, x, t_x, t), orders, here, slopes)
