"""Resolve: ids from the oldest record, the ledger of starts and mergers, the same for any order of rows."""

from hashlib import sha256
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

from orchestration.logic.identity import explain_links, resolve

NO_MODELS = Path("none")  # too few records to learn from
NAMES = [f"shop/accounts/{letter}" for letter in "abcdefgh"]
records = st.permutations(NAMES).flatmap(
    lambda names: st.lists(st.one_of(st.none(), st.integers(1, 5)), min_size=8, max_size=8).map(
        lambda days: list(zip(names, days, strict=True))
    )
)
links = st.lists(
    st.tuples(st.sampled_from(NAMES), st.sampled_from(NAMES), st.integers(1, 3)).filter(lambda link: link[0] < link[1]),
    max_size=9,
)


def customer_id(record_id):
    return "C" + sha256(record_id.encode()).hexdigest()[:16]


def tables(con, settings):
    resolve(con, settings, NO_MODELS)
    return [con.sql(f"from identity.{name} order by all").fetchall() for name in ("clusters", "events")]


@settings(max_examples=25, deadline=None)
@given(records, links, st.randoms())
def test_resolve_when_rows_are_shuffled_then_same_tables(
    warehouse_of, identity_settings, some_records, some_links, random
):
    shuffled_records, shuffled_links = list(some_records), list(some_links)
    random.shuffle(shuffled_records)
    random.shuffle(shuffled_links)
    before = tables(warehouse_of(some_records, some_links), identity_settings)
    assert before == tables(warehouse_of(shuffled_records, shuffled_links), identity_settings)


def test_resolve_when_linked_then_the_oldest_record_gives_the_id(warehouse_of, identity_settings):
    con = warehouse_of([("b", 1), ("a", 2), ("c", 3)], [("a", "b", 80)])
    resolve(con, identity_settings, NO_MODELS)
    found = dict(con.sql("select record_id, customer_id from identity.clusters").fetchall())
    assert found == {"a": customer_id("b"), "b": customer_id("b"), "c": customer_id("c")}


def test_resolve_when_two_customers_become_one_then_event_names_both(warehouse_of, identity_settings):
    con = warehouse_of([("a", 1), ("b", 2), ("c", 3)], [("a", "c", 80), ("b", "c", 80)])
    counts = resolve(con, identity_settings, NO_MODELS)
    merged = con.sql(
        """select customer_id, other_customer_id, "at"::date::varchar, cause from identity.events where kind = 'merged'"""
    ).fetchall()
    assert merged == [(customer_id("a"), customer_id("b"), "2025-01-03", "email")]
    assert (counts["customers"], counts["merges"], counts["largest_cluster"]) == (1, 1, 3)


def test_resolve_when_record_joins_at_once_then_no_merge(warehouse_of, identity_settings):
    con = warehouse_of([("a", 1), ("b", 2)], [("a", "b", 80)])
    resolve(con, identity_settings, NO_MODELS)
    assert con.sql("select kind, customer_id from identity.events").fetchall() == [("created", customer_id("a"))]


def test_resolve_when_no_records_then_empty_tables(warehouse_of, identity_settings):
    con = warehouse_of([], [])
    assert resolve(con, identity_settings, NO_MODELS)["customers"] == 0
    assert con.sql("from identity.clusters").fetchall() == []


def test_resolve_when_run_twice_then_replaced(warehouse_of, identity_settings):
    con = warehouse_of([("a", 1)], [])
    assert tables(con, identity_settings) == tables(con, identity_settings)


def test_explain_links_when_customer_known_then_records_links_events(warehouse_of, identity_settings):
    con = warehouse_of([("a", 1), ("b", 2), ("c", 3)], [("a", "c", 80), ("b", "c", 70)])
    con.execute("""
        alter table intermediate.int_identity__records add column source varchar;
        alter table intermediate.int_identity__records add column entity varchar;
        alter table intermediate.int_identity__records add column source_record_id varchar;
        alter table intermediate.int_identity__records add column channel varchar;
        alter table intermediate.int_identity__records add column trust integer;
        create table intermediate.int_identity__field_values (record_id varchar, field varchar, value varchar);
        insert into intermediate.int_identity__field_values
        values ('a', 'display_name', 'Li Na'), ('a', 'city', 'Wuhan'), ('b', 'city', 'Wuhan'), ('c', 'display_name', '李娜');
    """)
    resolve(con, identity_settings, NO_MODELS)
    explained = explain_links(con, customer_id("a"))
    assert explained.records["record_id"].tolist() == ["a", "b", "c"]
    assert explained.records["name"].fillna("").tolist() == ["Li Na", "", "李娜"]
    assert explained.links["strength"].tolist() == [80, 70]
    assert sorted(explained.events["kind"]) == ["created", "merged"]
    assert explain_links(con, "C0").records.empty
