"""Measure: pairwise figures by counting, equal to counting the pairs one by one."""

from itertools import combinations

import duckdb
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from orchestration.logic.identity import measure

assignments = st.lists(st.tuples(st.integers(0, 3), st.integers(0, 3)), max_size=12)


def quality(rows):
    con = duckdb.connect()
    con.execute(
        "create table truth (record_id integer, person_id integer); create table found (record_id integer, customer_id integer)"
    )
    for record_id, (person, customer) in enumerate(rows):
        con.execute("insert into truth values (?, ?)", [record_id, person])
        con.execute("insert into found values (?, ?)", [record_id, customer])
    return measure(con, "truth", "found")


@settings(max_examples=30, deadline=None)
@given(assignments)
def test_measure_when_any_clusters_then_as_pair_by_pair(rows):
    pairs = list(combinations(rows, 2))
    true = sum(a[0] == b[0] for a, b in pairs)
    linked = sum(a[1] == b[1] for a, b in pairs)
    right = sum(a == b for a, b in pairs)
    found = quality(rows)
    assert (found.true_pairs, found.linked_pairs, found.right_pairs) == (true, linked, right)
    assert found.precision == pytest.approx(right / linked if linked else 1)
    assert found.recall == pytest.approx(right / true if true else 1)


def test_measure_when_one_customer_joins_three_then_said():
    assert quality([(1, 1), (2, 1), (3, 1), (4, 2)]).max_persons == 3
