"""Why tiers moved: every difference between two days has one cause, the true one, with the true record in its evidence.

STRATA_PAIRS sets how many pairs of days are compared (`make campaign-segmentation`: 20).
"""

import json
import os
import random
from collections.abc import Callable
from datetime import date, datetime, timedelta
from decimal import Decimal
from hashlib import sha256
from typing import Any

import duckdb
import pytest

from orchestration.logic.segmentation import tier_evidence
from orchestration.logic.segmentation.features import customer_features
from orchestration.logic.segmentation.scorecard import scorecard_points
from orchestration.logic.segmentation.tier_changes import statement_query, tier_changes
from orchestration.logic.segmentation.tiers import customer_tiers
from orchestration.settings.criteria import Band
from orchestration.settings.insights import InsightFiles

from .marts import AS_OF, add, customer, empty_warehouse, interaction, order, table

BEFORE = AS_OF - timedelta(days=10)
KNOWN, LATER = datetime(2026, 9, 6), datetime(2026, 9, 14)
KINDS = ("presale", "custom_request", "view")
BOUNDS = {"purchase_amount": (2000, 800), "purchase_frequency": (8, 3)}


def by_value(shipped: InsightFiles, **scheme: Any) -> InsightFiles:
    """The shipped criteria with bands on values alone, so that no customer's tier hangs on another's; no hysteresis."""
    criteria = dict(shipped.criteria.main.criteria)
    for code, (high, middle) in BOUNDS.items():
        old = criteria[code].best_first
        ends: list[tuple[int | None, int | None]] = [(high, None), (middle, high), (None, middle)]
        bands = [
            Band(code=band.code, label=band.label, at_least=low, below=up, points=band.points)
            for band, (low, up) in zip(old, ends, strict=True)
        ]
        criteria[code] = criteria[code].model_copy(update={"scale": "value", "bands": bands[::-1]})
    update = {"criteria": criteria, "hysteresis_points": Decimal(0), "minimum_stay_months": 0, **scheme}
    main = shipped.criteria.main.model_copy(update=update)
    file = shipped.criteria.model_copy(update={"schemes": {"value_tier": main}})
    return InsightFiles(file, shipped.churn, shipped.people, f"v{len(scheme)}")


def compute(con: duckdb.DuckDBPyConnection, day: date, settings: InsightFiles) -> None:
    for function in (customer_features, scorecard_points, customer_tiers):
        function(con, day, settings)


def say(con: duckdb.DuckDBPyConnection, settings: InsightFiles, day: date = BEFORE, known: datetime = KNOWN) -> None:
    """Publishes `day`: what is told of it is what the next day will be compared with."""
    compute(con, day, settings)
    con.execute(f"create or replace table control.tier_statement as {statement_query(day)}")
    con.execute("delete from control.criteria_before")
    con.execute(
        "insert into control.criteria_before values (?, ?, ?, ?)",
        [day, known, settings.criteria_version, settings.criteria.model_dump_json()],
    )


def changes(con: duckdb.DuckDBPyConnection, settings: InsightFiles, day: date = AS_OF) -> dict[str, dict[str, Any]]:
    compute(con, day, settings)
    tier_changes(con, day, settings)
    rows = [row for row in table(con, "tier_changes") if (row["scheme_id"], row["changed_on"]) == ("value_tier", day)]
    assert len({row["customer_id"] for row in rows}) == len(rows)
    return {row["customer_id"]: row | {"evidence": json.loads(row["evidence"])} for row in rows}


def place(con: duckdb.DuckDBPyConnection, rows: list[dict[str, Any]], loaded: datetime = KNOWN) -> None:
    """Orders with their lines and the record that tells when they were loaded."""
    add(con, "orders", rows)
    lines = [
        {
            "line_key": row["order_key"], "order_key": row["order_key"], "customer_id": row["customer_id"],
            "category": "tea", "line_amount": row["net_amount"],
        }
        for row in rows
    ]  # fmt: skip
    add(con, "order_lines", lines)
    told = [
        {"kind": "order", "record_key": row["order_key"], "happened_on": row["order_date"]} | owner(row, loaded)
        for row in rows
    ]
    add(con, "customer_records", told)


