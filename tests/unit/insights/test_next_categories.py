"""Categories to come: chances worked out by hand, the contest with what is bought most, who refused, and no leak."""

from datetime import datetime
from decimal import Decimal
from typing import Any

import pytest

from orchestration.logic.next_categories import next_categories
from orchestration.settings.criteria.next_categories import NextCategories
from orchestration.settings.insights import InsightFiles

from .marts import AS_OF, add, customer, empty_warehouse, generated, order, table

PLAIN = {"smoothing": 0, "minimum_support": 1, "minimum_tested": 1, "per_customer": 1}


def changed(settings: Any, **more: Any) -> InsightFiles:
    chosen = NextCategories.model_validate(PLAIN | more)
    criteria = settings.criteria.model_copy(update={"next_categories": chosen})
    return InsightFiles(criteria, settings.churn, settings.people, "test")


def bought(con: Any, customer_id: str, days_ago: int, *categories: str, **more: Any) -> None:
    key = f"{customer_id}/{days_ago}"
    add(con, "orders", [order(customer_id, days_ago, key=key, **more)])
    lines = [
        {
            "line_key": f"{key}/{place}",
            "order_key": key,
            "customer_id": customer_id,
            "category": category,
            "source": "shop",
        }
        for place, category in enumerate(categories)
    ]
    add(con, "order_lines", lines)


@pytest.fixture
def shop():
    """Before the last 90 days tea was followed by cups three times of four; N bought tea and then, in them, cups. Books are
    bought most. P has just bought tea."""
    con = empty_warehouse()
    for name in ("T1", "T2", "T3", "T4"):
        bought(con, name, 300, "tea")
        bought(con, name, 290, "books" if name == "T4" else "cups")
    for place in range(6):
        bought(con, f"B{place}", 300, "books")
    bought(con, "N", 200, "tea")
    bought(con, "N", 10, "cups")
    bought(con, "P", 5, "tea")
    add(con, "customers", [customer("P"), customer("never")])
    return con


def made(con: Any, settings: Any, **more: Any) -> dict[tuple[str, int], dict[str, Any]]:
    next_categories(con, AS_OF, changed(settings, **more))
    return {(row["customer_id"], row["rank"]): row for row in table(con, "next_categories", 'customer_id, "rank"')}


def test_next_when_worked_out_by_hand_then_chance_lift_reason_and_hit_rates(shop, settings):
    row = made(shop, settings)["P", 1]
    # Of 17 order days 4 held cups; of 5 after tea 4.
    assert (row["category"], row["probability"], row["lift"]) == ("cups", Decimal("0.8"), Decimal("3.4"))
    assert row["reason_en"] == "after tea, 4 of 5 next orders held cups"
    assert row["reason_zh"] == "上次购买tea者,5 次中有 4 次接着购买cups"
    assert (row["last_categories"], row["method"]) == ("tea", "transitions")
    # N was foretold cups from tea by what followed tea before, and books by what was bought most.
    assert (row["hit_rate_transitions"], row["hit_rate_popular"], row["count_tested"]) == (1, 0, 1)


def test_next_when_smoothed_then_the_chance_moves_towards_what_is_bought_at_all(shop, settings):
    row = made(shop, settings, smoothing=5)["P", 1]
    assert row["probability"] == Decimal("0.5176")  # (4 + 5 * 4 / 17) / (5 + 5)


def test_next_when_support_is_too_small_or_too_few_are_tested_then_what_is_bought_most_is_told(shop, settings):
    for more in ({"minimum_support": 6}, {"minimum_tested": 2}):
        row = made(shop, settings, **more)["P", 1]
        assert (row["category"], row["method"], row["reason_en"]) == ("books", "popular", "among what is bought most")
        assert (row["probability"], row["lift"]) == (Decimal("0.4118"), 1)  # 7 of 17


