# ruff: noqa: E501  (the small worlds read best one fact a line)
"""Migration, allocation, funnel, forecast, drivers, advice, drift and themes, each on a case worked out by hand."""

from datetime import date, datetime, timedelta
from decimal import Decimal
from math import exp, log, sqrt
from statistics import NormalDist
from typing import Any

import duckdb
import pytest

from orchestration.logic.effects.advice import threshold_advice
from orchestration.logic.effects.allocation import tier_allocation
from orchestration.logic.effects.drift import feature_drift
from orchestration.logic.effects.drivers import conversion_drivers
from orchestration.logic.effects.forecast import class_forecast
from orchestration.logic.effects.funnel import funnel
from orchestration.logic.effects.migration import tier_migration
from orchestration.logic.effects.periods import complete_months, month_bounds, tier_history
from orchestration.logic.effects.themes import feedback_themes
from orchestration.logic.segmentation.features import customer_features
from orchestration.logic.segmentation.scorecard import scorecard_points
from orchestration.logic.segmentation.store import replace_day, values
from orchestration.logic.segmentation.tiers import customer_tiers
from orchestration.settings.criteria.effects import Drivers, Forecast

from .marts import AS_OF, add, customer, empty_warehouse, feedback, interaction, order, table
from .test_effects import Settings, with_tiers

AUGUST, SEPTEMBER = date(2026, 8, 1), date(2026, 9, 1)


def given_tiers(con: duckdb.DuckDBPyConnection, tiers: dict[str, str], points: int = 10) -> None:
    """The tiers of AS_OF in the main scheme."""
    rows = [("value_tier", customer_id, tier, points) for customer_id, tier in tiers.items()]
    relation = values("t(scheme_id, customer_id, tier, total_points)", rows)
    replace_day(con, "customer_tiers", AS_OF, f"select * from {relation}", "given")


def test_months_when_as_of_is_a_first_then_the_month_before_is_complete():
    assert list(complete_months(AS_OF, 1)) == [("2026-08", AUGUST, SEPTEMBER)]
    assert list(complete_months(SEPTEMBER, 1)) == [("2026-08", AUGUST, SEPTEMBER)]
    assert month_bounds(AS_OF, 2) == [date(2026, 7, 1), AUGUST, SEPTEMBER]


def test_history_when_orders_come_in_august_then_only_the_days_after_them_know_of_them(settings):
    con = empty_warehouse()
    add(
        con,
        "customers",
        [customer("A", first_seen_at=datetime(2026, 7, 20)), customer("B", first_seen_at=datetime(2026, 1, 1))],
    )
    add(con, "orders", [order("B", (AS_OF - date(2026, 8, 10)).days - k, 100, key=f"o{k}") for k in range(5)])
    customer_features(con, AS_OF, settings)
    tier_history(con, AS_OF, settings)
    rows = [row for row in table(con, "tier_history", "day, customer_id") if row["scheme_id"] == "value_tier"]
    found = {(row["customer_id"], row["day"]): row["tier"] for row in rows}
    days = month_bounds(AS_OF, 15)
    assert [day for who, day in found if who == "A"] == [AUGUST, SEPTEMBER]
    assert [day for who, day in found if who == "B"] == days[-8:]
    assert found["B", date(2026, 7, 1)] == "low"
    assert found["B", AUGUST] == "low"
    assert found["B", SEPTEMBER] == "high"


def test_migration_when_customers_move_come_and_buy_then_each_way_is_counted(settings):
    con = empty_warehouse()
    rows = [
        ("A", "high", AUGUST),
        ("B", "high", AUGUST),
        ("A", "high", SEPTEMBER),
        ("B", "low", SEPTEMBER),
        ("N", "low", SEPTEMBER),
    ]
    relation = values("t(customer_id, tier, day)", rows)
    replace_day(con, "tier_history", AS_OF, f"select 'value_tier' as scheme_id, * from {relation}", "given")
    add(con, "orders", [order("A", 20, 70), order("A", 14, 9), order("N", 30, 5)])  # 26 August, 1 September, 16 August
    tier_migration(con, AS_OF, settings)
    found = [row for row in table(con, "tier_migration", "from_tier, to_tier") if row["period"] == "2026-08"]
    kept = ("period", "from_tier", "to_tier", "count_customers", "share", "net_amount", "count_buyers")
    assert [tuple(row[name] for name in kept) for row in found] == [
        ("2026-08", "-", "low", 1, 1, 5, 1),
        ("2026-08", "high", "high", 1, Decimal("0.5"), 70, 1),
        ("2026-08", "high", "low", 1, Decimal("0.5"), 0, 0),
    ]