def owner(row: dict[str, Any], loaded: datetime) -> dict[str, Any]:
    return {"customer_id": row["customer_id"], "loaded_at": loaded}


def shop(count: int, seed: int = 1) -> duckdb.DuckDBPyConnection:
    """Customers with orders of a year that end before BEFORE, at different rhythms and amounts."""
    draw, con = random.Random(seed), empty_warehouse()
    add(con, "customers", [customer(f"C{n:04}", first_seen_at="2025-01-01") for n in range(count)])
    rows = [
        order(f"C{n:04}", 11 + days, draw.choice([40, 90, 180, 400]))
        for n in range(count)
        for days in sorted(draw.sample(range(300), draw.choice([1, 2, 4, 7, 12])))
    ]
    place(con, rows)
    # Every criterion is known for somebody, so that none gets its weight only by what is planted.
    add(con, "interactions", [interaction("C0000", 30 + days, kind) for days in range(2) for kind in KINDS])
    return con


def key_of(con: duckdb.DuckDBPyConnection, customer_id: str) -> str:
    found = con.execute(
        "select order_key from marts.orders where customer_id = ? order by net_amount desc, order_date desc, order_key",
        [customer_id],
    ).fetchall()
    return str(found[0][0])


def plant_order(con: duckdb.DuckDBPyConnection, customer_id: str) -> tuple[str, str]:
    key = f"new/{customer_id}"
    place(con, [order(customer_id, 4, 3000, key=key)], LATER)
    return "data", key


def plant_contact(con: duckdb.DuckDBPyConnection, customer_id: str) -> tuple[str, str]:
    rows = [interaction(customer_id, 1 + n, "presale") for n in range(9)]
    add(con, "interactions", rows)
    told = [
        {"kind": "interaction", "record_key": row["interaction_key"], "happened_on": row["occurred_at"].date()}
        | owner(row, LATER)
        for row in rows
    ]
    add(con, "customer_records", told)
    return "data", str(rows[0]["interaction_key"])


def plant_refund(con: duckdb.DuckDBPyConnection, customer_id: str, days_ago: int = 3) -> tuple[str, str]:
    """The dearest order is paid back in full: its money is gone from the day of the order on."""
    key, day = key_of(con, customer_id), AS_OF - timedelta(days=days_ago)
    amount, ordered = con.execute(
        "select net_amount, order_date from marts.orders where order_key = ?", [key]
    ).fetchall()[0]
    con.execute("update marts.orders set net_amount = 0 where order_key = ?", [key])
    refund = {
        "refund_key": f"r/{key}", "order_key": key, "customer_id": customer_id, "refund_date": day, "order_date": ordered,
        "refund_amount": amount,
    }  # fmt: skip
    add(con, "refunds", [refund])
    told = {"kind": "refund", "record_key": f"r/{key}", "happened_on": day}
    add(con, "customer_records", [told | owner(refund, LATER)])
    return ("data" if days_ago <= 10 else "correction"), f"r/{key}"


def plant_late_refund(con: duckdb.DuckDBPyConnection, customer_id: str) -> tuple[str, str]:
    return plant_refund(con, customer_id, 11)


def plant_late_order(con: duckdb.DuckDBPyConnection, customer_id: str) -> tuple[str, str]:
    key = f"late/{customer_id}"
    place(con, [order(customer_id, 12, 3000, key=key)], LATER)
    return "correction", key


def plant_merge(con: duckdb.DuckDBPyConnection, customer_id: str) -> tuple[str, str]:
    """A customer with many orders turns out to be this one."""
    other, event = f"X{customer_id}", f"E{int(customer_id[1:]):016x}"
    con.execute("update marts.orders set customer_id = ? where customer_id = ?", [customer_id, other])
    con.execute("update marts.customer_records set customer_id = ? where customer_id = ?", [customer_id, other])
    con.execute("delete from marts.customers where customer_id = ?", [other])
    told = {"event_id": event, "kind": "merged", "customer_id": customer_id, "other_customer_id": other}
    add(con, "identity_events", [told])
    return "identity", event