def test_next_when_a_basket_holds_several_categories_then_the_chance_is_their_mean(shop, settings):
    bought(shop, "P", 4, "tea", "books")
    row = made(shop, settings)["P", 1]
    # Six orders followed tea now: P's own with tea and books as well; books were followed by none.
    assert (row["category"], row["last_categories"]) == ("cups", "books | tea")
    assert row["probability"] == Decimal("0.4444")  # (4 / 6 + 4 / 18, for want of any after books) / 2


def test_next_when_orders_do_not_count_or_are_old_then_there_is_no_row(shop, settings):
    bought(shop, "X", 3, "tea", is_counted=False)
    bought(shop, "Y", 731, "tea")
    told = {customer_id for customer_id, _ in made(shop, settings)}
    assert "P" in told
    assert told.isdisjoint({"X", "Y", "never"})


def test_next_when_profiling_was_refused_then_nothing_is_told_of_the_customer(shop, settings):
    refusal = {"customer_id": "P", "source": "shop", "purpose": "profiling", "state": "withdrawn"}
    add(shop, "consents", [{**refusal, "given_at": datetime(2026, 9, 14, 16)}])  # on as_of, in Shanghai
    assert ("P", 1) in made(shop, settings)
    add(shop, "consents", [{**refusal, "given_at": datetime(2026, 9, 14, 15, 59)}])
    assert ("P", 1) not in made(shop, settings)


def test_next_when_more_are_asked_for_then_at_most_so_many_by_falling_chance(settings):
    con = generated(300, 3_000, 0)
    rows = made(con, settings, per_customer=3, smoothing=20, minimum_support=20)
    by_customer: dict[str, list[Any]] = {}
    for (customer_id, _), row in rows.items():
        by_customer.setdefault(customer_id, []).append(row)
    assert len(by_customer) > 200
    for found in by_customer.values():
        assert [row["rank"] for row in found] == [1, 2, 3]
        assert [row["probability"] for row in found] == sorted((row["probability"] for row in found), reverse=True)
        assert len({row["category"] for row in found}) == 3
    # Categories are drawn at random there: knowing the last order is worth nothing.
    row = next(iter(rows.values()))
    assert abs(row["hit_rate_transitions"] - row["hit_rate_popular"]) < Decimal("0.1")


def test_next_when_categories_are_many_then_only_those_bought_most_are_told(settings):
    """2,000 orders of ten of 400 categories each; every basket is another one."""
    con = empty_warehouse()
    con.execute("insert into marts.customers by name select 'C' || i as customer_id from range(40) as t(i)")
    con.execute(
        "insert into marts.orders by name select 'o' || i as order_key, 'C' || i % 40 as customer_id, true as is_counted,"
        " ? - cast(1 + i // 40 as integer) as order_date from range(2000) as t(i)",
        [AS_OF],
    )
    con.execute(
        "insert into marts.order_lines by name select 'o' || i as order_key, 'shop' as source,"
        " 'k' || (i * 37 + j * j * 11) % if(j < 3, 5, 400) as category from range(2000) as t(i), range(10) as u(j)"
    )
    rows = made(con, settings, candidates=5, per_customer=3, test_days=20)
    sold = "select category from marts.order_lines group by 1 order by count(distinct order_key) desc, 1 limit 5"
    assert len(rows) == 40 * 3
    assert {row["category"] for row in rows.values()} <= {row[0] for row in con.execute(sold).fetchall()}


def test_next_when_facts_follow_or_rows_are_shuffled_then_nothing_changes(settings):
    before, con = made(generated(300, 3_000, 0), settings), generated(300, 3_000, 0)
    bought(con, "C7", 0, "category 1")
    bought(con, "C8", -5, "category 2")
    con.execute("set threads = 4")
    for name in ("orders", "order_lines", "products"):
        con.execute(f"create or replace table marts.{name} as select * from marts.{name} as t order by hash(t)")
    assert made(con, settings) == before
