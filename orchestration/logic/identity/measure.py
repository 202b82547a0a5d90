"""How good the linking is, against a known truth: pairwise precision and recall, and how many persons a customer joins.

Pairs are never listed: a contingency table of (true person, customer) gives their counts. Figures only; what is good enough is a
threshold elsewhere.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import duckdb


@dataclass(frozen=True)
class Quality:
    """Pairwise figures (shares between 0 and 1) and the most true persons that one customer joins."""

    count_records: int
    count_customers: int
    count_persons: int
    true_pairs: int
    linked_pairs: int
    right_pairs: int
    max_persons: int

    @property
    def precision(self) -> float:
        """Of the pairs of records linked, the share that is one person; 1 when none was linked."""
        return self.right_pairs / self.linked_pairs if self.linked_pairs else 1.0

    @property
    def recall(self) -> float:
        """Of the pairs of records that are one person, the share that was linked; 1 when there are none."""
        return self.right_pairs / self.true_pairs if self.true_pairs else 1.0

    @property
    def f1(self) -> float:
        total = self.precision + self.recall
        return 2 * self.precision * self.recall / total if total else 0.0


def measure(con: duckdb.DuckDBPyConnection, truth: str, clusters: str = "identity.clusters") -> Quality:
    """Compares `clusters` (record_id, customer_id) with `truth` (record_id, person_id), both names of relations.

    Only records that both know count.
    """
    row = con.execute(f"""
        with cells as (
            select person_id, customer_id, count(*) as size
            from {truth} join {clusters} using (record_id)
            group by all
        ),
        persons as (select sum(size) as size from cells group by person_id),
        customers as (select sum(size) as size, count(*) as persons from cells group by customer_id)
        select
            coalesce((select sum(size) from cells), 0),
            (select count(*) from customers),
            (select count(*) from persons),
            coalesce((select sum(size * (size - 1) / 2) from persons), 0),
            coalesce((select sum(size * (size - 1) / 2) from customers), 0),
            coalesce((select sum(size * (size - 1) / 2) from cells), 0),
            coalesce((select max(persons) from customers), 0)
    """).fetchone()
    return Quality(*(int(value) for value in row or (0,) * 7))
