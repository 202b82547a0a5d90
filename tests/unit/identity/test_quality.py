"""Quality: labels are read or refused by file, figures equal counting one by one, intervals know that pairs come in clusters."""

from itertools import combinations

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import binomtest

from orchestration.logic.identity import LabelsRefused, read_labels, write_quality
from orchestration.logic.identity.quality import wilson

HEADER = "source,entity,source_record_id,true_person_id\n"
CANARY = "canary@example.com"
# Of each record: channel, true person or None where nobody labelled it, customer.
records = st.lists(
    st.tuples(st.sampled_from(["app", "crm", "store"]), st.one_of(st.none(), st.integers(0, 2)), st.integers(0, 2)),
    max_size=10,
)


@pytest.fixture
def labelled(tmp_path):
    """`labelled(name, text)`: writes a file of labels and reads them all."""

    def read(*files):
        for name, text in files:
            (tmp_path / name).write_text(text, encoding="utf-8")
        with duckdb.connect() as con:
            read_labels(con, tmp_path)
            return con.sql("from labels order by all").fetchall()

    return read


@pytest.fixture(scope="module")
def figures_of(tmp_path_factory):
    """The figures of some records, by measure, part and channels."""
    folder = tmp_path_factory.mktemp("truth")

    def figures(rows, review=0, shared=()):
        with duckdb.connect() as con:
            con.execute("create schema intermediate; create schema identity")
            con.execute("create table intermediate.int_identity__records (record_id varchar, channel varchar)")
            con.execute("create table intermediate.int_identity__shared_keys (key_type varchar)")
            con.execute("create table identity.clusters (record_id varchar, customer_id varchar)")
            con.execute("create table identity.review as select 'open' as state from range(?)", [review])
            for number, (channel, _, customer) in enumerate(rows):
                con.execute("insert into intermediate.int_identity__records values ('s/e/' || ?, ?)", [number, channel])
                con.execute("insert into identity.clusters values ('s/e/' || ?, ?)", [number, customer])
            for kind in shared:
                con.execute("insert into intermediate.int_identity__shared_keys values (?)", [kind])
            labels = [f"s,e,{number},{person}\n" for number, (_, person, _) in enumerate(rows) if person is not None]
            (folder / "records.csv").write_text(HEADER + "".join(labels))
            found = write_quality(con, folder)
            assert con.sql("select count(*) from identity.quality").fetchall() == [(len(found),)]
        return {(figure.measure, figure.part, figure.left_channel, figure.right_channel): figure for figure in found}

    return figures


@settings(max_examples=25, deadline=None)
@given(records)
def test_quality_when_any_clusters_then_as_pair_by_pair(figures_of, rows):
    found = figures_of(rows)
    known = [row for row in rows if row[1] is not None]
    for measure, place in (("pairwise_precision", 2), ("pairwise_recall", 1)):
        expected = {}
        for a, b in combinations(known, 2):
            if a[place] == b[place]:
                for channels in (("all", "all"), tuple(sorted((a[0], b[0])))):
                    hits, pairs = expected.get(channels, (0, 0))
                    expected[channels] = (hits + (a[1:] == b[1:]), pairs + 1)
        counted = {key[2:]: (f.numerator, f.denominator) for key, f in found.items() if key[0] == measure}
        assert counted == expected
    assert all(figure.low is None or 0 <= figure.low <= figure.value <= figure.high <= 1 for figure in found.values())


@settings(max_examples=25, deadline=None)
@given(records)
def test_quality_when_any_clusters_then_whole_ones_and_bcubed_as_set_by_set(figures_of, rows):
    found = figures_of(rows)
    known = [(number, *row[1:]) for number, row in enumerate(rows) if row[1] is not None]
    customers, persons = (
        {frozenset(row[0] for row in known if row[place] == value) for value in {row[place] for row in known}}
        for place in (2, 1)
    )
    for measure, units in (("precision", customers), ("recall", persons)):
        shared = [unit for unit in units if len(unit) > 1]
        figure = found.get((f"cluster_{measure}", "all", "all", "all"))
        if shared:
            hits = sum(unit in customers and unit in persons for unit in shared)
            assert (figure.numerator, figure.denominator) == (hits, len(shared))
        else:
            assert figure is None
        if known:
            of = {number: unit for unit in units for number in unit}
            others = {number: unit for unit in (persons if units is customers else customers) for number in unit}
            mean = sum(len(of[n] & others[n]) / len(of[n]) for n, *_ in known) / len(known)
            assert found[(f"bcubed_{measure}", "all", "all", "all")].value == pytest.approx(mean)


@settings(max_examples=20, deadline=None)
@given(records, st.randoms())
def test_quality_when_rows_are_shuffled_then_the_same(figures_of, rows, random):
    shuffled = list(rows)
    random.shuffle(shuffled)
    assert figures_of(rows) == figures_of(shuffled)


