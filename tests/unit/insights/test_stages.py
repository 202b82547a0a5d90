"""Purchase stages: which facts bring a customer in, since when, by which evidence, and when a customer falls back."""

import json
from datetime import datetime, timedelta

import duckdb
import pytest

from orchestration.logic.leads.stages import purchase_stages
from orchestration.settings.criteria import StageRule
from orchestration.settings.insights import InsightFiles

from .marts import AS_OF, add, customer, empty_warehouse, interaction, noon, opportunity, order, table


@pytest.fixture
def con() -> duckdb.DuckDBPyConnection:
    con = empty_warehouse()
    add(con, "customers", [customer("C1", first_seen_at=noon(600))])
    return con


def stage(con, settings, as_of=AS_OF, customer_id: str = "C1") -> tuple[str, datetime | None, dict]:
    purchase_stages(con, as_of, settings)
    rows = con.execute(
        "select stage, entered_at, evidence from insights.purchase_stages where as_of = ? and customer_id = ?",
        [as_of, customer_id],
    ).fetchall()
    assert len(rows) == 1
    return rows[0][0], rows[0][1], json.loads(rows[0][2])


def page(days_ago: int, kind: str = "product") -> dict:
    return interaction("C1", days_ago, page_type=kind, interaction_key=f"{kind}{days_ago}")


def test_stage_when_nothing_has_happened_then_awareness_since_first_seen(con, settings):
    name, entered, evidence = stage(con, settings)
    assert (name, entered) == ("awareness", noon(600))
    assert evidence == {
        "rule": "known", "zh": "首次建档", "en": "first seen", "facts": "first_seen", "key": None,
        "at": noon(600).strftime("%Y-%m-%dT%H:%M:%SZ"), "fallen_from": None,
    }  # fmt: skip


def test_stage_when_nothing_dates_a_customer_then_awareness_without_a_time(con, settings):
    add(con, "customers", [customer("C2"), customer("C3", first_seen_at=noon(-3))])
    assert stage(con, settings, customer_id="C2")[:2] == ("awareness", None)
    assert stage(con, settings, customer_id="C3")[:2] == ("awareness", None)


def test_interest_when_the_third_product_page_comes_within_thirty_days_then_it_begins_with_it(con, settings):
    add(con, "interactions", [page(80), page(45), page(20)])
    assert stage(con, settings)[0] == "awareness"  # never three within 30 days
    add(con, "interactions", [page(15, "category")])
    name, entered, evidence = stage(con, settings)
    assert (name, entered) == ("interest", noon(15))
    assert (evidence["rule"], evidence["key"]) == ("product_pages", "category15")


def test_interest_when_facts_follow_each_other_then_it_lasts_from_the_first(con, settings):
    add(con, "interactions", [interaction("C1", days, "enquiry") for days in (500, 330, 160)])
    assert stage(con, settings)[:2] == ("interest", noon(500))
    # Without the middle one the first interest ended after 180 days of silence.
    con.execute("delete from marts.interactions where interaction_key like '%330'")
    assert stage(con, settings)[:2] == ("interest", noon(160))


def test_interest_when_it_is_silent_for_long_then_the_customer_falls_back_to_awareness(con, settings):
    add(con, "interactions", [interaction("C1", 181, "enquiry")])
    name, entered, evidence = stage(con, settings)
    assert (name, entered, evidence["fallen_from"]) == ("awareness", noon(1), "interest")
    assert evidence["rule"] == "known"
    # The day before the 180 days were over it still held.
    assert stage(con, settings, AS_OF - timedelta(1))[:2] == ("interest", noon(181))


def test_decision_when_it_falls_silent_then_the_customer_is_back_in_interest_since_then(con, settings):
    add(con, "interactions", [interaction("C1", 120, "presale"), interaction("C1", 150, "enquiry")])
    name, entered, evidence = stage(con, settings)
    assert (name, entered, evidence["fallen_from"]) == ("interest", noon(30), "decision")
    assert evidence["key"] == "C1/enquiry/150"


def test_decision_when_an_opportunity_is_open_then_until_it_closes(con, settings):
    add(con, "opportunities", [opportunity("C1", 400, is_won=None)])
    name, entered, evidence = stage(con, settings)
    assert (name, entered, evidence["facts"], evidence["key"]) == (
        "decision",
        noon(400),
        "opportunities",
        "C1/deal/400",
    )
    con.execute("update marts.opportunities set closed_at = ?, is_won = false", [noon(10)])
    assert stage(con, settings)[:2] == ("awareness", noon(10))
    assert stage(con, settings, AS_OF - timedelta(10))[:2] == ("decision", noon(400))


def test_purchase_when_a_customer_has_ordered_then_since_the_first_order_and_the_key_is_hidden(con, settings):
    add(con, "orders", [
        order("C1", 50, key="shop/7/someone@example.com"), order("C1", 300, is_counted=False), order("C1", 20),
    ])  # fmt: skip
    name, entered, evidence = stage(con, settings)
    assert (name, entered, evidence["rule"]) == ("purchase", noon(50), "order")
    digest = con.execute("select left(sha256('shop/7/someone@example.com'), 32)").fetchone()
    assert (evidence["key"],) == digest


def test_stage_when_facts_come_on_or_after_the_day_then_they_do_not_count(con, settings):
    midnight = datetime(AS_OF.year, AS_OF.month, AS_OF.day) - timedelta(hours=8)  # in Shanghai
    add(con, "orders", [order("C1", 0)])
    add(con, "interactions", [interaction("C1", 0, "presale", occurred_at=midnight)])
    add(con, "opportunities", [opportunity("C1", 0)])
    assert stage(con, settings)[0] == "awareness"
    con.execute("update marts.interactions set occurred_at = occurred_at - interval 1 microsecond")
    assert stage(con, settings)[0] == "decision"


def test_stage_when_rules_are_changed_then_they_are_followed(con, settings):
    won = StageRule(
        code="won", label={"zh": "赢单", "en": "won"}, facts="opportunities", moment="won", stages=("Closed Won",)
    )
    stages = settings.criteria.purchase_stages
    bought = stages.purchase.model_copy(update={"rules": [won], "silence_days": 100})
    criteria = settings.criteria.model_copy(update={"purchase_stages": stages.model_copy(update={"purchase": bought})})
    changed = InsightFiles(criteria, settings.churn, settings.people, "test")
    add(con, "opportunities", [opportunity("C1", 60, 40, is_won=True, stage="closed won")])
    assert stage(con, changed)[:2] == ("purchase", noon(40))
    assert stage(con, settings)[:2] == ("awareness", noon(40))
    con.execute("update marts.opportunities set stage = 'other'")
    assert stage(con, changed)[0] == "awareness"


def test_stages_when_generated_then_every_customer_has_one_that_began_before_the_day(computed):
    rows = table(computed, "purchase_stages")
    assert len(rows) == 400
    assert {row["stage"] for row in rows} == {"awareness", "interest", "decision", "purchase"}
    end = datetime(AS_OF.year, AS_OF.month, AS_OF.day) - timedelta(hours=8)
    assert all(row["entered_at"] is None or row["entered_at"] <= end for row in rows)
    buyers = computed.execute("select customer_id from insights.customer_features where count_orders > 0").fetchall()
    assert {row["customer_id"] for row in rows if row["stage"] == "purchase"} == {name for (name,) in buyers}
