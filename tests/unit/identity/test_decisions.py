"""Decisions of people: they hold whatever keys say, divide without moving other ids, and taken back leave what was before."""

import os
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from pathlib import Path
from random import Random

import pytest

from orchestration.logic.identity import (
    Contradiction,
    Decision,
    add_decisions,
    decisions_table,
    in_force,
    read_decisions,
    resolve,
)

NO_MODELS = Path("none")
SEQUENCES = int(os.environ.get("STRATA_SEQUENCES", "15"))
START = datetime(2025, 2, 1, tzinfo=UTC)
RECORDS = [f"shop/accounts/{number}" for number in range(12)]


def customer_id(record_id):
    return "C" + sha256(record_id.encode()).hexdigest()[:16]


def decided(kind, left, right, minute=0, undoes=None):
    return Decision(
        kind, tuple(left), tuple(right), "known at the desk", "ann", START + timedelta(minutes=minute), undoes
    )


def customers(con, settings, path, known_at=datetime(2030, 1, 1, tzinfo=UTC)):
    con.register("decisions", decisions_table(read_decisions(path), known_at))
    con.execute("create or replace table control.identity_decisions as from decisions")
    resolve(con, settings, NO_MODELS)
    return dict(con.sql("select record_id, customer_id from identity.clusters order by all").fetchall())


def state(con, settings, path):
    """All that a reader sees but the decisions' own events."""
    customers(con, settings, path)
    tables = [
        con.sql(f"from identity.{name} order by all").fetchall() for name in ("clusters", "model_links", "review")
    ]
    return [*tables, con.sql("from identity.events where kind not in ('override', 'undone') order by all").fetchall()]


@pytest.fixture
def path(tmp_path):
    return tmp_path / "decisions.jsonl"


def test_link_when_keys_say_nothing_then_one_customer_and_the_ledger_tells(warehouse_of, identity_settings, path):
    con = warehouse_of([("a", 1), ("b", 2)], [])
    (event,) = add_decisions(path, [decided("link", ["a"], ["b"])])
    found = customers(con, identity_settings, path)
    assert found == {"a": customer_id("a"), "b": customer_id("a")}
    assert con.sql("select record_id, linked_by from identity.clusters order by all").fetchall() == [
        ("a", "key"),
        ("b", "override"),
    ]
    assert con.sql("select kind, cause from identity.events order by all").fetchall() == [
        ("created", "first_record"),
        ("created", "first_record"),
        ("merged", "override"),
        ("override", "link"),
    ]
    assert con.sql("select event_id from identity.events where kind = 'override'").fetchall() == [(event.event_id,)]
    (merged,) = con.sql("""select "at" from identity.events where kind = 'merged'""").fetchall()
    assert merged == (START.replace(tzinfo=None),)


def test_link_when_a_limit_forbids_then_people_win(warehouse_of, identity_settings, path):
    con = warehouse_of([("a", 1), ("b", 2)], [])
    con.execute(
        "update intermediate.int_identity__records set national_id = if(record_id = 'a', '1', '2') || repeat('3', 17)"
    )
    add_decisions(path, [decided("link", ["a"], ["b"])])
    assert len(set(customers(con, identity_settings, path).values())) == 1


def test_unlink_when_keys_link_then_the_larger_part_keeps_the_id(warehouse_of, identity_settings, path):
    con = warehouse_of([("a", 1), ("b", 2), ("c", 3)], [("a", "b", 50), ("b", "c", 80)])
    add_decisions(path, [decided("unlink", ["a"], ["b", "c"])])
    found = customers(con, identity_settings, path)
    assert found["b"] == found["c"] == customer_id("a")
    assert found["a"] not in (customer_id("a"), customer_id("b"))
    split = con.sql("select customer_id, other_customer_id, cause from identity.events where kind = 'split'").fetchall()
    assert split == [(customer_id("a"), found["a"], "unlink")]


def test_unlink_when_records_come_later_then_no_id_moves(warehouse_of, identity_settings, path):
    """What came after the decision (day 40 and later) gives the smaller part no claim to the id."""
    links = [("a", "b", 50), ("b", "c", 80)]
    add_decisions(path, [decided("unlink", ["a"], ["b", "c"])])
    before = customers(warehouse_of([("a", 1), ("b", 2), ("c", 3)], links), identity_settings, path)
    con = warehouse_of(
        [("a", 1), ("b", 2), ("c", 3), ("d", 4), ("e", 5), ("f", 6)], [*links, *(("a", x, 90) for x in "def")]
    )
    con.execute(
        "update intermediate.int_identity__records set first_seen_at = '2025-03-01' where record_id in ('d', 'e', 'f')"
    )
    after = customers(con, identity_settings, path)
    assert {record: after[record] for record in "abc"} == before
    assert {after[record] for record in "def"} == {before["a"]}


