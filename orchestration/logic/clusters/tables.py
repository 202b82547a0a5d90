"""The insight tables of the clusters: what each cluster is like, and which customer is in which.

Clustered are customers with a counted order in the window; the others have no row. Profiles come first, since they keep
the scaling and the centroids by which the customers are assigned.
"""

from datetime import date
from decimal import Decimal
from typing import Any

import duckdb

from orchestration.logic.clusters.anchors import newest_model
from orchestration.logic.clusters.model import (
    Cluster,
    Model,
    assigned,
    centroid_json,
    read_centroid,
    read_scaling,
    scaling_json,
)
from orchestration.logic.segmentation.store import literal, replace_day, values
from orchestration.settings.criteria import Clusters
from orchestration.settings.insights import InsightSettings

_PROFILE_COLUMNS = (
    "cluster_id", "cluster_label", "cluster_label_zh", "cluster_label_en", "description_zh", "description_en",
    "count_customers", "customers_share", "net_amount", "revenue_share", "feature_means", "feature_medians", "centroid",
    "scaling", "count_clusters", "silhouette", "fitted_on",
)  # fmt: skip


def cluster_profiles(con: duckdb.DuckDBPyConnection, as_of: date, settings: InsightSettings) -> int:
    """Writes insights.cluster_profiles of `as_of`: one row a cluster, from insights.customer_features and the marts.

    Returns the rows: none while fewer than minimum_customers have bought in the window of any period's first day.
    """
    model = newest_model(con, as_of, settings)
    rows = _profiles(con, as_of, model, settings.criteria.clusters) if model else []
    names = ", ".join(_PROFILE_COLUMNS)
    query = (
        f"select * from {values(f't({names})', rows)}"
        if rows
        else f"select {', '.join(f'null as {name}' for name in _PROFILE_COLUMNS)} limit 0"
    )
    return replace_day(con, "cluster_profiles", as_of, query, settings.criteria_version)


def cluster_segments(con: duckdb.DuckDBPyConnection, as_of: date, settings: InsightSettings) -> int:
    """Writes insights.cluster_segments of `as_of`: one row for each customer with a counted order in the window, from
    insights.cluster_profiles and insights.customer_features. Returns the rows."""
    kept = con.execute(
        "select cluster_id, cluster_label_zh, cluster_label_en, centroid, scaling from insights.cluster_profiles "
        "where as_of = ? order by cluster_id",
        [as_of],
    ).fetchall()
    if not kept:
        query = (
            "select null as customer_id, null as cluster_id, null as cluster_label, null as cluster_label_zh, "
            "null as cluster_label_en, null as distance, null as silhouette limit 0"
        )
    else:
        clusters = tuple(Cluster(number, zh, en, read_centroid(centroid)) for number, zh, en, centroid, _ in kept)
        query = f"""
            select a.*, p.cluster_label, p.cluster_label_zh, p.cluster_label_en
            from ({assigned(read_scaling(kept[0][4]), clusters, _buyers_of(as_of))}) as a
            inner join insights.cluster_profiles as p
                on p.as_of = {literal(as_of)} and p.cluster_id = a.cluster_id
        """
    return replace_day(con, "cluster_segments", as_of, query, settings.criteria_version)


def _buyers_of(as_of: date) -> str:
    return f"(select * from insights.customer_features where as_of = {literal(as_of)} and count_orders_window > 0) as buyers"


def _profiles(con: duckdb.DuckDBPyConnection, as_of: date, model: Model, settings: Clusters) -> list[tuple[Any, ...]]:
    measured = _measured(con, as_of, model)
    whole = measured.get(None)
    return [_profile(cluster, model, settings, measured.get(cluster.cluster_id), whole) for cluster in model.clusters]


# Customers, net amount, and (mean, median) by feature.
_Measures = tuple[int, Decimal, dict[str, tuple[Decimal, Decimal]]]


def _measured(con: duckdb.DuckDBPyConnection, as_of: date, model: Model) -> dict[int | None, _Measures]:
    """What the customers of each cluster, and of all (None), are like on the as-of day."""
    features = [scale.feature for scale in model.scales]
    # Sums of decimals: the order of the rows cannot show.
    figures = ", ".join(
        f"cast(sum(cast(f.{name} as decimal(28, 4))) / nullif(count(f.{name}), 0) as decimal(28, 4)), "
        f"cast(median(f.{name}) as decimal(28, 4))"
        for name in features
    )
    rows = con.execute(
        f"""
        select a.cluster_id, count(*), cast(sum(f.net_amount_window) as decimal(28, 4)), {figures}
        from ({assigned(model.scales, model.clusters, _buyers_of(as_of))}) as a
        inner join {_buyers_of(as_of).replace("as buyers", "as f")} on f.customer_id = a.customer_id
        group by grouping sets ((a.cluster_id), ())
        """
    ).fetchall()
    return {
        row[0]: (row[1], row[2], {name: (row[3 + 2 * i], row[4 + 2 * i]) for i, name in enumerate(features)})
        for row in rows
        if row[1]
    }


def _profile(
    cluster: Cluster, model: Model, settings: Clusters, own: _Measures | None, whole: _Measures | None
) -> tuple[Any, ...]:
    count, amount, figures = own or (0, Decimal(0), {})
    all_count, all_amount, all_figures = whole or (0, Decimal(0), {})
    of_customers = round(Decimal(count) / all_count, 6) if all_count else None
    of_revenue = round(amount / all_amount, 6) if all_amount > 0 else None
    described = {language: _described(language, cluster, settings, figures, all_figures) for language in ("zh", "en")}
    zh = f"{count} 位客户,占 {_percent(of_customers)};净销售额占 {_percent(of_revenue)}{described['zh']}"
    en = f"{count} customers, {_percent(of_customers)}; {_percent(of_revenue)} of net revenue{described['en']}"
    return (
        cluster.cluster_id, f"{cluster.zh} / {cluster.en}", cluster.zh, cluster.en, zh, en,
        count, of_customers, amount, of_revenue, _json(figures, 0), _json(figures, 1),
        centroid_json(model.scales, cluster.centroid), scaling_json(model.scales), len(model.clusters),
        model.silhouette, model.fitted_on,
    )  # fmt: skip


def _described(
    language: str,
    cluster: Cluster,
    settings: Clusters,
    figures: dict[str, tuple[Decimal, Decimal]],
    whole: dict[str, tuple[Decimal, Decimal]],
) -> str:
    """The features that the name comes from, each with its mean and that of all."""
    stop, comma, all_of = (
        (";", "、", "{label} {own}(总体 {whole})") if language == "zh" else ("; ", ", ", "{label} {own} (all: {whole})")
    )
    parts = [
        all_of.format(
            label=getattr(settings.features[name].label, language),
            own=_short(figures[name][0]),
            whole=_short(whole[name][0]),
        )
        for name in cluster.stands_out
        if name in figures and figures[name][0] is not None
    ]
    return stop + comma.join(parts) if parts else ""


def _short(value: Decimal) -> str:
    """Three significant digits below 100, whole numbers above."""
    return f"{value:,.0f}" if abs(value) >= 100 else f"{float(f'{value:.3g}'):g}"


def _percent(share: Decimal | None) -> str:
    return "–" if share is None else f"{share * 100:.1f}%"


def _json(figures: dict[str, tuple[Decimal, Decimal]], place: int) -> str:
    inside = ", ".join(f'"{name}": {"null" if v[place] is None else v[place]}' for name, v in figures.items())
    return "{" + inside + "}"
