"""Sums by level of place: children add up to their parents, unknown and rare places included; worked out by hand."""

from collections import defaultdict

import duckdb
import pytest

from orchestration.logic.segmentation.features import customer_features
from orchestration.logic.segmentation.places import place_sums

from .marts import AS_OF, add, customer, empty_warehouse, order, table

LEVELS = ("all", "country", "region", "city", "district")
SUMS = ("count_customers", "count_buyers", "count_orders", "net_amount")


class Settings:
    """The shipped settings with another smallest cell."""

    def __init__(self, shipped, minimum_cell):
        tags = shipped.criteria.tags.model_copy(update={"minimum_cell": minimum_cell})
        self.criteria = shipped.criteria.model_copy(update={"tags": tags})
        self.churn, self.people, self.criteria_version = shipped.churn, shipped.people, "test"


def living(*counts):
    """Customers of places: (how many, country, region, city, district), numbered through."""
    places = [place for n, *place in counts for _ in range(n)]
    names = ("country", "place_region", "place_city", "district")
    return [customer(f"C{n:03}", **dict(zip(names, place, strict=True))) for n, place in enumerate(places)]


def sums(con: duckdb.DuckDBPyConnection, settings, minimum_cell: int) -> dict[str, tuple]:
    chosen = Settings(settings, minimum_cell)
    customer_features(con, AS_OF, chosen)
    place_sums(con, AS_OF, chosen)
    return {row["place"]: tuple(row[name] for name in SUMS) for row in table(con, "place_sums", "level, place")}


def assert_rolls_up(con: duckdb.DuckDBPyConnection) -> None:
    rows = table(con, "place_sums", "level, place")
    by_place = {row["place"]: row for row in rows}
    assert len(by_place) == len(rows)
    children, levels = defaultdict(list), defaultdict(list)
    for row in rows:
        levels[row["level"]].append(row)
        if row["parent"] is not None:
            children[row["parent"]].append(row)
            assert LEVELS.index(by_place[row["parent"]]["level"]) + 1 == LEVELS.index(row["level"])
    assert set(levels) == set(LEVELS)
    assert set(children) == {row["place"] for row in rows if row["level"] != "district"}
    (whole,) = levels["all"]
    for name in SUMS:
        assert [
            place for place, listed in children.items() if by_place[place][name] != sum(r[name] for r in listed)
        ] == []
        assert [level for level, listed in levels.items() if sum(row[name] for row in listed) != whole[name]] == []


def test_places_when_everyone_may_be_told_then_children_with_the_unknown_one_add_up(settings):
    con = empty_warehouse()
    add(con, "customers", living(
        (2, "CN", "广东", "广州", "天河区"), (1, "CN", "广东", "广州", None), (1, "CN", "广东", None, None),
        (1, "CN", None, None, None), (1, "DE", "Berlin", "Berlin", " "), (1, None, None, None, None),
    ))  # fmt: skip
    # C000 buys twice, C002 once and once before the window, C004 a day too late.
    add(con, "orders", [
        order("C000", 5, 100), order("C000", 9, 50), order("C002", 7, 20), order("C002", 400, 999), order("C004", 0, 999),
    ])  # fmt: skip
    found = sums(con, settings, 1)
    assert found == {
        "all": (7, 2, 3, 170),
        "CN": (5, 2, 3, 170), "DE": (1, 0, 0, 0), "unknown": (1, 0, 0, 0),
        "CN / 广东": (4, 2, 3, 170), "CN / unknown": (1, 0, 0, 0),
        "CN / 广东 / 广州": (3, 2, 3, 170), "CN / 广东 / unknown": (1, 0, 0, 0),
        "CN / 广东 / 广州 / 天河区": (2, 1, 2, 150), "CN / 广东 / 广州 / unknown": (1, 1, 1, 20),
        "CN / 广东 / unknown / unknown": (1, 0, 0, 0),
        "CN / unknown / unknown": (1, 0, 0, 0), "CN / unknown / unknown / unknown": (1, 0, 0, 0),
        "DE / Berlin": (1, 0, 0, 0), "DE / Berlin / Berlin": (1, 0, 0, 0), "DE / Berlin / Berlin / unknown": (1, 0, 0, 0),
        "unknown / unknown": (1, 0, 0, 0), "unknown / unknown / unknown": (1, 0, 0, 0),
        "unknown / unknown / unknown / unknown": (1, 0, 0, 0),
    }  # fmt: skip
    assert_rolls_up(con)


