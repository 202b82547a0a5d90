"""Schemes side by side: the classes that each shipped one means, worked out by hand, and the days on which one holds."""

from datetime import date, timedelta
from pathlib import Path
from typing import Any

import duckdb
import pytest

from orchestration.logic.segmentation.features import customer_features
from orchestration.logic.segmentation.scorecard import scorecard_points
from orchestration.logic.segmentation.tiers import customer_tiers
from orchestration.settings.insights import InsightSettings, load_insights

from .marts import AS_OF, add, customer, empty_warehouse, interaction, order


def classes(
    con: duckdb.DuckDBPyConnection, settings: InsightSettings, scheme: str, as_of: date = AS_OF
) -> dict[str, str]:
    for function in (customer_features, scorecard_points, customer_tiers):
        function(con, as_of, settings)
    query = "select customer_id, tier from insights.customer_tiers where scheme_id = ? and as_of = ?"
    return dict(con.execute(query, [scheme, as_of]).fetchall())


def trade(folder: Path, text: str) -> InsightSettings:
    (folder / "criteria.yml").write_text(text, encoding="utf-8")
    return load_insights(folder)


def bought(customer_id: str, times: int, every: int, amount: Any, last: int = 5) -> list[dict[str, Any]]:
    return [order(customer_id, last + every * n, amount, f"{customer_id}/{n}") for n in range(times)]


def warehouse(*customers: list[dict[str, Any]]) -> duckdb.DuckDBPyConnection:
    """Customers C0, C1, … with the orders given, one list each."""
    con = empty_warehouse()
    add(con, "customers", [customer(f"C{n}", first_seen_at="2024-01-01") for n in range(len(customers))])
    add(con, "orders", [row for orders in customers for row in orders])
    return con


def test_export_when_the_three_values_differ_then_the_lowest_band_decides(tmp_path):
    con = warehouse(
        bought("C0", 52, 6, 20_000),  # last month, weekly, high
        bought("C1", 12, 20, 10_000),  # monthly, middle
        bought("C2", 52, 5, 20_000, last=100),  # weekly and high, but 100 days ago: within the middle band up to 180
        bought("C3", 52, 3, 20_000, last=181),  # over half a year
        bought("C4", 3, 10, 900_000),  # rarely
        bought("C5", 52, 6, 900),  # low amount
        [],
    )
    found = classes(con, trade(tmp_path, "preset: b2b_export\n"), "rfm_value")
    assert [found[f"C{n}"] for n in range(7)] == ["high", "middle", "middle", "low", "low", "low", "low"]


def test_value_potential_when_the_amount_is_middle_and_the_frequency_high_then_potential(settings):
    # Ten customers by amount: C0 and C1 are the best fifth, C2 to C5 the middle. C0, C2 and C3 buy often.
    amounts = [900, 800, 70, 60, 500, 400, 30, 20, 10, 5]
    times = [10, 1, 9, 8, 1, 1, 1, 1, 1, 1]
    con = warehouse(
        *(bought(f"C{n}", count, 7, amount) for n, (amount, count) in enumerate(zip(amounts, times, strict=True)))
    )
    found = classes(con, settings, "value_potential")
    assert {code for code, tier in found.items() if tier == "high_value"} == {"C0"}
    assert {code for code, tier in found.items() if tier == "potential"} == {"C2", "C3"}


def test_purchase_value_when_frequent_and_large_then_high_and_a_never_buyer_is_general(settings):
    con = warehouse(
        bought("C0", 8, 7, 900), bought("C1", 8, 7, 10), *(bought(f"C{n}", 1, 7, 100 + n) for n in (2, 3)), []
    )
    found = classes(con, settings, "purchase_value")
    assert (found["C0"], found["C1"], found["C2"], found["C4"]) == ("high_value", "potential", "general", "general")


def test_interaction_life_when_the_last_contact_is_91_days_old_then_sleeping(settings):
    con = warehouse([], [], [])
    add(con, "interactions", [interaction("C0", 90), interaction("C1", 91)])
    assert classes(con, settings, "interaction_life") == {"C0": "active", "C1": "sleeping", "C2": "sleeping"}


def test_accounts_when_used_lately_within_a_year_or_not_then_active_inactive_lost(tmp_path):
    con = warehouse(
        bought("C0", 3, 20, 50), bought("C1", 3, 20, 50, last=150), bought("C2", 3, 20, 50, last=400), [], []
    )
    add(con, "interactions", [interaction("C3", 90, "login"), interaction("C4", 9, "view")])
    found = classes(con, trade(tmp_path, "preset: finance\n"), "account_usage")
    assert found == {"C0": "active", "C1": "inactive", "C2": "lost", "C3": "active", "C4": "lost"}


@pytest.mark.parametrize(
    ("keys", "holds"),
    [
        (f"effective_from: {AS_OF}", True),
        (f"effective_from: {AS_OF + timedelta(days=1)}", False),
        (f"effective_until: {AS_OF}", True),
        (f"effective_until: {AS_OF - timedelta(days=1)}", False),
    ],
)
def test_a_scheme_when_the_day_is_outside_its_dates_then_it_has_no_rows(tmp_path, keys, holds):
    settings = trade(tmp_path, f"preset: retail\nschemes:\n  purchase_value: {{{keys}}}\n")
    con = warehouse(bought("C0", 3, 20, 50))
    assert len(classes(con, settings, "purchase_value")) == holds
    assert len(classes(con, settings, "value_tier")) == 1
    points = con.execute(
        "select count(*) > 0 from insights.scorecard_points where scheme_id = 'purchase_value'"
    ).fetchone()
    assert points == (holds,)
