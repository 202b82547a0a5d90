"""Spells of tags: when they begin and end, what goes on from the day before, and what is told no more."""

from datetime import date
from typing import Any

import pytest

from orchestration.logic.segmentation.store import replace_day, values
from orchestration.logic.segmentation.tag_spells import customer_tag_spells, spell_statement_query

from .marts import add, customer, empty_warehouse, table

FIRST, SECOND, THIRD, FOURTH = (date(2026, 9, day) for day in (10, 11, 13, 15))


@pytest.fixture
def con():
    con = empty_warehouse()
    add(con, "customers", [customer(name) for name in "AB"])
    return con


def published(con: Any, settings: Any, day: date, *held: tuple[str, str]) -> list[tuple[Any, ...]]:
    """The spells of a day on which these customers have these tags of a dimension, by what was kept of the day before."""
    rows = [(name, "habit", tag, f"habit.{tag}", tag, tag) for name, tag in held] or [(None,) * 6]
    relation = values("t(customer_id, dimension, tag, rule_id, tag_zh, tag_en)", rows)
    replace_day(con, "customer_tags", day, f"select * from {relation} where customer_id is not null", "given")
    customer_tag_spells(con, day, settings)
    return [(row["customer_id"], row["tag"], row["valid_from"], row["valid_to"])
            for row in table(con, "customer_tag_spells", "customer_id, rule_id, valid_from")]  # fmt: skip


def keep(con: Any, day: date) -> None:
    con.execute("delete from control.tag_statement")
    con.execute(f"insert into control.tag_statement by name {spell_statement_query(day)}")


def test_spells_when_tags_come_and_go_then_each_has_its_days(con, settings):
    assert published(con, settings, FIRST, ("A", "often"), ("B", "rare")) == [
        ("A", "often", FIRST, None), ("B", "rare", FIRST, None),
    ]  # fmt: skip
    keep(con, FIRST)
    assert published(con, settings, SECOND, ("A", "often"), ("A", "large")) == [
        ("A", "large", SECOND, None), ("A", "often", FIRST, None), ("B", "rare", FIRST, SECOND),
    ]  # fmt: skip
    keep(con, SECOND)
    third = published(con, settings, THIRD, ("B", "rare"))
    assert third == [
        ("A", "large", SECOND, THIRD), ("A", "often", FIRST, THIRD), ("B", "rare", FIRST, SECOND), ("B", "rare", THIRD, None),
    ]  # fmt: skip
    assert published(con, settings, THIRD, ("B", "rare")) == third  # the day once more


def test_spells_when_a_customer_was_merged_away_then_there_are_none(con, settings):
    published(con, settings, FIRST, ("A", "often"), ("B", "rare"))
    keep(con, FIRST)
    con.execute("delete from marts.customers where customer_id = 'B'")
    assert published(con, settings, SECOND, ("A", "often")) == [("A", "often", FIRST, None)]


def test_spells_when_they_ended_long_ago_then_they_are_told_no_more(con, settings):
    published(con, settings, FIRST, ("A", "often"))
    keep(con, FIRST)
    published(con, settings, SECOND)
    keep(con, SECOND)
    for days, left in ((4, 1), (3, 0)):
        history = settings.criteria.history.model_copy(update={"tag_days": days})
        chosen = type(settings)(
            settings.criteria.model_copy(update={"history": history}), settings.churn, settings.people, "test"
        )
        assert len(published(con, chosen, FOURTH)) == left
