"""How well the linking does on data with a known truth. The figures for larger data are in docs/performance.md."""

import duckdb

from orchestration.cli.bench_identity import GOALS, link_febrl, link_planted
from orchestration.cli.bench_planted import KINDS
from orchestration.logic.identity import Quality, measure
from orchestration.settings import Home
from tests.conftest import query


def test_linking_when_a_public_set_is_read_by_configuration_then_it_reaches_its_goal() -> None:
    linked = link_febrl(3, with_id=False)
    assert linked.whole.count_records == 5_000
    assert linked.whole.f1 >= GOALS[3]
    assert linked.whole.precision >= 0.999
    assert linked.keys.f1 < linked.whole.f1


def test_linking_when_strangers_and_relatives_share_what_they_share_then_none_are_merged() -> None:
    """Linking nothing would be no way to pass: every person's own two records must find each other."""
    found = link_planted()
    assert found.merged == dict.fromkeys(KINDS, 0)
    assert found.recall >= 0.99


def test_linking_of_the_sample_reaches_its_figures(refreshed: Home) -> None:
    quality = measure_home(refreshed)
    assert quality.count_records > 300
    assert quality.precision >= 0.98
    assert quality.recall >= 0.75
    assert quality.max_persons <= 8


def test_figures_of_the_sample_are_published_with_its_run(refreshed: Home) -> None:
    quality = measure_home(refreshed)
    rows = query(
        refreshed,
        "select measure, numerator, denominator from serving.identity_quality"
        " where measure like 'pairwise%' and left_channel = 'all' order by measure",
    )
    assert rows == [
        ("pairwise_precision", quality.right_pairs, quality.linked_pairs),
        ("pairwise_recall", quality.right_pairs, quality.true_pairs),
    ]
    sums = "select sum(numerator), sum(denominator) from serving.identity_quality where measure = 'pairwise_{}' and {}"
    for share in ("precision", "recall"):
        of_channels, of_all = (
            query(refreshed, sums.format(share, which)) for which in ("left_channel <> 'all'", "left_channel = 'all'")
        )
        assert of_channels == of_all
    ((customers,),) = query(refreshed, "select count(*) from serving.customers")
    sizes = "select sum(numerator), min(denominator) from serving.identity_quality where measure = 'customers_of_size'"
    assert query(refreshed, sizes) == [(customers, customers)]


def measure_home(home: Home) -> Quality:
    """The quality of the published links against the truth beside the sample."""
    with duckdb.connect(home.serving / "strata_restricted.duckdb", read_only=True) as con:
        con.execute(
            f"create temp view truth as select source || '/' || entity || '/' || source_record_id as record_id,"
            f" true_person_id as person_id from '{home.truth / 'records.parquet'}'"
        )
        con.execute(
            "create temp view clusters as select source || '/' || entity || '/' || source_record_id as record_id,"
            " customer_id from serving.customer_source_ids"
        )
        return measure(con, "truth", "clusters")
