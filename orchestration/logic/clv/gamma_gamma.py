"""Gamma-gamma: what an order of a customer is worth, drawn towards that of all the more the fewer orders there were.

Fader & Hardie 2013, "The gamma-gamma model of monetary value". Amounts of one customer's orders are Gamma(p, nu), nu
differs as Gamma(q, gamma). Needs money that does not hang on frequency. No database, no time.
"""

from dataclasses import dataclass

import numpy as np
from scipy.special import digamma, gammaln
from scipy.stats import spearmanr

from orchestration.logic.clv.likelihood import Fitted, maximum, rounded

Array = np.ndarray
_BOUNDS = ((1e-3, 1e4), (1e-3, 1e4), (1e-6, 1e6))


@dataclass(frozen=True)
class Independence:
    """Spearman's rank correlation of repeat orders and mean amount, and its p-value; None where it has no meaning."""

    spearman: float | None
    p_value: float | None


def fit(x: Array, mean: Array) -> Fitted:
    """p, q and gamma (in the unit of `mean`) of the highest likelihood. One row a customer with x > 0 and mean > 0,
    sorted by the caller."""
    unit = float(np.mean(mean))  # the search is the same in every currency
    fitted = maximum(lambda parameters: _log_likelihood(parameters, x, mean / unit), (2.0, 3.0, 1.0), _BOUNDS, len(x))
    p, q, gamma = fitted.parameters
    log_likelihood = fitted.log_likelihood - len(x) * np.log(unit)
    return Fitted(
        (p, q, float(rounded(np.array([gamma * unit]))[0])),
        fitted.covariance,
        float(rounded(np.array([log_likelihood]))[0]),
        fitted.converged,
    )


def _log_likelihood(parameters: Array, x: Array, mean: Array) -> tuple[float, Array]:
    """Formula 1a of the paper in logarithms, and its gradient."""
    p, q, gamma = parameters
    k, log_sum = p * x, np.log(gamma + mean * x)
    each = gammaln(k + q) - gammaln(k) - gammaln(q) + q * np.log(gamma) + (k - 1) * np.log(mean) + k * np.log(x)
    total = np.sum(each - (k + q) * log_sum)
    gradient = np.array(
        [
            np.sum(x * (digamma(k + q) - digamma(k) + np.log(mean) + np.log(x) - log_sum)),
            np.sum(digamma(k + q) - digamma(q) + np.log(gamma) - log_sum),
            np.sum(q / gamma - (k + q) / (gamma + mean * x)),
        ]
    )
    return float(total), gradient


def expected_amount(parameters: tuple[float, ...], x: Array, mean: Array) -> Array:
    """The mean amount of an order to come (formula 5): p (gamma + x mean) / (p x + q - 1). Needs q > 1.

    `mean` counts for nothing where x is 0; one that returns made negative counts as 0.
    """
    p, q, gamma = parameters
    return p * (gamma + x * np.maximum(mean, 0)) / (p * x + q - 1)


def slopes(parameters: tuple[float, ...], x: Array, mean: Array) -> Array:
    """Slopes of ln(expected_amount) by ln p, ln q and ln gamma (rows)."""
    p, q, gamma = parameters
    below = p * x + q - 1
    return np.array([1 - p * x / below, -q / below, gamma / (gamma + x * np.maximum(mean, 0))])


def independence(x: Array, mean: Array) -> Independence:
    """Whether who orders more often also spends more an order."""
    if len(x) < 3 or len(np.unique(x)) == 1 or len(np.unique(mean)) == 1:
        return Independence(None, None)
    found = spearmanr(x, mean)
    return Independence(round(float(found.statistic), 6), round(float(found.pvalue), 6))
