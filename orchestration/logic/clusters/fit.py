"""Scaling and k-means on an array of customers × features, and the choice of k. No database, no dates, no names.

Choice of k: of the numbers tried those count whose smallest cluster holds `smallest_share`; of these, the largest whose
silhouette is within `tolerance` of the best. The silhouette (Rousseeuw 1987) alone is best for the two halves of heavy
and light buyers nearly everywhere, which tells a business nothing new; taking the finest split that is nearly as good is
the thought of the one-standard-error rule (Breiman et al. 1984, 3.4.3) turned round, and the share keeps clusters of a
few outliers away. The k of the fit before is kept while it is among those, so that numbers do not come and go.
"""

from dataclasses import dataclass

import numpy as np
from sklearn.cluster import KMeans
from threadpoolctl import threadpool_limits

from orchestration.logic.clusters.model import DIGITS, Scale
from orchestration.settings.criteria import Clusters


@dataclass(frozen=True)
class Fit:
    """Centroids (k × features), each row's cluster, and the mean simplified silhouette."""

    centroids: np.ndarray
    members: np.ndarray
    silhouette: float

    @property
    def k(self) -> int:
        return len(self.centroids)

    @property
    def smallest_share(self) -> float:
        return float(np.bincount(self.members, minlength=self.k).min() / len(self.members))


def scales_of(values: dict[str, np.ndarray], settings: Clusters) -> tuple[Scale, ...]:
    """The scaling of each feature by its values (NaN where unknown)."""
    return tuple(_scale(name, values[name], settings) for name in settings.features)


def _scale(name: str, column: np.ndarray, settings: Clusters) -> Scale:
    known = column[~np.isnan(column)]
    fill = float(np.median(known)) if len(known) else 0.0
    column = np.where(np.isnan(column), fill, column)
    wish = settings.features[name].log
    log = wish == "always" or (wish == "auto" and _skewness(column) > settings.skewness_bound)
    column = logarithm(column) if log else column
    spread = float(np.std(column))
    if settings.scaling == "standard":
        center = float(np.mean(column))
    else:
        low, center, high = (float(number) for number in np.quantile(column, [0.25, 0.5, 0.75]))
        spread = high - low or spread
    # A constant feature, or one whose spread rounds to nothing, tells nobody apart.
    return Scale(name, log, round(fill, DIGITS), round(center, DIGITS), round(spread, DIGITS) or 1.0)


def logarithm(column: np.ndarray) -> np.ndarray:
    """sign(x) ln(1 + |x|): returns may make an amount negative."""
    return np.sign(column) * np.log1p(np.abs(column))


def exponent(column: np.ndarray) -> np.ndarray:
    """The inverse of `logarithm`."""
    return np.sign(column) * np.expm1(np.abs(column))


def scaled(values: dict[str, np.ndarray], scales: tuple[Scale, ...]) -> np.ndarray:
    """Customers × features in scaled units."""
    columns = []
    for scale in scales:
        column = np.where(np.isnan(values[scale.feature]), scale.fill, values[scale.feature])
        columns.append(((logarithm(column) if scale.log else column) - scale.center) / scale.scale)
    return np.round(np.column_stack(columns), DIGITS)


def best_fit(points: np.ndarray, settings: Clusters, previous: int | None) -> Fit | None:
    """The fit with the chosen k; `previous`: the k of the fit before. None with too few different customers."""
    count, different = settings.count, len(np.unique(points, axis=0))
    fits = {k: _fit(points, k, settings) for k in range(count.least, min(count.most, different) + 1)}
    if not fits:
        return None
    usable = {k: fit for k, fit in fits.items() if fit.smallest_share >= count.smallest_share}
    if not usable:
        return fits[count.least]
    bound = max(fit.silhouette for fit in usable.values()) * (1 - float(count.tolerance))
    acceptable = {k: fit for k, fit in usable.items() if fit.silhouette >= bound}
    return acceptable[previous if previous in acceptable else max(acceptable)]


def _fit(points: np.ndarray, k: int, settings: Clusters) -> Fit:
    # One thread: partial sums of several would be added in an order that varies.
    with threadpool_limits(limits=1):
        fitted = KMeans(k, n_init=settings.starts, random_state=settings.seed, algorithm="lloyd").fit(points)
    centroids = np.round(fitted.cluster_centers_, DIGITS)
    distances = np.sort(np.linalg.norm(points[:, None, :] - centroids[None, :, :], axis=2), axis=1)
    nearest, following = distances[:, 0], distances[:, 1]
    silhouettes = (following - nearest) / np.where(following > 0, following, 1)
    return Fit(centroids, fitted.labels_, round(float(silhouettes.mean()), 6))


def _skewness(column: np.ndarray) -> float:
    deviations = column - column.mean()
    spread = np.sqrt(np.mean(deviations**2))
    return float(np.mean(deviations**3) / spread**3) if spread > 0 else 0.0