def allocated(con: duckdb.DuckDBPyConnection, settings: Any) -> dict[str, dict[str, Any]]:
    tier_allocation(con, AS_OF, settings)
    return {row["tier"]: row for row in table(con, "tier_allocation", "tier_rank")}


def test_allocation_when_campaigns_reach_two_tiers_then_spend_follows_the_interactions(settings):
    con = empty_warehouse()
    add(con, "customers", [customer(name) for name in "ABC"])
    add(con, "orders", [order("A", 10, 900), order("B", 10, 100)])
    add(con, "interactions", [
        {**interaction("A", 5, "email"), "campaign": "x"}, {**interaction("A", 6, "email"), "campaign": "x"},
        {**interaction("B", 5, "view"), "campaign": "x"}, interaction("B", 7, "call"), interaction("C", 400, "call"),
    ])  # fmt: skip
    customer_features(con, AS_OF, settings)
    given_tiers(con, {"A": "high", "B": "low", "C": "low"})
    rows = allocated(con, settings)
    assert [rows["high"][name] for name in ("count_customers", "net_amount", "count_touches", "spend")] == [
        1,
        900,
        2,
        None,
    ]
    add(
        con,
        "spend",
        [{"spend_date": AS_OF - timedelta(days=9), "campaign": "x", "amount": 60}, {"spend_date": AS_OF, "amount": 9}],
    )
    rows = allocated(con, settings)
    assert [rows[tier]["spend"] for tier in ("high", "middle", "low")] == [40, 0, 20]
    assert [rows[tier]["count_touches"] for tier in ("high", "middle", "low")] == [2, 0, 1]
    assert (rows["high"]["net_amount_per_touch"], rows["high"]["share_net_amount"]) == (450, Decimal("0.9"))
    assert (rows["high"]["count_owners"], rows["high"]["capacity"], rows["high"]["capacity_used"]) == (
        2,
        600,
        Decimal("0.0017"),
    )
    assert (rows["middle"]["count_customers"], rows["middle"]["net_amount_per_touch"]) == (0, None)


def test_funnel_when_stages_are_skipped_or_open_then_counts_narrow_and_waiting_is_censored(settings):
    con = empty_warehouse()
    add(con, "customers", [customer(name, first_seen_at=datetime(2026, 8, 1)) for name in "ABCD"])
    add(con, "interactions", [interaction("A", 40, "enquiry"), interaction("B", 30, "presale")])
    add(con, "orders", [order("B", 10), order("C", 20), order("C", 12)])
    add(con, "opportunities", [
        {"customer_id": "A", "stage": "talks", "created_at": datetime(2026, 9, 1), "amount": 10},
        {"customer_id": "B", "stage": "done", "created_at": datetime(2026, 8, 20), "closed_at": datetime(2026, 9, 1), "is_won": True},
        {"customer_id": "D", "stage": "talks", "created_at": datetime(2026, 8, 26), "closed_at": datetime(2026, 9, 15), "is_won": True},
    ])  # fmt: skip
    funnel(con, AS_OF, settings)
    rows = {(row["funnel"], row["stage"]): row for row in table(con, "funnel", "funnel, stage")}
    reached = [rows["customers", stage]["count_reached"] for stage in ("prospect", "enquiry", "customer", "repeat")]
    now = [rows["customers", stage]["count_now"] for stage in ("prospect", "enquiry", "customer", "repeat")]
    assert (reached, now) == ([4, 3, 2, 1], [1, 1, 1, 1])
    assert rows["customers", "enquiry"]["conversion_to_next"] == Decimal("0.6667")
    # Enquired to bought: C at once, B after 20 days, A waits for 40: two thirds left, then a third.
    assert rows["customers", "enquiry"]["median_days_to_next"] == 20
    assert [rows["sales", stage]["count_reached"] for stage in ("lead", "opportunity", "won")] == [3, 3, 1]
    # D's deal closes on as_of, which is not yet known.
    assert rows["opportunities", "open: talks"]["count_now"] == 2
    assert rows["opportunities", "all"]["conversion_to_next"] == 1
    assert ("opportunities", "lost") not in rows


