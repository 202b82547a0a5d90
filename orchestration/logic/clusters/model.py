"""A fitted set of clusters, how it is kept in insights.cluster_profiles, and the SQL that assigns customers by it."""

import json
from dataclasses import dataclass
from datetime import date

DIGITS = 9  # of every number of a fit, so that one bit of a sum cannot show


@dataclass(frozen=True)
class Scale:
    """How a feature becomes a coordinate: missing → fill, x → sign(x) ln(1 + |x|) if `log`, then (x - center) / scale."""

    feature: str
    log: bool
    fill: float
    center: float
    scale: float


@dataclass(frozen=True)
class Cluster:
    """One cluster. `stands_out`: the features it is named by, the strongest first."""

    cluster_id: int
    zh: str
    en: str
    centroid: tuple[float, ...]
    stands_out: tuple[str, ...] = ()


@dataclass(frozen=True)
class Model:
    """The clusters of one fit; `silhouette` is the mean over the customers that were fitted."""

    fitted_on: date
    scales: tuple[Scale, ...]
    clusters: tuple[Cluster, ...]
    silhouette: float


def scaling_json(scales: tuple[Scale, ...]) -> str:
    """The scaling as JSON, by feature."""
    return json.dumps({s.feature: {"log": s.log, "fill": s.fill, "center": s.center, "scale": s.scale} for s in scales})


def centroid_json(scales: tuple[Scale, ...], centroid: tuple[float, ...]) -> str:
    """The centroid as JSON, by feature, in scaled units."""
    return json.dumps({scale.feature: place for scale, place in zip(scales, centroid, strict=True)})


def read_scaling(text: str) -> tuple[Scale, ...]:
    return tuple(Scale(feature, **numbers) for feature, numbers in json.loads(text).items())


def read_centroid(text: str) -> tuple[float, ...]:
    return tuple(json.loads(text).values())


def assigned(scales: tuple[Scale, ...], clusters: tuple[Cluster, ...], source: str) -> str:
    """SQL: customer_id, cluster_id, distance, silhouette of each row of `source` (customer_id and the features).

    The nearest centroid wins; of two at the same distance the lower number. silhouette is the simplified one,
    (b - a) / max(a, b) with a the distance to the own centroid and b to the next (Hruschka, Campello & de Castro 2006),
    linear in customers where the original is quadratic.
    """
    ordered = sorted(clusters, key=lambda cluster: cluster.cluster_id)
    coordinates = ", ".join(f"{_coordinate(scale)} as z{i}" for i, scale in enumerate(scales))
    distances = ", ".join(_distance(cluster.centroid) for cluster in ordered)
    return f"""
        with scaled as (select customer_id, {coordinates} from {source}),
        measured as (select customer_id, [{distances}] as distances from scaled),
        ranked as (
            select customer_id, distances, list_sort(distances)[1] as nearest, list_sort(distances)[2] as next
            from measured
        )
        select
            customer_id,
            {[cluster.cluster_id for cluster in ordered]}[list_position(distances, nearest)] as cluster_id,
            cast(nearest as decimal(18, 6)) as distance,
            cast(case when next > 0 then (next - nearest) / next else 0 end as decimal(9, 6)) as silhouette
        from ranked
    """


def _coordinate(scale: Scale) -> str:
    value = f"coalesce(cast({scale.feature} as double), {_double(scale.fill)})"
    if scale.log:
        value = f"sign({value}) * ln(1 + abs({value}))"
    return f"({value} - {_double(scale.center)}) / {_double(scale.scale)}"


def _distance(centroid: tuple[float, ...]) -> str:
    # Rounded so that a customer in the middle of two centroids goes to the same one on every machine.
    return f"round(sqrt({' + '.join(f'pow(z{i} - {_double(at)}, 2)' for i, at in enumerate(centroid))}), {DIGITS})"


def _double(value: float) -> str:
    return f"cast({value!r} as double)"