def test_unlink_when_two_customers_then_later_keys_do_not_join_them(warehouse_of, identity_settings, path):
    add_decisions(path, [decided("unlink", ["a"], ["b"])])
    con = warehouse_of([("a", 1), ("b", 2), ("c", 3)], [("a", "c", 80), ("b", "c", 50)])
    found = customers(con, identity_settings, path)
    assert found == {"a": customer_id("a"), "b": customer_id("b"), "c": customer_id("a")}


def test_known_at_when_before_the_decision_then_it_does_not_count(warehouse_of, identity_settings, path):
    con = warehouse_of([("a", 1), ("b", 2)], [])
    add_decisions(path, [decided("link", ["a"], ["b"])])
    assert len(set(customers(con, identity_settings, path, START - timedelta(seconds=1)).values())) == 2
    assert len(set(customers(con, identity_settings, path, START).values())) == 1


def test_decision_when_its_record_is_gone_then_counted_and_nothing_else(warehouse_of, identity_settings, path):
    con = warehouse_of([("a", 1)], [])
    add_decisions(path, [decided("link", ["a"], ["gone"])])
    assert customers(con, identity_settings, path) == {"a": customer_id("a")}
    assert resolve(con, identity_settings, NO_MODELS)["decisions_without_their_records"] == 1


def test_undo_when_undone_itself_then_the_decision_counts_again(path):
    (first,) = add_decisions(path, [decided("link", ["a"], ["b"])])
    (second,) = add_decisions(path, [decided("undo", ["a"], ["b"], 1, first.event_id)])
    assert in_force(read_decisions(path)) == []
    add_decisions(path, [decided("undo", ["a"], ["b"], 2, second.event_id)])
    assert in_force(read_decisions(path)) == [first]


def test_decisions_when_they_contradict_then_refused_whole_and_the_earlier_is_named(path):
    first, _ = add_decisions(path, [decided("link", ["a"], ["b"]), decided("link", ["b"], ["c"])])
    with pytest.raises(Contradiction, match=first.event_id):
        add_decisions(path, [decided("link", ["x"], ["y"]), decided("unlink", ["a"], ["c"])])
    assert len(read_decisions(path)) == 2
    assert path.stat().st_mode & 0o777 == 0o600


def test_read_decisions_when_a_line_is_damaged_then_it_is_named(path):
    add_decisions(path, [decided("link", ["a"], ["b"])])
    path.write_text(path.read_text() + '{"kind": "li\n')
    with pytest.raises(ValueError, match=r"decisions\.jsonl, line 2"):
        read_decisions(path)


@pytest.mark.parametrize("seed", range(SEQUENCES))
def test_undo_when_any_sequence_of_decisions_then_exactly_the_state_before(
    warehouse_of, identity_settings, tmp_path, seed
):
    """Link, unlink and undo at random over random records and links; an undo gives back what was."""
    random, path = Random(seed), tmp_path / "decisions.jsonl"
    days = [(record, random.choice([None, *range(1, 25)])) for record in RECORDS]
    pairs = {tuple(sorted(random.sample(RECORDS, 2))): random.choice([30, 50, 80]) for _ in range(9)}
    con = warehouse_of(days, [(*pair, strength) for pair, strength in pairs.items()])
    before, history = state(con, identity_settings, path), []
    for minute in range(5):
        kind = random.choice(["link", "unlink", "undo"])
        if kind == "undo" and history:
            event, earlier = history.pop()
            add_decisions(path, [decided("undo", event.left, event.right, minute, event.event_id)])
            before = state(con, identity_settings, path)
            assert before == earlier
            continue
        left, *right = random.sample(RECORDS, random.choice([2, 3]))
        try:
            (event,) = add_decisions(path, [decided("unlink" if kind == "undo" else kind, [left], right, minute)])
        except Contradiction:
            continue
        history.append((event, before))
        before = state(con, identity_settings, path)
        found = customers(con, identity_settings, path)
        for decision in in_force(read_decisions(path)):
            together = {found[one] for one in decision.left} & {found[other] for other in decision.right}
            assert bool(together) is (decision.kind == "link")
