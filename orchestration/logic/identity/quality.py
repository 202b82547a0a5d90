"""What each run tells about its own linking: precision and recall against labels where there are any, by pair of channels, and
sizes of customers, shared keys and the load of review for all.

Pairs are never listed: how many records of each channel a customer and a person have gives their counts. Only records that are
labelled count as right or wrong. What is good enough is a threshold elsewhere.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import fsum, sqrt
from statistics import NormalDist
from sys import maxsize
from typing import TYPE_CHECKING

import pyarrow as pa

from orchestration.logic.identity.labels import read_labels

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    import duckdb

ALL = "all"
CONFIDENCE = 0.95
_Z = NormalDist().inv_cdf((1 + CONFIDENCE) / 2)
_SIZES = {"1": range(1, 2), "2": range(2, 3), "3-5": range(3, 6), "6-10": range(6, 11), "11+": range(11, maxsize)}
_TOTALS = f"from cells where channel = '{ALL}'"


@dataclass(frozen=True)
class Figure:
    """A row of identity.quality. `part`: a size of customers or a kind of key. `numerator`, `denominator`: what the value was
    made of; a plain count has neither. `low` and `high` enclose it at CONFIDENCE; only shares of labelled cases have them."""

    measure: str
    value: float
    numerator: int | None = None
    denominator: int | None = None
    part: str = ALL
    left_channel: str = ALL
    right_channel: str = ALL
    low: float | None = None
    high: float | None = None


_SCHEMA = pa.schema(
    [
        *((name, pa.string()) for name in ("measure", "part", "left_channel", "right_channel")),
        *((name, pa.int64()) for name in ("numerator", "denominator")),
        *((name, pa.float64()) for name in ("value", "low", "high")),
    ]
)


def write_quality(con: duckdb.DuckDBPyConnection, labels: Path) -> list[Figure]:
    """Writes identity.quality (grain: measure, part, left_channel, right_channel; left before right in the alphabet, or both
    `all`) and returns its rows.

    Reads identity.clusters and .review, intermediate.int_identity__records and __shared_keys, and the files of the folder
    `labels`. A share of nothing is left out, so without labels there is no precision and no recall. Raises LabelsRefused.
    """
    count = read_labels(con, labels)
    con.execute(f"""
        create or replace temp table cells as
        select customer_id, person_id, coalesce(channel, '{ALL}') as channel, count(*) as records
        from labels
        join intermediate.int_identity__records using (record_id)
        join identity.clusters using (record_id)
        group by grouping sets ((customer_id, person_id, channel), (customer_id, person_id))
    """)
    figures = [*_labels(con, count), *_pairwise(con), *_whole(con), *_bcubed(con), *_customers(con), *_keys(con)]
    con.register("figure_frame", pa.Table.from_pylist([vars(figure) for figure in figures], _SCHEMA))
    con.execute("create or replace table identity.quality as from figure_frame order by all")
    con.unregister("figure_frame")
    con.execute("drop table cells; drop table labels")
    return figures


def wilson(share: float, cases: float) -> tuple[float, float]:
    """The score interval (Wilson 1927) of a share seen in so many independent cases, which need not be a whole number."""
    spread = _Z * _Z / cases
    middle = share + spread / 2
    width = _Z * sqrt(share * (1 - share) / cases + spread / (4 * cases))
    return max(0.0, (middle - width) / (1 + spread)), min(1.0, (middle + width) / (1 + spread))


def _labels(con: duckdb.DuckDBPyConnection, count: int) -> Iterator[Figure]:
    """The share of the labels whose record is among those of the run."""
    if count:
        found = _one(con, f"select coalesce(sum(records), 0) from ({_TOTALS})")[0]
        yield Figure("labels_found", found / count, found, count)


def _pairwise(con: duckdb.DuckDBPyConnection) -> Iterator[Figure]:
    """Precision: of the pairs of records in one customer, those of one person. Recall: of the pairs of one person, those in one
    customer. A pair counts for the channels of its two records."""
    for measure, unit in (("pairwise_precision", "customer_id"), ("pairwise_recall", "person_id")):
        rows = con.execute(f"""
            with cases as ({_pairs(unit)}),
            same as ({_pairs("customer_id", "person_id")}),
            hits as (select {unit}, left_channel, right_channel, sum(pairs) as hits from same group by all),
            units as (
                select left_channel, right_channel, coalesce(hits, 0) as hits, pairs
                from cases left join hits using ({unit}, left_channel, right_channel)
                where pairs > 0
            )
            select
                left_channel, right_channel,
                sum(hits), sum(pairs), count(*), sum(hits * hits), sum(hits * pairs), sum(pairs * pairs)
            from units
            group by left_channel, right_channel
            order by left_channel, right_channel
        """).fetchall()
        for left, right, hits, pairs, *sums in rows:
            low, high = wilson(hits / pairs, _independent(hits, pairs, *sums))
            yield Figure(measure, hits / pairs, hits, pairs, ALL, left, right, low, high)


def _pairs(*unit: str) -> str:
    """How many pairs of records one unit has between each two channels."""
    key = ", ".join(unit)
    counted = f"(select {key}, channel, sum(records) as records from cells group by {key}, channel)"
    return f"""
        select
            {key}, a.channel as left_channel, b.channel as right_channel,
            if(a.channel = b.channel, a.records * (a.records - 1) // 2, a.records * b.records) as pairs
        from {counted} as a join {counted} as b using ({key})
        where a.channel <= b.channel and (a.channel = '{ALL}') = (b.channel = '{ALL}')
    """


def _independent(hits: int, pairs: int, units: int, hits_squared: int, hits_by_pairs: int, pairs_squared: int) -> float:
    """How many independent pairs would tell as much as these.

    The pairs of one customer (of recall: of one person) are right or wrong together, so the variance of the share is taken
    between them, as of a ratio in a sample of clusters (Kish 1965), and the share seen in as many cases as give that variance.
    Where all agree it tells nothing, and each counts as one case.
    """
    spread = pairs**2 * hits_squared - 2 * hits * pairs * hits_by_pairs + hits**2 * pairs_squared
    if not spread:
        return units
    return min(pairs, hits * (pairs - hits) * pairs**2 * (units - 1) / (spread * units))


def _whole(con: duckdb.DuckDBPyConnection) -> Iterator[Figure]:
    """Clusters that are exactly right (Menestrina, Whang and Garcia-Molina 2010), of those with two labelled records or more:
    lone records are right by doing nothing, and would hide the rest."""
    whole, customers, persons = _one(
        con,
        f"""
        with totals as ({_TOTALS}),
        customers as (select customer_id, sum(records) as of_customer from totals group by customer_id),
        persons as (select person_id, sum(records) as of_person from totals group by person_id)
        select
            (
                select count(*) from totals join customers using (customer_id) join persons using (person_id)
                where records >= 2 and records = of_customer and records = of_person
            ),
            (select count(*) from customers where of_customer >= 2),
            (select count(*) from persons where of_person >= 2)
        """,
    )
    for measure, cases in (("cluster_precision", customers), ("cluster_recall", persons)):
        if cases:
            low, high = wilson(whole / cases, cases)
            yield Figure(measure, whole / cases, whole, cases, low=low, high=high)


def _bcubed(con: duckdb.DuckDBPyConnection) -> Iterator[Figure]:
    """B-cubed (Bagga and Baldwin 1998): of a record's customer (of recall: person) the share that is its person (its customer),
    on average over the records."""
    for measure, unit in (("bcubed_precision", "customer_id"), ("bcubed_recall", "person_id")):
        rows = con.execute(f"""
            with totals as ({_TOTALS}),
            units as (select {unit}, sum(records) as size from totals group by {unit})
            select size, sum(records), sum(records * records) from totals join units using ({unit}) group by size
        """).fetchall()
        if count := sum(records for _, records, _ in rows):
            yield Figure(measure, fsum(squares / size for size, _, squares in rows) / count, denominator=count)


def _customers(con: duckdb.DuckDBPyConnection) -> Iterator[Figure]:
    """How many records customers have, and how many pairs wait for people."""
    sizes = con.execute("""
        with customers as (select count(*) as size from identity.clusters group by customer_id)
        select size, count(*) from customers group by size
    """).fetchall()
    customers, records = sum(count for _, count in sizes), sum(size * count for size, count in sizes)
    review = _one(con, "select count(*) from identity.review where state = 'open'")[0]
    if customers:
        for part, among in _SIZES.items():
            count = sum(count for size, count in sizes if size in among)
            yield Figure("customers_of_size", count / customers, count, customers, part)
        yield Figure("records_per_customer", records / customers, records, customers)
        yield Figure("review_pairs_per_1000_customers", 1000 * review / customers, review, customers)
    yield Figure("largest_customer", max((size for size, _ in sizes), default=0))
    yield Figure("review_pairs", review)


def _keys(con: duckdb.DuckDBPyConnection) -> Iterator[Figure]:
    """Keys that too many carry to mean one person, by kind; those link nothing."""
    rows = con.execute(f"""
        select coalesce(key_type, '{ALL}') as part, count(*)
        from intermediate.int_identity__shared_keys
        group by rollup (key_type)
        order by part
    """).fetchall()
    for part, count in rows:
        yield Figure("shared_keys", count, part=part)


def _one(con: duckdb.DuckDBPyConnection, query: str) -> tuple[int, ...]:
    return con.execute(query).fetchone() or ()
