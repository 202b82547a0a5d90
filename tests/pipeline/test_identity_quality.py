"""How well deterministic keys link the sample, against its truth. The figures for 20,000 customers are in docs/performance.md."""

import duckdb

from orchestration.logic.identity import Quality, measure
from orchestration.settings import Home


def test_linking_by_keys_reaches_its_figures(refreshed: Home) -> None:
    quality = measure_home(refreshed)
    assert quality.count_records > 300
    assert quality.precision >= 0.98
    assert quality.recall >= 0.75
    assert quality.max_persons <= 8


def measure_home(home: Home) -> Quality:
    """The quality of the published links against the truth beside the sample."""
    with duckdb.connect(home.serving / "strata_restricted.duckdb", read_only=True) as con:
        con.execute(
            f"create temp view truth as select source || '/' || entity || '/' || source_record_id as record_id,"
            f" true_person_id as person_id from '{home.state / 'truth' / 'records.parquet'}'"
        )
        con.execute(
            "create temp view clusters as select source || '/' || entity || '/' || source_record_id as record_id,"
            " customer_id from serving.customer_source_ids"
        )
        return measure(con, "truth", "clusters")
