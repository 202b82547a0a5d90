"""How well the linking does on data with a known truth. The figures for larger data are in docs/performance.md."""

import duckdb

from orchestration.cli.bench_identity import GOALS, link_febrl
from orchestration.logic.identity import Quality, measure
from orchestration.settings import Home


def test_linking_when_a_public_set_is_read_by_configuration_then_it_reaches_its_goal() -> None:
    linked = link_febrl(3, with_id=False)
    assert linked.whole.count_records == 5_000
    assert linked.whole.f1 >= GOALS[3]
    assert linked.whole.precision >= 0.999
    assert linked.keys.f1 < linked.whole.f1


def test_linking_of_the_sample_reaches_its_figures(refreshed: Home) -> None:
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
