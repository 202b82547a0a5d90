"""Churn warnings: signals, score, first day, reasons, value at risk, owners; and the tier table that shows them."""

import json
from datetime import date, timedelta
from decimal import Decimal

import duckdb
import pytest

from orchestration.logic.churn.owners import assigned
from orchestration.logic.segmentation.catalogue import FUNCTIONS
from orchestration.logic.segmentation.store import values
from orchestration.settings.criteria import Text
from orchestration.settings.people import Owner

from .marts import AS_OF, add, customer, empty_warehouse, feedback, interaction, order, table

REGULAR = [order("C1", days) for days in range(45, 245, 20)]


@pytest.fixture
def con() -> duckdb.DuckDBPyConnection:
    con = empty_warehouse()
    add(con, "customers", [customer("C1"), customer("C2")])
    add(con, "orders", [order("C2", days) for days in range(5, 205, 20)])
    return con


def warnings(con, settings, as_of: date = AS_OF):
    for function in FUNCTIONS.values():
        function(con, as_of, settings)
    return {row["customer_id"]: row for row in table(con, "churn_warnings")}


def test_an_overdue_customer_is_warned_about_and_a_regular_one_is_not(con, settings):
    add(con, "orders", REGULAR)
    found = warnings(con, settings)
    assert list(found) == ["C1"]
    warning = found["C1"]
    # 45 days at a cycle of 20: ratio 2.25, strength 0.5 + 0.5 * 0.25 / 3, weight 0.7.
    assert warning["signal_score"] == Decimal("0.3792")
    (score,) = con.execute("select churn_score from insights.churn_scores where customer_id = 'C1'").fetchone()
    assert warning["churn_score"] == score
    assert warning["band"] == "medium"
    assert (warning["state"], warning["first_warned_on"]) == ("open", AS_OF - timedelta(5))
    reason = json.loads(warning["reasons"])[0]
    assert reason["code"] == "overdue"
    assert "45" in reason["zh"]
    assert "2.3" in reason["en"]


def test_the_first_day_is_the_same_on_every_day_of_the_episode(con, settings):
    add(con, "orders", REGULAR)
    first = AS_OF - timedelta(5)
    assert warnings(con, settings, first - timedelta(1)) == {}
    found = {day: warnings(con, settings, day)["C1"] for day in (first, AS_OF, AS_OF + timedelta(20))}
    assert {row["first_warned_on"] for row in found.values()} == {first}
    assert len({row["warning_id"] for row in found.values()}) == 1
    assert [row["state"] for row in found.values()] == ["new", "open", "open"]


def test_signals_add_up_and_an_order_after_them_ends_complaint_and_score(con, settings):
    add(con, "orders", REGULAR)
    add(con, "interactions", [interaction("C1", 4, "complaint"), interaction("C2", 9, "complaint")])
    add(con, "interactions", [interaction("C1", days) for days in range(95, 175, 10)])
    add(con, "feedback", [feedback("C1", 3, 1), feedback("C2", 9, 1)])
    warning = warnings(con, settings)["C1"]
    assert list(warnings(con, settings)) == ["C1"]
    codes = [reason["code"] for reason in json.loads(warning["reasons"])]
    assert codes == ["low_satisfaction", "overdue", "falling_interaction", "open_complaint"]
    assert warning["band"] == "high"
    assert 0 < warning["churn_score"] < 1


def test_a_daily_buyer_is_left_alone_for_the_minimum_days(con, settings):
    add(con, "orders", [order("C1", days) for days in range(13, 23)])
    assert warnings(con, settings) == {}
    found = warnings(con, settings, AS_OF + timedelta(1))["C1"]
    assert found["first_warned_on"] == AS_OF + timedelta(1)
    assert found["state"] == "new"


def test_who_is_lost_or_never_bought_is_not_warned_about(con, settings):
    add(con, "orders", [order("C1", days) for days in (366, 386, 406, 426)])
    assert warnings(con, settings) == {}


def test_value_at_risk_without_a_model_is_the_own_past_rate_over_the_value_horizon(con, settings):
    add(con, "orders", REGULAR)
    warning = warnings(con, settings)["C1"]
    # 10 orders of 100 in the 225 days since the first, 365 days ahead; the overdue rule, uncalibrated: 2.25 / 3.25.
    assert warning["value_at_risk"] == Decimal("1622.22")
    assert warning["expected_loss"] == Decimal("1123.08")


def test_the_tier_table_shows_the_warning_its_owner_and_strategy(con, settings):
    add(con, "orders", REGULAR)
    add(con, "interactions", [interaction("C2", 10, "call")])
    warning = warnings(con, settings)["C1"]
    rows = {row["customer_id"]: row for row in table(con, "customer_tier_table")}
    assert (rows["C1"]["churn_band"], rows["C1"]["owner"]) == ("medium", warning["owner"])
    assert rows["C1"]["strategy_code"] == warning["strategy_code"]
    assert rows["C1"]["strategy_zh"]
    assert rows["C2"]["churn_band"] is None
    strategy = settings.people.strategies.by_tier[rows["C2"]["tier"]]
    cadence = settings.people.strategies.strategies[strategy].cadence_days
    assert rows["C2"]["next_contact_due"] == AS_OF - timedelta(10) + timedelta(cadence)
    assert rows["C1"]["next_contact_due"] == AS_OF
    assert sorted(row["priority_rank"] for row in rows.values()) == [1, 2]


def test_owners_share_by_capacity_and_a_new_colleague_takes_only_their_own(settings):
    owners = {
        "big": Owner(name=Text(zh="大", en="big"), tiers=["high"], capacity=300),
        "small": Owner(name=Text(zh="小", en="small"), tiers=["high"], capacity=100),
    }
    more = {**owners, "new": Owner(name=Text(zh="新", en="new"), tiers=["high"], capacity=100)}
    relation = f"(select * from {values('c(customer_id, tier)', [(f'C{n}', 'high') for n in range(2000)])})"
    con = duckdb.connect()
    before, after = (dict(con.execute(assigned(relation, chosen)).fetchall()) for chosen in (owners, more))
    assert 1400 < sum(owner == "big" for owner in before.values()) < 1600
    moved = {after[customer_id] for customer_id, owner in before.items() if after[customer_id] != owner}
    assert moved == {"new"}