PLANTS: list[Callable[[duckdb.DuckDBPyConnection, str], tuple[str, str]]] = [
    plant_order, plant_contact, plant_refund, plant_late_refund, plant_late_order, plant_merge,
]  # fmt: skip


def test_changes_when_200_single_ones_are_planted_then_each_has_its_true_cause_and_record(settings):
    con, ours = shop(700), by_value(settings)
    twins = [f"C{n:04}" for n in range(5, 700, 7)]
    add(con, "customers", [customer(f"X{one}", first_seen_at="2025-01-01") for one in twins])
    place(con, [order(f"X{one}", 20 + 9 * n, 400, key=f"X{one}/{n}") for one in twins for n in range(6)])
    quiet = changes_without(con, ours)
    say(con, ours)
    planted: dict[str, tuple[str, str]] = {}
    for n in range(700):
        if n % 7 < len(PLANTS):
            planted[f"C{n:04}"] = PLANTS[n % 7](con, f"C{n:04}")
    found = changes(con, ours)
    moved = {one: planted[one] for one in planted if one in found and one not in quiet}
    assert len(moved) >= 200
    for one, (cause, key) in moved.items():
        assert found[one]["cause"] == cause, (one, found[one])
        assert {key, sha256(key.encode()).hexdigest()[:32]} & named(found[one]["evidence"]), (one, cause, found[one])
    assert {cause for cause, _ in moved.values()} == {"data", "correction", "identity"}
    assert {found[f"X{one}"]["cause"] for one in twins} == {"identity"}  # who was merged is no more
    others = {one: row for one, row in found.items() if one not in planted and not one.startswith("X")}
    assert others
    assert {row["cause"] for row in others.values()} == {"clock"}
    assert set(others) == set(quiet) - set(planted) - {f"X{one}" for one in twins}


def changes_without(con: duckdb.DuckDBPyConnection, settings: InsightFiles) -> set[str]:
    """Who moves although nothing happens; everybody by the clock."""
    say(con, settings)
    found = changes(con, settings)
    assert {row["cause"] for row in found.values()} == {"clock"}
    assert all(row["evidence"]["criteria"] and not row["evidence"]["records"] for row in found.values())
    return set(found)


def named(evidence: dict[str, Any]) -> set[str]:
    return {record["key"] for record in evidence["records"]} | set(evidence["identity_events"])


def test_changes_when_only_the_criteria_changed_then_they_are_the_cause(settings):
    con = shop(200)
    old = by_value(settings)
    lower = [
        tier.model_copy(update={"at_least": Decimal(20)}) if tier.at_least == 30 else tier
        for tier in old.criteria.main.tiers
    ]
    lower = [tier.model_copy(update={"below": Decimal(20)}) if tier.below == 30 else tier for tier in lower]
    new = by_value(settings, tiers=lower)
    quiet = changes_without(con, old)
    say(con, old)
    found = changes(con, new)
    rest = {one: row for one, row in found.items() if one not in quiet}
    assert len(rest) > 10
    assert {(row["cause"], row["from_tier"], row["to_tier"]) for row in rest.values()} == {
        ("criteria", "low", "middle")
    }
    assert all(row["evidence"]["criteria_versions"] == ["v0", "v1"] for row in rest.values())


def test_changes_when_causes_follow_each_other_then_the_last_that_gave_the_tier_counts(settings):
    con, ours = empty_warehouse(), by_value(settings)
    add(con, "customers", [customer("C1", first_seen_at="2025-01-01")])
    place(con, [order("C1", 200, 50)])
    say(con, ours)
    place(con, [order("C1", 20 + 60 * n, 300, key=f"late{n}") for n in range(3)], LATER)
    after_correction = changes(con, ours)["C1"]
    assert (after_correction["cause"], after_correction["from_tier"]) == ("correction", "low")
    assert after_correction["to_tier"] == "middle"
    place(con, [order("C1", 1 + n, 900, key=f"new{n}") for n in range(9)], LATER)
    found = changes(con, ours)["C1"]
    assert (found["cause"], found["from_tier"], found["to_tier"]) == ("data", "low", "high")
    assert len(found["evidence"]["records"]) == found["evidence"]["count_records"] == 9
    assert found["reason_zh"].startswith("新数据:")
    assert "Purchase frequency middle → high" in found["reason_en"]