def forecast(con: duckdb.DuckDBPyConnection, settings: Any, **more: Any) -> dict[tuple[str, ...], dict[str, Any]]:
    class_forecast(con, AS_OF, Settings(settings, forecast=Forecast(**more)))
    rows = table(con, "class_forecast", "scheme_id, class, measure, month")
    return {(row["class"], row["measure"], row["horizon"]): row for row in rows}


def monthly_orders(con: duckdb.DuckDBPyConnection, counts: dict[str, int]) -> None:
    """So many orders of 100 by A on the tenth of each month (as 2026-08)."""
    days = {month: (AS_OF - date.fromisoformat(f"{month}-10")).days for month in counts}
    add(con, "orders", [order("A", days[m], 100, key=f"{m}/{k}") for m, count in counts.items() for k in range(count)])


def test_forecast_when_the_season_repeats_then_it_is_the_value_of_a_season_ago(settings):
    con = empty_warehouse()
    # The first month is not whole. With a season of three: errors of 2 three times.
    monthly_orders(
        con, {"2026-02": 9, "2026-03": 1, "2026-04": 2, "2026-05": 6, "2026-06": 3, "2026-07": 4, "2026-08": 8}
    )
    with_tiers(con, {"A": "high"}, (AUGUST, SEPTEMBER))
    rows = forecast(con, settings, season_months=3, least_errors=3)
    values_told = [rows["all", "orders", horizon]["value"] for horizon in (1, 2, 3)]
    assert values_told == [3, 4, 8]
    first = rows["all", "orders", 1]
    assert (first["month"], first["method"], first["count_months"]) == (SEPTEMBER, "seasonal_naive", 6)
    assert first["high"] == Decimal(str(round(3 + 1.959963984540054 * 2, 4)))
    assert first["low"] == 0
    assert first["mape"] == Decimal("0.4722")  # (2/3 + 2/4 + 2/8) / 3
    assert first["mase"] == Decimal("0.7692")  # 2 against (1 + 4 + 3 + 1 + 4) / 5
    assert rows["all", "net_amount", 2]["value"] == 400


def test_forecast_when_the_history_is_short_then_the_last_month_or_nothing_is_told(settings):
    con = empty_warehouse()
    monthly_orders(con, {"2026-04": 1, "2026-05": 2, "2026-06": 4, "2026-07": 4, "2026-08": 5})
    with_tiers(con, {"A": "high"}, (AUGUST, SEPTEMBER))
    rows = forecast(con, settings)
    assert rows["all", "orders", 2]["method"] == "naive"
    assert [rows["all", "orders", horizon]["value"] for horizon in (1, 2, 3)] == [5, 5, 5]
    width = [rows["all", "orders", horizon]["high"] - 5 for horizon in (1, 2)]
    assert float(width[1] / width[0]) == pytest.approx(sqrt(2), abs=1e-4)
    assert forecast(con, settings, least_errors=5) == {}  # four whole months are too few


