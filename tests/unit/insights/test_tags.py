"""Tags: each form of a dimension on hand-made cases, rare tags, point in time, and the shipped dimensions as a whole."""

from collections import defaultdict
from datetime import timedelta
from pathlib import Path
from typing import Any

import duckdb
import pytest

from orchestration.logic.segmentation.catalogue import FUNCTIONS, NEEDS
from orchestration.logic.segmentation.columns import TABLES
from orchestration.logic.segmentation.tags import customer_tags
from orchestration.settings.criteria import CLASS_COLUMNS, FEATURE_COLUMNS, FEATURES, PROFILE_COLUMNS, Tags
from orchestration.settings.insights import load_insights

from .marts import AS_OF, add, customer, empty_warehouse, generated, order, trait
from .marts import TABLES as MARTS

TRADES = ("retail", "ecommerce", "finance", "education", "healthcare", "b2b_export")


class Settings:
    """The shipped settings with other dimensions of tags, all of them told."""

    criteria_version = "test"

    def __init__(self, shipped: Any, minimum_cell: int = 1, rare: str = "drop", **dimensions: Any):
        described = {code: {"label": _text(code), "purpose": _text(code), **one} for code, one in dimensions.items()}
        tags = Tags.model_validate({"minimum_cell": minimum_cell, "rare": rare, "dimensions": described})
        self.criteria = shipped.criteria.model_copy(update={"tags": tags})
        self.churn, self.people = shipped.churn, shipped.people


def _text(code: str) -> dict[str, str]:
    return {"zh": f"{code}(中)", "en": code}


def _tag(code: str, **more: Any) -> dict[str, Any]:
    return {"code": code, "label": _text(code), **more}


def tags(con: duckdb.DuckDBPyConnection, settings: Any) -> dict[str, set[str]]:
    """The rules that hold by customer, from the facts of the warehouse."""
    for name in (*NEEDS["customer_tags"], "customer_tags"):
        FUNCTIONS[name](con, AS_OF, settings)
    held = defaultdict(set)
    for customer_id, rule_id in con.execute("select customer_id, rule_id from insights.customer_tags").fetchall():
        held[customer_id].add(rule_id)
    return held


AGE = {
    "feature": "age_years",
    "bands": [_tag("young", below=35), _tag("old", at_least=35)],
    "unknown": _text("age unknown"),
}
SEX = {"column": "gender", "values": [_tag("woman", one_of=["female"]), _tag("man", one_of=["male"])]}


@pytest.fixture
def con() -> duckdb.DuckDBPyConnection:
    """C1 is 34 until tomorrow, C2 turns 35 on AS_OF, C3 has no birth date."""
    con = empty_warehouse()
    birthdays = (AS_OF.replace(year=AS_OF.year - 35) + timedelta(days=1), AS_OF.replace(year=AS_OF.year - 35), None)
    people = [
        customer(f"C{n}", birth_date=day, gender=gender, city_tier=tier)
        for n, day, gender, tier in zip(
            (1, 2, 3), birthdays, ("female", " MALE ", None), ("first", "other", None), strict=True
        )
    ]
    add(con, "customers", people)
    return con


def test_tags_when_a_value_stands_on_a_bound_then_the_upper_band_has_it_and_the_missing_is_unknown(con, settings):
    held = tags(con, Settings(settings, age=AGE))
    assert held == {"C1": {"age.young"}, "C2": {"age.old"}, "C3": {"age.unknown"}}


def test_tags_when_a_text_is_in_no_list_then_it_is_other_and_without_a_name_nothing(con, settings):
    city = {"column": "city_tier", "values": [_tag("large", one_of=["First"])]}
    assert tags(con, Settings(settings, city=city)) == {"C1": {"city.large"}}
    named = {**city, "other": _text("rest"), "unknown": _text("unknown")}
    assert tags(con, Settings(settings, city=named)) == {
        "C1": {"city.large"}, "C2": {"city.other"}, "C3": {"city.unknown"},
    }  # fmt: skip


def test_tags_when_two_dimensions_are_crossed_then_each_pair_is_a_tag_with_both_names(con, settings):
    chosen = Settings(settings, age=AGE, sex=SEX, both={"cross": ["age", "sex"]})
    held = tags(con, chosen)
    assert (held["C1"], held["C2"]) == (
        {"age.young", "sex.woman", "both.young_woman"},
        {"age.old", "sex.man", "both.old_man"},
    )
    assert held["C3"] == {"age.unknown"}
    names = con.execute(
        "select dimension, tag, tag_zh, tag_en from insights.customer_tags where rule_id = 'both.old_man'"
    ).fetchone()
    assert names == ("both", "old_man", "old(中)man(中)", "old, man")