def test_changes_when_nothing_was_published_then_the_month_is_the_measure(settings):
    con, ours = empty_warehouse(), by_value(settings)
    add(con, "customers", [customer("C1", first_seen_at="2025-01-01"), customer("C2", first_seen_at="2026-09-10")])
    place(con, [order("C1", 1 + n, 900, key=f"o{n}") for n in range(9)], LATER)
    found = changes(con, ours)
    assert (found["C1"]["cause"], found["C1"]["from_tier"], found["C1"]["to_tier"]) == ("data", "low", "high")
    assert (found["C2"]["from_tier"], found["C2"]["to_tier"]) == (None, "low")
    assert found["C1"]["compared_with"] == date(2026, 9, 1)


def test_changes_when_there_are_more_moves_than_are_explained_at_a_time_then_they_are_the_same(settings, monkeypatch):
    con, ours = shop(60), by_value(settings)
    say(con, ours)
    for n in range(0, 60, 3):
        plant_order(con, f"C{n:04}")
    at_once = changes(con, ours)
    monkeypatch.setattr(tier_evidence, "MOVES_AT_A_TIME", 4)
    assert len(at_once) > 3 * 4
    assert changes(con, ours) == at_once


def test_statement_when_it_is_told_in_parts_then_they_are_the_whole(settings):
    con, ours = shop(60), by_value(settings)
    compute(con, AS_OF, ours)
    whole = con.execute(f"{statement_query(AS_OF)} order by all").fetchall()
    parts = [con.execute(statement_query(AS_OF, part, 3)).fetchall() for part in range(3)]
    assert len(whole) == 60
    assert all(parts)
    assert sorted(row for part in parts for row in part) == sorted(whole)


def test_changes_when_a_customer_was_divided_then_both_parts_are_touched_by_identity(settings):
    con, ours = empty_warehouse(), by_value(settings)
    add(con, "customers", [customer("C1", first_seen_at="2025-01-01")])
    place(con, [order("C1", 12 + 9 * n, 900, key=f"o{n}") for n in range(9)])
    say(con, ours)
    con.execute("update marts.orders set customer_id = 'C2'; update marts.customer_records set customer_id = 'C2'")
    add(con, "customers", [customer("C2", first_seen_at="2025-01-01")])
    split = {"event_id": "E2", "kind": "split", "customer_id": "C1", "other_customer_id": "C2"}
    add(con, "identity_events", [split])
    found = changes(con, ours)
    assert {one: (row["cause"], row["evidence"]["identity_events"]) for one, row in found.items()} == {
        "C1": ("identity", ["E2"]),
        "C2": ("identity", ["E2"]),
    }


@pytest.mark.parametrize("seed", range(int(os.environ.get("STRATA_PAIRS", "3"))))
def test_changes_add_up_to_the_whole_difference_between_any_two_days(settings, seed):
    """With the shipped scheme, in which ranks tie customers to each other: one row for each difference, no other."""
    con = shop(150, seed)
    draw = random.Random(seed)
    for n in range(60):
        place(con, [order(f"C{draw.randrange(150):04}", draw.randrange(1, 60), draw.choice([50, 500]), key=f"n{n}")])
    first = AS_OF - timedelta(days=draw.randrange(1, 70))
    shipped = InsightFiles(settings.criteria, settings.churn, settings.people, "v")
    say(con, shipped, first)
    of_main = "select customer_id, tier from {} where scheme_id = 'value_tier'"
    before = dict(con.execute(of_main.format("control.tier_statement")).fetchall())
    found = changes(con, shipped)
    told = of_main.format("insights.customer_tiers")
    now = dict(con.execute(f"{told} and as_of = ?", [AS_OF]).fetchall())
    differing = {one: (before.get(one), now.get(one)) for one in {*before, *now} if before.get(one) != now.get(one)}
    assert differing == {one: (row["from_tier"], row["to_tier"]) for one, row in found.items()}
    assert {row["cause"] for row in found.values()} <= {"data", "clock"}
