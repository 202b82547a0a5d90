"""Gamma-gamma: what an order of a customer is worth, drawn towards that of all the more the fewer orders there were.

Fader & Hardie 2013, "The gamma-gamma model of monetary value". Amounts of one customer's orders are Gamma(p, nu), nu
differs as Gamma(q, gamma). Needs money that does not hang on frequency. No database, no time.
"""

from dataclasses import dataclass

import numpy as np
from scipy.special import digamma, gammaln
from scipy.stats import spearmanr

from orchestration.logic.clv.likelihood import MANY, Fitted, LogLikelihood, maximum, rounded

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
    every = len(x) // MANY + 1
    rough = (_function(x[::every], mean[::every] / unit), len(x[::every])) if every > 1 else None
    fitted = maximum(_function(x, mean / unit), (2.0, 3.0, 1.0), _BOUNDS, len(x), rough)
    p, q, gamma = fitted.parameters
    log_likelihood = fitted.log_likelihood - len(x) * np.log(unit)
    return Fitted(
        (p, q, float(rounded(np.array([gamma * unit]))[0])),
        fitted.covariance,
        float(rounded(np.array([log_likelihood]))[0]),
        fitted.converged,
    )


def _function(x: Array, mean: Array) -> LogLikelihood:
    """Formula 1a of the paper in logarithms, and its gradient. What is dear to compute hangs on x alone, of which there are
    few."""
    known, place, count = np.unique(x, return_inverse=True, return_counts=True)
    log_mean = np.log(mean)
    sum_log_mean, sum_x_logs = float(np.sum(log_mean)), float(np.sum(x * (log_mean + np.log(x))))
    spent = mean * x

    def log_likelihood(parameters: Array) -> tuple[float, Array]:
        p, q, gamma = parameters
        k, whole = p * known, gamma + spent
        log_whole = np.log(whole)
        by_x = np.bincount(place, log_whole)  # sums of ln(gamma + x mean) for each x
        of_x = gammaln(k + q) - gammaln(k) - gammaln(q) + q * np.log(gamma)
        total = count @ of_x + p * sum_x_logs - sum_log_mean - (k + q) @ by_x
        digammas = digamma(k + q)
        gradient = np.array(
            [
                count @ (known * (digammas - digamma(k))) + sum_x_logs - known @ by_x,
                count @ (digammas - digamma(q) + np.log(gamma)) - by_x.sum(),
                len(x) * q / gamma - (k + q) @ np.bincount(place, 1 / whole),
            ]
        )
        return float(total), gradient

    return log_likelihood


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
