"""customer_features on small hand-made cases, worked out by hand."""

import json
from decimal import Decimal
from typing import Any

import duckdb
import pytest

from orchestration.logic.segmentation.features import build_features, customer_features, drop_temporary
from orchestration.settings.insights import InsightSettings

from .marts import AS_OF, add, customer, empty_warehouse, feedback, interaction, order


@pytest.fixture
def con() -> duckdb.DuckDBPyConnection:
    con = empty_warehouse()
    add(con, "customers", [customer("C1", loyalty_id="L1"), customer("C2")])
    return con


def features(con: duckdb.DuckDBPyConnection, settings: InsightSettings, customer_id: str = "C1") -> dict[str, Any]:
    customer_features(con, AS_OF, settings)
    found = con.execute("select * from insights.customer_features where customer_id = ?", [customer_id])
    row = found.fetchone()
    assert row is not None
    return dict(zip([column[0] for column in found.description], row, strict=True))


def test_features_of_a_buyer_follow_the_definitions(con, settings):
    add(con, "orders", [order("C1", 400, 100), order("C1", 100, 200), order("C1", 40, 300), order("C1", 10, 50)])
    row = features(con, settings)
    assert (row["recency_days"], row["count_orders"], row["count_orders_window"]) == (10, 4, 3)
    assert (row["net_amount"], row["net_amount_window"], row["average_order_amount_window"]) == (
        650,
        550,
        Decimal("183.3333"),
    )
    assert (row["purchase_cycle_days"], row["overdue_ratio"], row["repeat_orders_window"]) == (60, Decimal("0.1667"), 3)
    assert (row["loyalty_member"], row["loyalty_actions"]) == (True, 4)


def test_features_of_a_never_buyer_are_zero_counts_and_unknown_days(con, settings):
    row = features(con, settings, "C2")
    assert (row["count_orders"], row["net_amount"], row["interactions_90d"]) == (0, 0, 0)
    assert row["recency_days"] is row["purchase_cycle_days"] is row["main_channel"] is None


def test_excluded_orders_do_not_count_and_returns_lower_money_only(con, settings):
    cancelled = order("C1", 5, 900, is_counted=False, counts_money=False)
    returned = order("C1", 4, -30, is_counted=False)
    add(con, "orders", [order("C1", 20, 100), cancelled, returned])
    row = features(con, settings)
    assert (row["count_orders"], row["net_amount"], row["gross_amount"], row["recency_days"]) == (1, 70, 100, 20)


def test_cycle_is_unknown_below_two_order_days(con, settings):
    add(con, "orders", [order("C1", 7, 10, key="a"), order("C1", 7, 20, key="b")])
    assert features(con, settings)["purchase_cycle_days"] is None


def test_window_holds_its_first_day_and_not_as_of(con, settings):
    add(con, "orders", [order("C1", 366, 1), order("C1", 365, 2), order("C1", 1, 4), order("C1", 0, 8)])
    row = features(con, settings)
    assert (row["net_amount_window"], row["net_amount"], row["recency_days"]) == (6, 7, 1)


def test_preference_is_one_for_a_single_category_and_lower_for_a_mixture(con, settings):
    add(con, "customers", [customer("C3")])
    add(con, "orders", [order(c, days, key=f"{c}{days}") for c in ("C1", "C3") for days in (3, 9)])
    lines = [("C13", "tea", 10), ("C19", "tea", 5), ("C33", "tea", 10), ("C39", "rice", 10)]
    add(con, "order_lines", [{"line_key": k, "order_key": k, "category": c, "line_amount": a} for k, c, a in lines])
    assert features(con, settings)["preference_strength"] == 1
    assert features(con, settings, "C3")["preference_strength"] == 0
    assert features(con, settings, "C3")["top3_categories"] == "rice | tea"
    assert features(con, settings)["category_shares"] == '{"tea": 1.0000}'


