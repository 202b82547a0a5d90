"""RFM, ABC, life cycle and tiers are what a plain script of another shape finds on the same facts (tests/oracle.py).

STRATA_CHECKED_CUSTOMERS sets how many customers of sample data are generated for it (`make campaign-segmentation`: 20,000);
without it the home that the other tests share is checked.
"""

import os
from pathlib import Path

import pytest

from orchestration.sample import generate
from orchestration.settings import Home, load_settings
from orchestration.warehouse import connect
from tests.conftest import AS_OF, run_home
from tests.oracle import differences

CUSTOMERS = int(os.environ.get("STRATA_CHECKED_CUSTOMERS", "0"))


@pytest.fixture
def checked(request: pytest.FixtureRequest, tmp_path: Path) -> Home:
    if not CUSTOMERS:
        shared: Home = request.getfixturevalue("refreshed")
        return shared
    home = Home(tmp_path / "home")
    generate(home.ensure(), CUSTOMERS, 730, 7, AS_OF, lambda step, share: None)
    assert run_home(home) == 0
    return home


def test_classes_when_computed_by_another_script_then_no_customer_differs(checked: Home) -> None:
    with connect(checked, read_only=True) as con:
        ((count,),) = con.execute("select count(*) from marts.customers").fetchall()
        assert count > max(300, CUSTOMERS)
        assert differences(con, AS_OF, load_settings().criteria, "marts", "insights") == []


def test_places_when_counted_from_the_published_profiles_then_no_sum_differs(checked: Home) -> None:
    """Of each place that is told by name: its customers, orders and money, from the profiles and features."""
    with connect(checked, read_only=True) as con:
        told = {
            tuple(place.split(" / ")): rest
            for place, *rest in con.execute(
                "select place, count_customers, count_orders, net_amount from insights.place_sums where level <> 'all'"
            ).fetchall()
        }
        people = con.execute("""
            select country, place_region, place_city, district, count_orders_window, net_amount_window
            from marts.customers inner join insights.customer_features using (customer_id)
        """).fetchall()
    paths = [tuple((name or "").strip() or "unknown" for name in row[:4]) for row in people]
    named = {path for path in told if "other" not in path}
    assert {len(path) for path in named} == {1, 2, 3, 4}
    assert ("CN", "广东", "广州") in named
    for path in named:
        rows = [row for row, lived in zip(people, paths, strict=True) if lived[: len(path)] == path]
        assert told[path] == [len(rows), sum(row[4] for row in rows), sum(row[5] for row in rows)], path
    for depth in (1, 2, 3, 4):
        assert sum(rest[0] for path, rest in told.items() if len(path) == depth) == len(people)


def test_profiles_when_sources_tell_of_the_person_then_customers_and_tags_do(checked: Home) -> None:
    with connect(checked, read_only=True) as con:
        filled = con.execute("""
            select count(occupation), count(household), count(income_band), count(education), count(district)
            from marts.customers
        """).fetchone()
        assert filled is not None
        assert min(filled) > 0
        dimensions = con.execute("select distinct dimension from insights.customer_tags").fetchall()
        assert {("household",), ("intent",), ("need_type",)} <= set(dimensions)