def test_tags_when_a_trait_was_stated_and_inferred_then_what_was_stated_holds(con, settings):
    told = [
        trait("C1", "value", "quality", 5, "inferred"), trait("C1", "Value", "Price", 50), trait("C1", "value", "eco", 50),
        trait("C2", "value", "quality", 5, "inferred"), trait("C3", "value", "price", 0), trait("C3", "other", "price"),
    ]  # fmt: skip
    add(con, "traits", told)
    rules = [_tag(code, all=[{"trait": ["value"], "one_of": [code]}]) for code in ("price", "quality", "eco")]
    latest = {"trait": ["value"], "values": [_tag(code, one_of=[code]) for code in ("price", "quality", "eco")]}
    held = tags(con, Settings(settings, said={"rules": rules}, last=latest))
    # C3 said it on the as-of day. Of two values told at the same moment the first by name is the last word.
    assert held == {"C1": {"said.price", "said.eco", "last.eco"}, "C2": {"said.quality", "last.quality"}}


def test_tags_when_a_trait_stands_beside_a_column_then_it_goes_first_and_the_column_tells_the_rest(con, settings):
    add(con, "traits", [trait("C1", "city", "small"), trait("C2", "city", "who knows")])
    city = {"column": "city_tier", "trait": ["city"], "values": [
        _tag("large", one_of=["First"]), _tag("little", one_of=["small", "other"]),
    ]}  # fmt: skip
    # C1 says otherwise than its profile, C2 nothing that is listed, C3 nothing at all.
    assert tags(con, Settings(settings, city=city)) == {"C1": {"city.little"}, "C2": {"city.little"}}
    named = {**city, "values": city["values"][:1], "other": _text("rest")}
    assert tags(con, Settings(settings, city=named)) == {"C1": {"city.large"}, "C2": {"city.other"}}


def test_tags_when_bands_list_words_then_text_is_banded_like_the_number_of_a_feature(con, settings):
    add(con, "traits", [
        trait("C1", "age", "Senior"), trait("C2", "age", "20"), trait("C3", "age", "secret"),
    ])  # fmt: skip
    bands = [_tag("young", below=35, one_of=["junior"]), _tag("old", at_least=35, one_of=["senior"])]
    age = {**AGE, "trait": ["age"], "bands": bands}
    # By their birth dates C1 is young, C2 old and C3 unknown.
    assert tags(con, Settings(settings, age=age)) == {"C1": {"age.old"}, "C2": {"age.young"}, "C3": {"age.unknown"}}
    of_column = {"column": "city_tier", "bands": [_tag("low", below=1, one_of=["first"]), _tag("high", at_least=1)]}
    con.execute("update marts.customers set city_tier = '2.5' where customer_id = 'C3'")
    assert tags(con, Settings(settings, city=of_column)) == {"C1": {"city.low"}, "C3": {"city.high"}}


def test_tags_when_a_trait_is_a_number_then_it_is_banded_and_text_is_unknown(con, settings):
    add(con, "traits", [trait("C1", "income", "60000"), trait("C2", "income", "much")])
    income = {"trait": ["income"], "bands": [_tag("low", below=60000), _tag("high", at_least=60000)]}
    held = tags(con, Settings(settings, income={**income, "unknown": _text("unknown")}))
    assert held == {"C1": {"income.high"}, "C2": {"income.unknown"}, "C3": {"income.unknown"}}


def test_tags_when_categories_make_enough_of_the_amount_then_the_hobby_holds(con, settings):
    def line(key: str, customer_id: str, category: str, amount: int) -> dict[str, Any]:
        return {"line_key": key + category, "order_key": key, "customer_id": customer_id, "category": category,
                "source": "s", "line_amount": amount}  # fmt: skip

    add(con, "orders", [order("C1", 5, 100, "a"), order("C2", 5, 100, "b")])
    add(
        con, "order_lines",
        [line("a", "C1", "Running", 20), line("a", "C1", "fitness", 20), line("a", "C1", "food", 60),
         line("b", "C2", "running", 39), line("b", "C2", "food", 61)],
    )  # fmt: skip
    hobby = _tag("sport", any=[{"categories": ["running", "Fitness"], "share_at_least": "0.4"}])
    loyal = _tag("sporty_woman", all=[{"categories": ["running"], "share_at_least": "0.1"}, {"tag": "sex.woman"}])
    held = tags(con, Settings(settings, sex=SEX, hobby={"rules": [hobby, loyal]}))
    assert held["C1"] >= {"hobby.sport", "hobby.sporty_woman"}
    assert not any(rule.startswith("hobby") for rule in held["C2"] | held["C3"])