def test_a_line_without_category_takes_the_one_of_its_product(con, settings):
    add(con, "orders", [order("C1", 3, key="a"), order("C1", 9, key="b")])
    add(con, "products", [{"source": "shop", "product_id": "P", "category": "rice", "brand": "own"}])
    add(
        con, "order_lines", [{"line_key": "a", "order_key": "a", "source": "shop", "product_id": "P", "line_amount": 7}]
    )
    row = features(con, settings)
    assert (row["top3_categories"], row["top_brand"]) == ("rice", "own")


def test_interactions_fall_into_their_periods(con, settings):
    add(con, "interactions", [interaction("C1", days) for days in (0, 1, 30, 31, 90, 91, 180, 181)])
    row = features(con, settings)
    periods = ("interactions_30d", "interactions_90d", "interactions_previous_90d", "interactions_window")
    assert [row[name] for name in periods] == [2, 4, 2, 7]


def test_kinds_when_counted_then_they_add_up_to_the_interactions_of_their_days(con, settings):
    days = {"view": (0, 1, 30, 31, 90, 91), "call": (5, 5), "meeting": (60,)}
    add(con, "interactions", [
        interaction("C1", day, kind, interaction_key=f"{kind}{n}")
        for kind, listed in days.items() for n, day in enumerate(listed)
    ])  # fmt: skip
    row = features(con, settings)
    assert json.loads(row["interactions_30d_by_kind"]) == {"view": 2, "call": 2}
    assert json.loads(row["interactions_90d_by_kind"]) == {"view": 4, "call": 2, "meeting": 1}
    assert (row["interactions_30d"], row["interactions_90d"]) == (4, 7)
    none = features(con, settings, "C2")
    assert none["interactions_30d_by_kind"] is none["interactions_90d_by_kind"] is None


def test_engagement_when_a_buyer_seeks_contact_then_it_decays_as_that_of_a_lead(con, settings):
    add(con, "orders", [order("C1", 400, 10)])
    add(con, "interactions", [interaction("C1", day, "meeting") for day in (30, 60, 181, 0)])
    # Half-life 30 days, 8 points a meeting, 180 days: 4 + 2; the last two are too old, and of the day itself.
    assert features(con, settings)["engagement_score"] == Decimal("6.0000")
    assert features(con, settings, "C2")["engagement_score"] == 0


@pytest.mark.parametrize(
    ("pages", "intent", "zh"),
    [
        (["product"] * 4 + ["cart"], "high", "高意向"),
        (["product"] * 4, "some", "有浏览"),
        (["about", "Company"], "unclear", "潜在未明确"),
        ([None], "none", "无浏览"),
        ([], "none", "无浏览"),
    ],
)
def test_intent_when_a_buyer_sees_pages_then_it_follows_the_rules_of_leads(con, settings, pages, intent, zh):
    add(con, "orders", [order("C1", 5, 10)])
    add(con, "interactions", [
        interaction("C1", 2, page_type=page, interaction_key=f"i{n}") for n, page in enumerate(pages)
    ])  # fmt: skip
    row = features(con, settings)
    assert (row["count_orders"], row["intent"], row["intent_zh"]) == (1, intent, zh)


def test_contact_kinds_and_satisfaction(con, settings):
    kinds = ("presale", "enquiry", "aftersale", "complaint", "referral", "custom_request", "call")
    add(con, "interactions", [interaction("C1", 10 + place, kind) for place, kind in enumerate(kinds)])
    add(con, "feedback", [feedback("C1", 50, 5), feedback("C1", 20, 2), feedback("C1", 5, 9, kind="nps")])
    row = features(con, settings)
    assert (row["presale_window"], row["service_requests_window"], row["complaints_90d"]) == (2, 3, 1)
    assert (row["custom_requests_window"], row["referrals_window"]) == (1, 1)
    assert (row["csat_average"], row["csat_last"], row["nps_average"]) == (Decimal("3.5"), 2, 9)
    assert str(row["last_contact_date"]) == "2026-08-30"