def test_drivers_when_a_behaviour_goes_before_orders_then_its_lift_has_katzs_interval_that_holds_with_the_others(
    settings,
):
    con = empty_warehouse()
    names = [f"C{n}" for n in range(40)]
    add(con, "customers", [customer(name, first_seen_at=datetime(2026, 1, 1)) for name in names])
    add(con, "interactions", [interaction(name, 100, "enquiry") for name in names[:20]])
    add(con, "interactions", [interaction(name, 20, "enquiry") for name in names])  # after the day of observation
    add(con, "orders", [order(name, 30) for name in [*names[:10], *names[20:25]]])
    conversion_drivers(con, AS_OF, Settings(settings, drivers=Drivers(outcome_days=90, minimum_customers=10)))
    rows = {(r["population"], r["behaviour"], r["value"]): r for r in table(con, "conversion_drivers", "behaviour")}
    row = rows["prospects", "presale_window", "any"]
    assert (row["count_with"], row["count_without"], row["converted_with"], row["converted_without"]) == (20, 20, 10, 5)
    error = sqrt(1 / 10 - 1 / 20 + 1 / 5 - 1 / 20)
    z = NormalDist().inv_cdf(1 - 0.05 / 2 / len(rows))
    assert len(rows) > 1
    assert row["lift"] == 2
    assert float(row["low"]) == pytest.approx(exp(log(2) - z * error), abs=1e-4)
    assert float(row["high"]) == pytest.approx(exp(log(2) + z * error), abs=1e-4)
    assert row["verdict"] == "no_detectable_effect"
    assert {key[0] for key in rows} == {"prospects"}


def test_drivers_when_leads_come_from_several_sources_then_the_conversion_of_each_is_told(settings):
    con = empty_warehouse()
    sources = {"A": "Baidu", "B": "广告", "C": None}
    add(con, "customers", [
        customer(f"{group}{n}", first_seen_at=datetime(2026, 1, 1), lead_source=source, first_channel="fair")
        for group, source in sources.items() for n in range(20)
    ])  # fmt: skip
    add(
        con,
        "orders",
        [order(f"{group}{n}", 30) for group, many in {"A": 10, "B": 2, "C": 6}.items() for n in range(many)],
    )
    conversion_drivers(con, AS_OF, Settings(settings, drivers=Drivers(outcome_days=90, minimum_customers=10)))
    rows = [r for r in table(con, "conversion_drivers", "value") if r["behaviour"] == "source_group"]
    assert {r["value"]: (r["count_with"], r["converted_with"], r["rate_with"]) for r in rows} == {
        "search": (20, 10, Decimal("0.5")), "ad": (20, 2, Decimal("0.1")), "fair": (20, 6, Decimal("0.3")),
    }  # fmt: skip


def test_advice_when_a_bound_cuts_nobody_off_then_it_is_told_with_a_value_that_would(settings):
    con = empty_warehouse()
    names = [f"C{n:03d}" for n in range(100)]
    add(con, "customers", [customer(name) for name in names])
    # One order each, n + 1 days ago; C000 has five interactions, the others have none.
    add(con, "orders", [order(name, place + 1, 100 + place) for place, name in enumerate(names)])
    add(con, "interactions", [interaction("C000", day, "view") for day in range(1, 6)])
    for function in (customer_features, scorecard_points, customer_tiers, threshold_advice):
        function(con, AS_OF, settings)
    main = [row for row in table(con, "threshold_advice", "criterion, point") if row["scheme_id"] == "value_tier"]
    rows = {(row["criterion"], row["kind"], row["point"]): row for row in main}
    recent = rows["purchase_behaviour", "bound", "eager"]  # below 31 days
    assert (recent["count_customers"], recent["count_if_lower"], recent["count_if_higher"]) == (30, 27, 34)
    assert (recent["share"], recent["verdict"], recent["suggested_value"]) == (Decimal("0.3"), "fine", None)
    best = rows["purchase_amount", "bound", "high"]  # the best fifth: 20 of 100, amounts of 180 and more
    assert (best["count_customers"], best["value"]) == (20, 180)
    assert (best["count_if_lower"], best["count_if_higher"]) == (18, 22)
    few = rows["interaction", "bound", "middle"]
    assert (few["count_customers"], few["verdict"]) == (1, "too_few")
    median = rows["purchase_behaviour", "quantile", "0.5"]
    assert (median["value"], median["count_customers"]) == (50, 50)
    banded = con.execute(
        "select count(*) from insights.scorecard_points where scheme_id = 'value_tier' and criterion = 'purchase_amount' "
        "and band in ('high', 'middle')"
    ).fetchone()
    assert banded == (rows["purchase_amount", "bound", "middle"]["count_customers"],)
    assert (
        rows["total_points", "bound", "middle"]["count_customers"]
        >= rows["total_points", "bound", "high"]["count_customers"]
    )