def test_quality_when_nothing_is_labelled_then_sizes_and_loads_all_the_same(figures_of):
    rows = [("app", None, customer) for customer in (1, 2, 2, 3, 3, 3, *[4] * 7, *[5] * 12)]
    found = figures_of(rows, review=2, shared=("phone", "phone", "email"))
    values = {key[:2]: figure.value for key, figure in found.items()}
    assert values == {
        **{("customers_of_size", part): 0.2 for part in ("1", "2", "3-5", "6-10", "11+")},
        ("records_per_customer", "all"): 5,
        ("largest_customer", "all"): 12,
        ("review_pairs", "all"): 2,
        ("review_pairs_per_1000_customers", "all"): 400,
        ("shared_keys", "all"): 3,
        ("shared_keys", "email"): 1,
        ("shared_keys", "phone"): 2,
    }


def test_quality_when_there_is_no_record_then_zeros_and_no_share(figures_of):
    found = figures_of([])
    assert {key[0]: figure.value for key, figure in found.items()} == {
        "largest_customer": 0,
        "review_pairs": 0,
        "shared_keys": 0,
    }


@pytest.mark.parametrize(("right", "cases"), [(0, 1), (1, 1), (4, 5), (99, 100), (100, 100), (995_000, 1_000_000)])
def test_wilson_when_cases_are_whole_then_as_scipy(right, cases):
    expected = binomtest(right, cases).proportion_ci(0.95, "wilson")
    assert wilson(right / cases, cases) == pytest.approx((expected.low, expected.high), abs=1e-12)


def test_interval_when_wrong_pairs_are_of_one_customer_then_wider_than_of_many(figures_of):
    # Ten wrong pairs of 110 each: spread over ten customers of two persons, or in one customer of five.
    right = [("app", n, n) for n in range(100) for _ in range(2)]
    many = [("app", 1000 + 2 * n + twin, 1000 + n) for n in range(10) for twin in range(2)]
    one = [("app", 1000 + n, 1000) for n in range(5)]
    key = ("pairwise_precision", "all", "all", "all")
    spread, lumped = figures_of(right + many)[key], figures_of(right + one)[key]
    assert (spread.numerator, spread.denominator) == (lumped.numerator, lumped.denominator) == (100, 110)
    assert (spread.low, spread.high) == pytest.approx(wilson(100 / 110, 110), abs=0.002)
    assert lumped.low < spread.low - 0.1


def test_interval_when_all_pairs_are_right_then_each_customer_counts_once(figures_of):
    figure = figures_of([("app", n, n) for n in range(3) for _ in range(9)])[
        ("pairwise_precision", "all", "all", "all")
    ]
    assert figure.denominator == 108
    assert (figure.low, figure.high) == pytest.approx(wilson(1, 3))


def test_labels_when_in_several_files_then_taken_together(labelled, tmp_path):
    columns = {"source": ["shop"], "entity": ["a"], "source_record_id": [7], "true_person_id": ["P1"], "note": ["x"]}
    pq.write_table(pa.table(columns), tmp_path / "records.parquet")
    pq.write_table(pa.table({"name": ["x"]}), tmp_path / "persons.parquet")
    own = HEADER + 'shop,a,007,P1\nshop,a,"8,1",P2\nshop,a,7,P1\n'
    assert labelled(("records_own.csv", own)) == [("shop/a/007", "P1"), ("shop/a/7", "P1"), ("shop/a/8,1", "P2")]


def test_labels_when_there_is_no_folder_then_none(tmp_path):
    with duckdb.connect() as con:
        assert read_labels(con, tmp_path / "absent") == 0


@pytest.mark.parametrize(
    ("text", "found"),
    [
        (f"source,entity,source_record_id,person\nshop,a,{CANARY},P1\n", r"found 4 column\(s\) without true_person_id"),
        (f"shop,a,{CANARY},P1\n", r"found 4 column\(s\) without source, entity, source_record_id, true_person_id"),
        (HEADER.replace(",", ";") + f"shop;a;{CANARY};P1\n", r"found 1 column\(s\) without source"),
        ("", r"without source"),
        (HEADER + f"shop,a,{CANARY},\nshop,a,2,P1\nshop,a,,P1\n", r"found 2 row\(s\) that lack a value"),
        (HEADER + f"shop,a,{CANARY}\n", "found what cannot be read as csv"),
    ],
)  # fmt: skip
def test_labels_when_a_file_is_wrong_then_refused_by_name_without_a_value(labelled, text, found):
    with pytest.raises(LabelsRefused, match=rf"records_own\.csv: .*{found}.*; needed: .*true_person_id") as refused:
        labelled(("records_own.csv", text))
    assert CANARY not in str(refused.value)


def test_labels_when_one_record_is_two_persons_then_refused_with_both_files(labelled):
    one, other = (HEADER + f"shop,a,{CANARY},{person}\n" for person in ("P1", "P2"))
    with pytest.raises(LabelsRefused, match=r"records_a\.csv, records_b\.csv: found 1 record") as refused:
        labelled(("records_a.csv", one), ("records_b.csv", other), ("records_c.csv", HEADER + "shop,a,3,P3\n"))
    assert CANARY not in str(refused.value)
