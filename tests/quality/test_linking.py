"""A bad linking does not pass: its figures, as a run computes them, are held to the bounds; few labels never fail by chance."""

from pathlib import Path

import duckdb
import pytest

from orchestration.logic.identity import write_quality
from quality.runner import run_suite

MARTS = "marts.identity_quality"
RECORDS = 800


def failed(warehouse: Path, truth: Path, customer: str, labelled: int, review: int) -> set[str]:
    """The checks of the linking that fail where record n of person n // 2 is in the customer that the SQL `customer` says."""
    truth.mkdir(exist_ok=True)
    labels = [f"s,e,{n},P{n // 2}\n" for n in range(labelled)]
    (truth / "records.csv").write_text("source,entity,source_record_id,true_person_id\n" + "".join(labels))
    with duckdb.connect(warehouse) as con:
        con.execute(f"""
            create schema if not exists intermediate; create schema if not exists identity;
            create table intermediate.int_identity__records as
                select 's/e/' || n as record_id, if(n % 2 = 0, 'crm', 'store') as channel from range({RECORDS}) as records(n);
            create table intermediate.int_identity__shared_keys as select 'phone' as key_type where false;
            create table identity.review as select 'open' as state from range({review});
            create table identity.clusters as
                select 's/e/' || n as record_id, {customer} as customer_id from range({RECORDS}) as records(n)
        """)
        write_quality(con, truth)
        con.execute(f"create or replace table {MARTS} as from identity.quality")
    return {result.rule for result in run_suite("marts", warehouse, tables=[MARTS]) if not result.success}


@pytest.mark.parametrize(
    ("customer", "labelled", "review", "expected"),
    [
        ("n // 2", RECORDS, 0, set()),
        ("n // 2", RECORDS, 50, {"review_load"}),
        ("n // 2", 0, 0, set()),
        # A shared key joins people four by four.
        ("n // 8", RECORDS, 0, {"pairwise_precision", "pairwise_precision_of_channels", "cluster_precision", "cluster_recall"}),
        ("n // 8", 4, 0, set()),
        # No person is twice in the crm, so its few wrong links to itself are all there are.
        ("if(n < 16, n // 4, n // 2)", RECORDS, 0, set()),
        # A key that is not mapped leaves half of the people in pieces.
        ("if(n < 400, n, n // 2 + 1000)", RECORDS, 0, {"pairwise_recall", "cluster_recall"}),
        ("n", 4, 0, set()),
    ],
    ids=["right", "doubtful", "unlabelled", "joined", "joined, few labels", "joined, few", "apart", "apart, few labels"],
)  # fmt: skip
def test_linking_when_measured_then_held_to_the_bounds(
    warehouse: Path, tmp_path: Path, customer: str, labelled: int, review: int, expected: set[str]
) -> None:
    assert failed(warehouse, tmp_path / "truth", customer, labelled, review) == expected
