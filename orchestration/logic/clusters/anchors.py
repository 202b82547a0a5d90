"""The days on which clusters are fitted, the customers of such a day, and the newest fit with its numbers.

Days are first days of calendar periods up to as_of, from the first with enough buyers: what was fitted for a past day is
computed again from the facts before it, so no earlier run is read. Of a long past the newest `at_most` days are taken;
the chain is cut half of that at once, so that its first day, from which the numbers come, rarely moves.
"""

from datetime import date

import duckdb
import numpy as np

from orchestration.logic.clusters.fit import Fit, best_fit, scaled, scales_of
from orchestration.logic.clusters.matching import first_numbers, in_units, next_numbers
from orchestration.logic.clusters.model import Cluster, Model, Scale
from orchestration.logic.clusters.naming import names
from orchestration.logic.segmentation.features import build_features, drop_temporary
from orchestration.logic.segmentation.store import literal, values
from orchestration.settings.criteria import Clusters
from orchestration.settings.insights import InsightSettings

MONTHS = {"month": 1, "quarter": 3, "half_year": 6, "year": 12}
MONEY = "net_amount_window"


def newest_model(con: duckdb.DuckDBPyConnection, as_of: date, settings: InsightSettings) -> Model | None:
    """The clusters by which customers are assigned on `as_of`; None as long as there were never enough customers."""
    clusters = settings.criteria.clusters
    numbers: list[int] = []
    unused, model, past = 1, None, None
    days = anchor_days(con, as_of, settings)
    if not days:
        return None
    for day, columns in _samples(con, days, as_of, settings).items():
        scales = scales_of(columns, clusters)
        points = scaled(columns, scales)
        fit = best_fit(points, clusters, len(numbers) or None)
        if fit is None:
            continue
        money = columns[MONEY]
        numbers = first_numbers(fit, money) if past is None else next_numbers(past, numbers, fit, scales, money, unused)
        past, unused = in_units(fit, scales), max(unused, max(numbers) + 1)
        model = _named(day, fit, scales, points, numbers, clusters)
    return model


def _named(
    day: date, fit: Fit, scales: tuple[Scale, ...], points: np.ndarray, numbers: list[int], clusters: Clusters
) -> Model:
    ordered = sorted(range(fit.k), key=lambda place: numbers[place])
    named = names(fit.centroids[ordered], points, clusters)
    made = (
        Cluster(numbers[place], text.zh, text.en, tuple(fit.centroids[place].tolist()), stands_out)
        for place, (text, stands_out) in zip(ordered, named, strict=True)
    )
    return Model(day, scales, tuple(made), fit.silhouette)


def anchor_days(con: duckdb.DuckDBPyConnection, as_of: date, settings: InsightSettings) -> list[date]:
    """The days of the fits, oldest first: those with at least minimum_customers buyers in the window before them."""
    clusters = settings.criteria.clusters
    row = con.execute(
        "select min(order_date) from marts.orders where is_counted and customer_id is not null and order_date < ?",
        [as_of],
    ).fetchone()
    if row is None or row[0] is None:
        return []
    days = period_starts(row[0], as_of, MONTHS[clusters.refit.every])
    enough = con.execute(
        f"""
        select days.day
        from {values("days(day)", [(day,) for day in days])}
        inner join marts.orders as orders
            on orders.order_date < days.day and orders.order_date >= days.day - {settings.criteria.window_days}
        where orders.is_counted and orders.customer_id is not null
        group by days.day
        having count(distinct orders.customer_id) >= {clusters.minimum_customers}
        order by days.day
        """
    ).fetchall()
    return cut([day for (day,) in enough], clusters.refit.at_most)


def period_starts(first: date, last: date, months: int) -> list[date]:
    """First days of the periods of so many months that begin in [first, last]; January begins one. `last` at least."""
    month = first.year * 12 + (first.month - 1) // months * months
    days = []
    while (day := date(month // 12, month % 12 + 1, 1)) <= last:
        days.append(day)
        month += months
    return [day for day in days if day >= first] or days[-1:]


def cut(days: list[date], at_most: int) -> list[date]:
    """The newest days, at most so many; the start moves by half of them at a time."""
    stride = max(1, at_most // 2)
    beyond = max(0, len(days) - at_most)
    return days[-(-beyond // stride) * stride :]


def _samples(
    con: duckdb.DuckDBPyConnection, days: list[date], as_of: date, settings: InsightSettings
) -> dict[date, dict[str, np.ndarray]]:
    """Features of the buyers of the window before each day: a seeded sample, by customer_id; NaN where unknown."""
    clusters = settings.criteria.clusters
    wanted = sorted({*clusters.features, MONEY})
    query = build_features(con, days, as_of, settings, {*wanted, "count_orders_window"})
    columns = ", ".join(f"cast({name} as double) as {name}" for name in wanted)
    con.execute(
        f"""
        create or replace temp table strata_samples as
        select as_of, customer_id, {columns} from ({query})
        where count_orders_window > 0
        qualify row_number() over (
            partition by as_of order by md5(customer_id || {literal(f"/{clusters.seed}")}), customer_id
        ) <= {clusters.sample_size}
        """
    )
    drop_temporary(con)
    samples = {day: _arrays(con, day, wanted) for day in days}
    con.execute("drop table temp.strata_samples")
    return samples


def _arrays(con: duckdb.DuckDBPyConnection, day: date, names: list[str]) -> dict[str, np.ndarray]:
    query = f"select {', '.join(names)} from strata_samples where as_of = {literal(day)} order by customer_id"
    found = con.execute(query).fetchnumpy()
    return {name: np.ma.filled(np.ma.asarray(found[name], dtype=float), np.nan) for name in names}