def drifted(settings: Any, later: dict[str, int]) -> dict[tuple[str, str], dict[str, Any]]:
    """Forty customers in two halves with recency 10 or 200 on 1 September 2025 and as given on AS_OF."""
    con = empty_warehouse()
    names = [f"C{n:02d}" for n in range(40)]
    add(con, "customers", [customer(name, first_seen_at=datetime(2024, 1, 1)) for name in names])
    reference = (AS_OF - date(2025, 9, 1)).days
    for place, name in enumerate(names):
        add(
            con,
            "orders",
            [order(name, reference + (10 if place % 2 else 200)), order(name, later["odd" if place % 2 else "even"])],
        )
    for function in (customer_features, customer_tiers, tier_history, feature_drift):
        function(con, AS_OF, settings)
    return {(row["subject_kind"], row["subject"]): row for row in table(con, "feature_drift", "subject")}


def test_drift_when_values_lie_as_before_then_it_is_stable_and_when_all_move_it_is_shifted(settings):
    same = drifted(settings, {"odd": 10, "even": 200})["feature", "recency_days"]
    assert (same["psi"], same["verdict"], same["reference_day"], same["count_bins"]) == (
        0,
        "stable",
        date(2025, 9, 1),
        2,
    )
    moved = drifted(settings, {"odd": 10, "even": 11})["feature", "recency_days"]
    # Halves of 20 and 20 become 40 and 0; a half is added to each: (40.5, .5) of 41 against (20.5, 20.5).
    p, q = (40.5 / 41, 0.5 / 41), (0.5, 0.5)
    assert float(moved["psi"]) == pytest.approx(sum((a - b) * log(a / b) for a, b in zip(p, q, strict=True)), abs=1e-4)
    assert moved["verdict"] == "shifted"


def test_drift_when_nobody_was_known_on_the_reference_day_then_it_says_so(settings):
    con = empty_warehouse()
    add(con, "customers", [customer("A", first_seen_at=datetime(2026, 9, 1))])
    for function in (customer_features, customer_tiers, tier_history, feature_drift):
        function(con, AS_OF, settings)
    assert {(row["psi"], row["verdict"]) for row in table(con, "feature_drift", "subject")} == {(None, "no_reference")}


def test_themes_when_a_text_has_two_words_or_none_then_it_is_counted_in_each_or_as_other(settings):
    con = empty_warehouse()
    add(con, "customers", [customer(name) for name in "AB"])
    add(con, "feedback", [
        {**feedback("A", 5, 2), "text": "SLOW delivery"}, {**feedback("A", 6, 5), "text": "物流很快"},
        {**feedback("B", 400, 3), "text": "delivery"}, {**feedback("B", 7, 3), "text": "hm"}, {**feedback("B", 8, 3), "text": " "},
        {**feedback("A", 0, 1), "text": "delivery"},
    ])  # fmt: skip
    given_tiers(con, {"A": "high", "B": "low"})
    feedback_themes(con, AS_OF, settings)
    rows = {(row["tier"], row["theme"]): row for row in table(con, "feedback_themes", "tier, theme")}
    delivery = rows["high", "delivery"]
    assert (delivery["theme_zh"], delivery["count_feedback"], delivery["share"], delivery["csat_average"]) == (
        "物流",
        2,
        1,
        Decimal("3.5"),
    )
    assert rows["high", "waiting"]["count_feedback"] == 1
    assert (rows["low", "delivery"]["count_feedback"], rows["low", "delivery"]["count_previous"]) == (0, 1)
    assert rows["low", "other"]["count_feedback"] == 1
    assert set(rows) == {("high", "delivery"), ("high", "waiting"), ("low", "delivery"), ("low", "other")}
    feedback_themes(con, AS_OF, Settings(settings, feedback_themes={}))
    assert {row["theme"] for row in table(con, "feedback_themes", "tier")} == {"other"}