def test_days_off_follow_the_holiday_calendar(con, settings):
    # 2026-09-12 and 13 are a weekend; the 12th is worked, the 11th (a Friday) is a holiday.
    add(con, "orders", [order("C1", days) for days in (2, 3, 4, 5)])
    con.execute(
        "insert into marts.holidays values (date '2026-09-12', 'x', 'CN', true), (date '2026-09-11', 'y', 'CN', false)"
    )
    row = features(con, settings)
    assert (row["weekend_share"], row["weekend_holiday_share"]) == (Decimal("0.5"), Decimal("0.5"))
    assert (row["main_channel"], row["usual_time"], row["channel_shares"]) == (
        "store",
        "afternoon",
        '{"store": 1.0000}',
    )


def test_refused_consent_wins_over_one_given_at_the_same_moment(con, settings):
    for state in ("withdrawn", "granted"):
        con.execute(f"insert into marts.consents values ('C1', 's', 'marketing', '{state}', timestamp '2026-01-01')")
    assert features(con, settings)["marketing_consent"] == "withdrawn"


def line(key: str, category: str, price: Any, amount: Any = 100, product: str = "p") -> dict[str, Any]:
    return {"line_key": f"{key}/{category}/{price}/{product}", "order_key": key, "category": category, "source": "s",
            "product_id": product, "unit_price": price, "line_amount": amount}  # fmt: skip


@pytest.mark.parametrize(
    ("born", "age"),
    [
        (AS_OF.replace(year=1986), 40),
        (AS_OF.replace(year=1986, day=AS_OF.day + 1), 39),
        (AS_OF.replace(year=2027), None),
        (AS_OF.replace(year=1850), None),
        (None, None),
    ],
)
def test_age_is_in_whole_years_on_the_day_and_unknown_when_impossible(con, settings, born, age):
    add(con, "customers", [customer("C3", birth_date=born)])
    assert features(con, settings, "C3")["age_years"] == age


def test_age_is_that_of_each_day_of_the_grid(con, settings):
    add(con, "customers", [customer("C3", birth_date=AS_OF.replace(year=1986), first_seen_at="2020-01-01")])
    day_before = AS_OF.replace(day=AS_OF.day - 1)
    query = build_features(con, [day_before, AS_OF], AS_OF, settings, {"recency_days"})
    ages = con.execute(f"select age_years from ({query}) where customer_id = 'C3' order by as_of").fetchall()
    drop_temporary(con)
    assert ages == [(39,), (40,)]


def test_price_level_is_the_share_of_cheaper_lines_of_the_category_and_half_of_equal_ones(con, settings):
    add(con, "orders", [order("C1", 5, key="a"), order("C2", 5, key="b"), order("C2", 400, key="old")])
    lines = [
        line("a", "tea", 10),
        line("b", "tea", 10),
        line("b", "tea", 40),
        line("b", "wine", 900),
        line("old", "tea", 1),
    ]
    add(con, "order_lines", lines)
    # tea: 10, 10, 40 → levels 1/3, 1/3, 5/6; wine alone 1/2.
    assert features(con, settings)["price_percentile"] == Decimal("0.3333")
    assert features(con, settings, "C2")["price_percentile"] == Decimal("0.5556")


def test_price_sensitivity_is_the_mean_of_discounts_coupons_and_low_prices(con, settings):
    add(
        con,
        "orders",
        [order("C1", 5, key="a", discount_amount=1), order("C1", 9, key="b", coupon="V1"), order("C2", 9, key="c")],
    )
    row = features(con, settings)
    assert (row["discount_order_share"], row["coupon_share"], row["price_percentile"]) == (1, Decimal("0.5"), None)
    assert row["price_sensitivity"] == Decimal("0.75")
    add(con, "order_lines", [line("a", "tea", 10), line("c", "tea", 20)])
    # Level 1/4: (1 + 0.5 + 0.75) / 3
    assert features(con, settings)["price_sensitivity"] == Decimal("0.75")
    assert features(con, settings, "C2")["price_sensitivity"] == Decimal("0.0833")


