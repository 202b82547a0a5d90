"""The ledger of criteria: what changed key by key, when it began to hold, and how the metrics of all customers moved."""

import json
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from orchestration.logic.effects.ledger import criteria_changes, differences, told
from orchestration.settings.criteria import Intervention
from orchestration.settings.insights import InsightFiles

from .marts import AS_OF, add, customer, empty_warehouse, order, table
from .test_effects import with_tiers

FIRST, SECOND = date(2026, 5, 1), date(2026, 8, 1)
DAYS = 30


def changed(settings: Any, version: str = "v2", **criteria: Any) -> InsightFiles:
    effects = settings.criteria.effects.model_copy(update={"change_days": DAYS, "minimum_customers": 2})
    update = {"effects": effects, **criteria}
    return InsightFiles(settings.criteria.model_copy(update=update), settings.churn, settings.people, version)


@pytest.fixture
def shop(settings):
    """Three customers; the ABC bound moved from 0.8 to 0.7 on 1 August, by a plan."""
    con = empty_warehouse()
    add(con, "customers", [customer(name) for name in "ABC"])
    with_tiers(con, dict.fromkeys("ABC", "low"), (FIRST, SECOND))
    start = (AS_OF - SECOND).days
    # In the thirty days before: A 10, B 20, C nothing; after: A 40, B 80, C 30.
    add(con, "orders", [
        order("A", start + 1, 10), order("B", start + 30, 20), order("B", start + 31, 500),
        order("A", start, 40), order("B", start - 29, 80), order("C", start - 10, 30), order("C", start - 30, 900),
    ])  # fmt: skip
    before = json.dumps(told(changed(settings)))
    ledger(con, [(FIRST, "v1", before, None, None, None), (SECOND, "v2", None, "p1", "lin", datetime(2026, 8, 1, 3))])
    return con


def ledger(con: Any, rows: list[tuple[Any, ...]]) -> None:
    con.execute("delete from control.criteria_ledger")
    for place, row in enumerate(rows):
        con.execute("insert into control.criteria_ledger values (?, ?, ?, ?, ?, ?, ?)", [place, *row])


def made(con: Any, settings: Any, as_of: date = AS_OF) -> dict[tuple[int, str], dict[str, Any]]:
    criteria_changes(con, as_of, settings)
    return {
        (row["change_number"], row["metric"]): row for row in table(con, "criteria_changes", "change_number, metric")
    }


def with_bound(settings: Any) -> InsightFiles:
    return changed(settings, abc=settings.criteria.abc.model_copy(update={"a_share": Decimal("0.7")}))


def test_change_when_worked_out_by_hand_then_keys_and_moves_are_told(shop, settings):
    rows = made(shop, with_bound(settings))
    row = rows[2, "net_amount_per_customer"]
    assert json.loads(row["changes"]) == [{"key": "criteria.abc.a_share", "from": "0.8", "to": "0.7"}]
    assert (row["changed_from"], row["changed_to"], row["count_keys"]) == ("v1", "v2", 1)
    assert (row["valid_from"], row["valid_to"], row["period_end"]) == (SECOND, None, SECOND + timedelta(days=DAYS))
    assert (row["plan_id"], row["applied_by"], row["applied_at"]) == ("p1", "lin", datetime(2026, 8, 1, 3))
    # Changes of 30, 60 and 30: mean 40, standard deviation sqrt(300), error 10; four intervals hold together at 95 %.
    assert (row["value_before"], row["value"], row["difference"], row["count_customers"]) == (10, 50, 40, 3)
    z = 2.4977  # of 5 % / 4, two-sided
    assert (float(row["low"]), float(row["high"])) == pytest.approx((40 - 10 * z, 40 + 10 * z), abs=0.01)
    assert (row["verdict"], row["verdict_en"]) == ("increased", "increased")
    assert rows[2, "csat"]["verdict"] == "too_few"  # nobody gave a score
    assert rows[2, "conversion_rate"]["value_before"] == Decimal("0.6667")


def test_first_set_when_told_then_it_changed_nothing_and_ends_where_the_next_begins(shop, settings):
    row = made(shop, with_bound(settings))[1, "conversion_rate"]
    assert (row["changed_from"], row["count_keys"], row["changes"]) == (None, 0, "[]")
    assert (row["valid_from"], row["valid_to"]) == (FIRST, SECOND)


def test_change_when_its_days_are_not_over_then_no_move_is_told(shop, settings):
    row = made(shop, with_bound(settings), SECOND + timedelta(days=DAYS - 1))[2, "net_amount_per_customer"]
    assert (row["verdict"], row["value"], row["difference"], row["low"]) == ("not_over", None, None, None)
    assert row["value_before"] == 10
    over = made(shop, with_bound(settings), SECOND + timedelta(days=DAYS))[2, "net_amount_per_customer"]
    assert (over["verdict"], over["value"]) == ("increased", 50)


def test_change_when_a_set_can_no_longer_be_read_then_its_keys_are_unknown_and_not_none(shop, settings):
    shop.execute("update control.criteria_ledger set criteria = null where place = 0")
    row = made(shop, with_bound(settings))[2, "conversion_rate"]
    assert (row["count_keys"], row["changes"]) == (None, None)


def test_change_when_an_intervention_began_while_it_held_then_it_is_named(shop, settings):
    plain = {"label": {"zh": "调整", "en": "Change"}, "days": 30, "treated": {"tier": "low"}}
    began = [
        Intervention.model_validate({**plain, "code": code, "kind": kind, "started_on": day})
        for code, kind, day in (
            ("new_bounds", "criteria_change", SECOND), ("before", "criteria_change", SECOND - timedelta(days=1)),
            ("mail", "campaign", SECOND),
        )
    ]  # fmt: skip
    chosen = with_bound(settings)
    effects = chosen.criteria.effects.model_copy(update={"interventions": began})
    chosen = changed(settings, abc=chosen.criteria.abc, effects=effects)
    rows = made(shop, chosen)
    assert rows[2, "csat"]["interventions"] == "new_bounds"
    assert rows[1, "csat"]["interventions"] == "before"


def test_changes_when_facts_follow_or_rows_are_shuffled_then_nothing_changes(shop, settings):
    before = made(shop, with_bound(settings))
    add(shop, "orders", [order("A", 0, 999), order("B", -3, 999)])
    shop.execute("set threads = 4")
    shop.execute("create or replace table marts.orders as select * from marts.orders as t order by hash(t)")
    assert made(shop, with_bound(settings)) == before


def test_differences_when_keys_come_go_and_move_in_lists_then_each_is_told_by_its_code():
    before = {"tiers": [{"code": "high", "at_least": 60}, {"code": "low", "at_least": 0}], "words": ["a"], "x": True}
    after = {"tiers": [{"code": "top", "at_least": 80}, {"code": "high", "at_least": 50}, {"code": "low", "at_least": 0}],
             "words": ["a", "b"]}  # fmt: skip
    assert {one["key"]: (one["from"], one["to"]) for one in differences(before, after)} == {
        "tiers.high.at_least": ("60", "50"), "tiers.top.at_least": (None, "80"), "tiers.top.code": (None, "top"),
        "words": ('["a"]', '["a", "b"]'), "x": ("true", None),
    }  # fmt: skip


def test_differences_when_a_way_of_contact_changed_then_it_is_said_and_not_shown():
    (one,) = differences({"owners": {"a": {"contact": "old@x.cn"}}}, {"owners": {"a": {"contact": "new@x.cn"}}})
    assert one == {"key": "owners.a.contact", "from": None, "to": None}
