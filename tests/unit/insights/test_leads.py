"""Lead scores: who gets one, what each part gives, intent, bands, reasons; all worked out by hand."""

import json
from decimal import Decimal

import duckdb
import pytest

from orchestration.logic.leads.scores import lead_scores
from orchestration.logic.segmentation.features import customer_features
from orchestration.settings.insights import InsightFiles

from .marts import AS_OF, add, customer, empty_warehouse, interaction, noon, opportunity, order, table


@pytest.fixture
def con() -> duckdb.DuckDBPyConnection:
    con = empty_warehouse()
    add(con, "customers", [customer("C1"), customer("C2", first_channel="website")])
    return con


def scores(con, settings) -> dict[str, dict]:
    customer_features(con, AS_OF, settings)
    lead_scores(con, AS_OF, settings)
    return {row["customer_id"]: row for row in table(con, "lead_scores")}


def reasons(row) -> dict[str, float]:
    return {reason["code"]: reason["points"] for reason in json.loads(row["reasons"])}


def test_leads_when_a_customer_has_bought_then_only_those_who_never_did_have_a_row(con, settings):
    add(con, "orders", [order("C1", 900), order("C2", 3, is_counted=False)])
    assert set(scores(con, settings)) == {"C2"}


def test_source_when_it_is_named_then_its_group_counts_else_the_first_channel_else_the_rest(con, settings):
    add(con, "customers", [
        customer("C3", lead_source=" Referral "), customer("C4", lead_source="CIIE", first_channel="website"),
        customer("C5", lead_source="who knows", first_channel="fair"), customer("C6", first_channel="bought"),
        customer("C7", lead_source=" "),
    ])  # fmt: skip
    add(con, "opportunities", [opportunity("C7", 9, lead_source="cold call"), opportunity("C7", 5, lead_source="seo")])
    found = scores(con, settings)
    groups = {name: (row["lead_source"], row["source_group"]) for name, row in found.items()}
    assert groups == {
        "C1": (None, "other"), "C2": (None, "website"), "C3": ("Referral", "referral"), "C4": ("CIIE", "fair"),
        "C5": ("who knows", "other"), "C6": (None, "bought"), "C7": ("cold call", "outreach"),
    }  # fmt: skip
    assert [reasons(found[name]).get("source") for name in ("C1", "C2", "C3", "C6")] == [3, 12, 25, None]
    assert found["C3"]["score"] == 25
    reason = json.loads(found["C3"]["reasons"])[0]
    assert (reason["zh"], reason["en"]) == ("来源:转介绍", "source: referral")


def test_engagement_when_a_half_life_passes_then_it_is_worth_half(con, settings):
    add(con, "interactions", [interaction("C1", 30, "meeting"), interaction("C1", 60, "meeting")])
    row = scores(con, settings)["C1"]
    # Half-life 30 days, 8 points a meeting: 4 + 2.
    assert row["engagement_score"] == Decimal("6.0000")
    assert reasons(row) == {"engagement": 6.0, "source": 3.0}
    text = json.loads(row["reasons"])[0]
    assert text["zh"] == "近 180 天互动 2 次,最近一次 2026-08-16"
    assert text["en"] == "interactions in 180 days: 2, the latest on 2026-08-16"


def test_engagement_when_there_is_much_of_it_then_it_is_held_at_the_limit_and_old_ones_do_not_count(con, settings):
    add(con, "interactions", [interaction("C1", 1, "presale", interaction_key=f"i{n}") for n in range(9)])
    add(con, "interactions", [interaction("C2", 181, "presale"), interaction("C2", 0, "presale")])
    found = scores(con, settings)
    assert reasons(found["C1"])["engagement"] == 30.0
    assert found["C1"]["engagement_score"] > 70
    assert found["C2"]["engagement_score"] == 0


@pytest.mark.parametrize(
    ("pages", "intent", "zh", "points"),
    [
        (["product"] * 5, "high", "高意向", 20.0),
        (["category", "cart", " Product ", "product", "product", "about"], "high", "高意向", 20.0),
        (["product"] * 4, "some", "有浏览", 6.0),
        (["home", "about"], "some", "有浏览", 6.0),
        (["about", "About"], "unclear", "潜在未明确", 2.0),
        ([None, ""], "none", "无浏览", None),
        ([], "none", "无浏览", None),
    ],
)
def test_intent_when_pages_are_seen_then_by_their_kind_and_number(con, settings, pages, intent, zh, points):
    add(con, "interactions", [
        interaction("C1", 2, page_type=page, interaction_key=f"i{n}") for n, page in enumerate(pages)
    ])  # fmt: skip
    row = scores(con, settings)["C1"]
    assert (row["intent"], row["intent_zh"], reasons(row).get("intent")) == (intent, zh, points)