def test_places_when_too_few_live_there_then_they_are_together_and_tell_of_no_single_person(settings):
    con = empty_warehouse()
    add(con, "customers", living(
        (9, "CN", "广东", "广州", "天河区"), (6, "CN", "广东", "深圳", None), (1, "CN", "广东", "佛山", None),
        (4, "CN", "山西", "大同", None), (4, "DE", "Berlin", "Berlin", None), (1, None, None, None, None),
    ))  # fmt: skip
    found = {place: row[0] for place, row in sums(con, settings, 5).items()}
    # 4 of DE and 1 of unknown are 5: enough together. 4 of 山西 alone would be told by the difference, as would 1 of 佛山:
    # each goes with the next smallest, here all there is, and 深圳.
    assert found == {
        "all": 25, "CN": 20, "other": 5,
        "CN / other": 20, "other / other": 5,
        "CN / other / other": 20, "other / other / other": 5,
        "CN / other / other / other": 20, "other / other / other / other": 5,
    }  # fmt: skip
    con.execute("update marts.customers set place_region = '广东', place_city = '佛山' where place_region = '山西'")
    con.execute("delete from marts.customers where customer_id = 'C019'")
    found = {place: row[0] for place, row in sums(con, settings, 5).items() if place.startswith("CN")}
    assert found == {
        "CN": 19, "CN / 广东": 19,
        "CN / 广东 / 广州": 9, "CN / 广东 / other": 10,
        "CN / 广东 / 广州 / 天河区": 9, "CN / 广东 / other / other": 10,
    }  # fmt: skip
    assert_rolls_up(con)


def test_places_when_a_name_holds_what_stands_between_names_then_paths_stay_apart(settings):
    con = empty_warehouse()
    add(
        con,
        "customers",
        living((1, "US", "A / B", "C", "D"), (1, "US", "A", "B / C", "D"), (1, "US", "other", "C", "D")),
    )
    sums(con, settings, 1)
    assert_rolls_up(con)


def test_places_when_there_are_fewer_customers_than_a_cell_then_only_the_whole_is_told(settings):
    con = empty_warehouse()
    add(con, "customers", living((3, "CN", "广东", "广州", None)))
    found = sums(con, settings, 10)
    assert {place.split(" / ")[-1] for place in found} == {"all", "other"}
    assert_rolls_up(con)


@pytest.mark.parametrize("minimum_cell", [1, 10, 60])
def test_places_when_rows_are_shuffled_then_sums_are_the_same_and_none_is_too_small(settings, minimum_cell):
    con = empty_warehouse()
    con.execute("""
        insert into marts.customers (customer_id, country, place_region, place_city, district)
        select 'C' || i, ['CN', 'DE', 'US', null][1 + draw(i, 1, 40) // 13], ['a', 'b', null][1 + draw(i, 2, 30) // 13],
            ['x', 'y', 'z', null][1 + draw(i, 3, 30) // 9], ['p', 'q', null][1 + draw(i, 4, 3)]
        from range(900) as t(i)
    """)
    con.execute("""
        insert into marts.orders
            (order_key, customer_id, order_date, ordered_at, is_counted, counts_money, gross_amount, net_amount)
        select 'o' || i, 'C' || draw(i, 5, 900), date '2026-01-01' + i::integer % 200, timestamp '2026-01-01', true, true,
            i, i
        from range(500) as t(i)
    """)
    once = sums(con, settings, minimum_cell)
    assert_rolls_up(con)
    assert min(row[0] for row in once.values()) >= minimum_cell
    assert once["all"][0] == 900
    con.execute("create or replace table marts.customers as from marts.customers order by hash(customer_id)")
    assert sums(con, settings, minimum_cell) == once
