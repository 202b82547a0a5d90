"""customer_features on small hand-made cases, worked out by hand."""

from decimal import Decimal
from typing import Any

import duckdb
import pytest

from orchestration.logic.segmentation.features import customer_features
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