def test_intent_when_product_pages_are_clicked_or_out_of_the_window_then_they_are_no_views(con, settings):
    add(con, "interactions", [interaction("C1", 2 + n, "click", page_type="product") for n in range(5)])
    add(con, "interactions", [interaction("C2", 181 + n, page_type="product") for n in range(5)])
    found = scores(con, settings)
    assert (found["C1"]["intent"], found["C2"]["intent"]) == ("some", "none")


def test_opportunity_when_it_is_closed_before_the_day_then_it_gives_nothing(con, settings):
    add(con, "customers", [customer("C3"), customer("C4")])
    add(con, "opportunities", [
        opportunity("C1", 10), opportunity("C2", 10, closed_days_ago=1), opportunity("C3", 10, closed_days_ago=0),
        opportunity("C4", 0),
    ])  # fmt: skip
    found = {name: reasons(row).get("opportunity") for name, row in scores(con, settings).items()}
    assert found == {"C1": 25.0, "C2": None, "C3": 25.0, "C4": None}


def test_score_when_all_parts_speak_then_it_is_their_sum_and_the_reasons_are_ranked(con, settings):
    add(con, "customers", [
        customer("C3", size_band="medium", lead_source="fair", lead_status="Connected"),
        customer("C4", lead_status="junk"),
    ])  # fmt: skip
    add(con, "consents", [
        {"customer_id": "C3", "purpose": "marketing", "state": "granted", "given_at": noon(3)},
        {"customer_id": "C4", "purpose": "marketing", "state": "withdrawn", "given_at": noon(3)},
    ])  # fmt: skip
    add(con, "opportunities", [opportunity("C3", 10)])
    found = scores(con, settings)
    # opportunity 25, fair 18, connected 12, medium 7, consent 5
    assert found["C3"]["score"] == 67
    assert list(reasons(found["C3"]).items()) == [
        ("opportunity", 25.0), ("source", 18.0), ("status", 12.0), ("size", 7.0), ("consent", 5.0),
    ]  # fmt: skip
    assert (found["C3"]["band"], found["C3"]["band_zh"], found["C3"]["sla_hours"]) == ("hot", "高意向线索", 4)
    # other 3, junk -30, withdrawn -15: held at 0.
    assert found["C4"]["score"] == 0
    assert reasons(found["C4"]) == {"status": -30.0, "consent": -15.0, "source": 3.0}
    assert (found["C4"]["band"], found["C4"]["sla_hours"]) == ("cold", 336)


def test_bands_when_a_score_is_on_a_bound_then_it_is_in_the_upper_band(con, settings):
    rules = settings.criteria.lead_score
    for points, band in ((50, "hot"), (Decimal("49.9"), "warm"), (25, "warm"), (Decimal("24.9"), "cold")):
        rest = rules.sources[-1].model_copy(update={"points": points})
        changed = rules.model_copy(update={"sources": [*rules.sources[:-1], rest]})
        criteria = settings.criteria.model_copy(update={"lead_score": changed})
        found = scores(con, InsightFiles(criteria, settings.churn, settings.people, "test"))
        assert (found["C1"]["score"], found["C1"]["band"]) == (points, band)


def test_scores_when_generated_then_engagement_and_intent_are_those_of_the_features_and_buyers_have_them_too(computed):
    pairs = computed.execute(
        """
        select
            count(*) filter (where l.engagement_score = f.engagement_score and l.intent = f.intent
                and l.intent_zh = f.intent_zh and l.intent_en = f.intent_en),
            count(l.customer_id),
            count(distinct f.intent) filter (where f.count_orders > 0),
            count(*) filter (where f.count_orders > 0 and f.engagement_score > 0)
        from insights.customer_features as f left join insights.lead_scores as l using (as_of, customer_id)
        """
    ).fetchone()
    assert pairs[0] == pairs[1] > 20
    assert pairs[2] > 1
    assert pairs[3] > 100


def test_scores_when_generated_then_reasons_add_up_and_every_prospect_has_one(computed):
    rows = table(computed, "lead_scores")
    prospects = computed.execute(
        "select customer_id from insights.customer_features where count_orders = 0 order by customer_id"
    ).fetchall()
    assert [(row["customer_id"],) for row in rows] == prospects
    assert len(rows) > 20
    for row in rows:
        total = sum(Decimal(str(points)) for points in reasons(row).values())
        assert row["score"] == min(100, max(0, total))
    assert len({row["band"] for row in rows}) > 1