def test_tags_when_bands_are_on_rank_then_equal_values_share_a_band_and_zero_is_in_the_last(settings):
    con = empty_warehouse()
    add(con, "customers", [customer(f"C{n}") for n in range(6)])
    add(con, "orders", [order(f"C{n}", 5, amount) for n, amount in enumerate((500, 500, 300, 200, 100))])
    size = {
        "feature": "net_amount_window", "scale": "top_share",
        "bands": [_tag("large", below="0.3"), _tag("small", at_least="0.3")],
    }  # fmt: skip
    held = tags(con, Settings(settings, size=size))
    # Nobody has more than 500; two of five have more than 300, which is above 0.3.
    assert [sorted(held[f"C{n}"]) for n in range(6)] == [["size.large"]] * 2 + [["size.small"]] * 4


def test_tags_when_too_few_have_one_then_it_is_not_told_or_counted_as_other(settings):
    con = empty_warehouse()
    tiers = ["first"] * 4 + ["second"] * 2 + ["third"]
    add(con, "customers", [customer(f"C{n}", city_tier=tier) for n, tier in enumerate(tiers)])
    city = {"column": "city_tier", "values": [_tag(tier, one_of=[tier]) for tier in sorted(set(tiers))]}
    rare = {"rules": [_tag("third", all=[{"column": "city_tier", "one_of": ["third"]}])]}

    def counts(**how: Any) -> list[tuple[Any, ...]]:
        tags(con, Settings(settings, city=city, rare_rule=rare, **how))
        return con.execute("select rule_id, count(*) from insights.customer_tags group by 1 order by 1").fetchall()

    assert counts() == [("city.first", 4), ("city.second", 2), ("city.third", 1), ("rare_rule.third", 1)]
    assert counts(minimum_cell=3) == [("city.first", 4)]
    assert counts(minimum_cell=3, rare="other") == [("city.first", 4), ("city.other", 3)]
    assert counts(minimum_cell=4, rare="other") == [("city.first", 4)]


def test_tags_when_there_are_no_dimensions_then_nobody_has_one(con, settings):
    assert tags(con, Settings(settings)) == {}


@pytest.mark.parametrize("trade", TRADES)
def test_every_preset_when_it_classifies_then_exclusive_classes_are_complete(trade, tmp_path: Path):
    (tmp_path / "criteria.yml").write_text(
        f"preset: {trade}\ntags: {{minimum_cell: 1, rare: drop}}\n", encoding="utf-8"
    )
    settings = load_insights(tmp_path)
    con = generated(400, 4_000, 8_000)
    for name in (
        "customer_features",
        "rfm_scores",
        "abc_classes",
        "lifecycle_states",
        "customer_tiers",
        "customer_tags",
    ):
        FUNCTIONS[name](con, AS_OF, settings)
    schemes = con.execute(
        "select scheme_id, count(*), count(distinct customer_id), count(tier) "
        "from insights.customer_tiers group by 1 order by 1"
    ).fetchall()
    assert schemes == [(code, 400, 400, 400) for code in sorted(settings.criteria.schemes)]
    assert len(schemes) >= 2
    told = con.execute(
        "select dimension, count(*), count(distinct customer_id) from insights.customer_tags group by 1 order by 1"
    ).fetchall()
    dimensions = settings.criteria.tags.dimensions
    assert len(told) > 15
    for dimension, rows, customers in told:
        if dimensions[dimension].is_exclusive:
            assert rows == customers, dimension
        if dimensions[dimension].unknown and (dimensions[dimension].other or dimensions[dimension].bands):
            assert customers == 400, dimension


def test_tags_when_facts_are_shuffled_and_threads_added_then_rows_are_the_same(settings):
    rows = []
    for shuffled in (False, True):
        con = generated(300, 3_000, 3_000)
        if shuffled:
            con.execute("set threads = 4")
            for name in MARTS:
                con.execute(f"create or replace table marts.{name} as select * from marts.{name} as t order by hash(t)")
        tags(con, settings)
        rows.append(con.execute("select * from insights.customer_tags order by all").fetchall())
    assert rows[0] == rows[1]
    assert len(rows[0]) > 3_000


def test_tags_when_traits_are_told_on_or_after_the_day_then_nothing_changes(settings):
    con = generated(300, 3_000, 3_000)
    tags(con, settings)
    before = con.execute("select * from insights.customer_tags order by all").fetchall()
    con.execute(
        f"insert into marts.traits select 'new' || customer_id, customer_id, 'interest', 'reading', 'stated', "
        f"timestamp '{AS_OF}' - interval 8 hour from marts.customers"
    )
    customer_tags(con, AS_OF, settings)
    assert con.execute("select * from insights.customer_tags order by all").fetchall() == before


def test_the_columns_that_rules_may_name_are_there():
    assert set(FEATURES) | set(FEATURE_COLUMNS) <= set(TABLES["customer_features"].column_names)
    assert set(PROFILE_COLUMNS) <= {column.split()[0] for column in MARTS["customers"].split(", ")}
    assert set(CLASS_COLUMNS) == {"lifecycle", "rfm_segment", "abc_class"}