def test_eco_share_is_by_amount_of_products_that_carry_a_word(con, settings):
    add(con, "orders", [order("C1", 5, key="a"), order("C2", 5, key="b")])
    goods = [("p1", "Tea; Organic"), ("p2", "ecological"), ("p3", None), ("p4", "有机、茶")]
    add(con, "products", [{"source": "s", "product_id": code, "tags": tags} for code, tags in goods])
    amounts = (("p1", 20), ("p2", 30), ("p3", 10), ("p4", 40))
    add(con, "order_lines", [line("a", "tea", 1, amount, product) for product, amount in amounts])
    assert features(con, settings)["eco_share"] == Decimal("0.6")
    assert features(con, settings, "C2")["eco_share"] is None


def test_payment_shares_are_of_orders_that_name_a_payment(con, settings):
    payments = ("微信", "PayPal ", "cash", None)
    add(con, "orders", [order("C1", n + 1, key=str(n), payment_method=p) for n, p in enumerate(payments)])
    row = features(con, settings)
    assert (row["online_payment_share"], row["mobile_payment_share"]) == (Decimal("0.6667"), Decimal("0.3333"))


def test_service_shares_tell_requests_before_and_after_a_sale_and_enquiries_for_products(con, settings):
    kinds = ("presale", "enquiry", "aftersale", "aftersale")
    add(con, "interactions", [interaction("C1", n + 1, kind) for n, kind in enumerate(kinds)])
    add(con, "orders", [order("C1", 9, key="a", custom_request=True), order("C1", 10, key="b")])
    row = features(con, settings)
    assert (row["presale_share"], row["aftersale_share"]) == (Decimal("0.5"), Decimal("0.5"))
    # Three requests for service (one before the sale), an enquiry and two orders.
    assert (row["service_need_share"], row["custom_request_rate"]) == (Decimal("0.5"), Decimal("0.5"))
    other = features(con, settings, "C2")
    assert other["presale_share"] is other["service_need_share"] is None


def test_regularity_is_1_at_even_intervals_and_unknown_below_three_days(con, settings):
    add(con, "orders", [order("C1", 10, key="a"), order("C1", 20, key="b"), order("C2", 10, key="c")])
    assert features(con, settings)["visit_regularity"] is None
    add(
        con,
        "interactions",
        [interaction("C1", 30, "visit"), interaction("C1", 30, "call"), interaction("C2", 20, "visit")],
    )
    row = features(con, settings)
    assert (row["visit_days_window"], row["visit_regularity"]) == (3, 1)
    add(con, "interactions", [interaction("C2", 50, "visit")])
    # Gaps of 10 and 30 days: mean 20, standard deviation 10.
    assert features(con, settings, "C2")["visit_regularity"] == Decimal("0.5")


def test_use_and_contact_are_told_in_days_before_the_day(con, settings):
    add(
        con,
        "interactions",
        [interaction("C1", 91, "login"), interaction("C1", 90, "login"), interaction("C1", 7, "view")],
    )
    add(con, "orders", [order("C1", 90, key="a"), order("C1", 91, key="b")])
    row = features(con, settings)
    assert (row["days_since_interaction"], row["days_since_usage"]) == (7, 90)
    assert (row["logins_90d"], row["count_orders_90d"]) == (1, 1)
    assert features(con, settings, "C2")["days_since_usage"] is None


def test_top_category_is_that_of_the_highest_amount(con, settings):
    add(con, "orders", [order("C1", 5, key="a")])
    add(con, "order_lines", [line("a", "tea", 1, 75), line("a", "wine", 1, 25)])
    row = features(con, settings)
    assert (row["top_category"], row["top_category_share"]) == ("tea", Decimal("0.75"))
