"""RFM and ABC on given features: properties over any values, and the mistakes of published samples by name."""

from decimal import Decimal
from typing import Any

from hypothesis import HealthCheck, given
from hypothesis import settings as examples
from hypothesis import strategies as st

from orchestration.logic.segmentation.abc import abc_classes
from orchestration.logic.segmentation.rfm import rfm_scores

from .marts import AS_OF, given_features, table

quick = examples(max_examples=15, deadline=None, suppress_health_check=list(HealthCheck))
# Small ranges make ties common. A customer: days since the last order (none: never bought), orders, net amount.
known = st.lists(
    st.tuples(st.one_of(st.none(), st.integers(1, 12)), st.integers(0, 6), st.integers(-3, 30)), min_size=1, max_size=30
)


def classes(values: list[tuple[Any, int, int]], settings: Any, scale: int = 1) -> list[dict[str, Any]]:
    rows = [(f"C{n:02}", days, orders if days else 0, money * scale) for n, (days, orders, money) in enumerate(values)]
    con = given_features(rows)
    rfm_scores(con, AS_OF, settings)
    abc_classes(con, AS_OF, settings)
    return [rfm | abc for rfm, abc in zip(table(con, "rfm_scores"), table(con, "abc_classes"), strict=True)]


@quick
@given(known)
def test_equal_values_share_a_band_and_a_better_value_never_gets_a_worse_one(settings, values):
    buyers = [row for row in classes(values, settings) if row["recency_days"] is not None]
    for value, score, sign in (
        ("recency_days", "r_score", -1),
        ("frequency", "f_score", 1),
        ("monetary", "m_score", 1),
    ):
        ranked = sorted({(row[value] * sign, row[score]) for row in buyers})
        assert len(ranked) == len({place for place, _ in ranked})
        assert [band for _, band in ranked] == sorted(band for _, band in ranked)
        assert all(1 <= band <= 5 for _, band in ranked)


@quick
@given(known)
def test_scores_are_the_rounded_up_cumulative_distribution(settings, values):
    buyers = [row for row in classes(values, settings) if row["recency_days"] is not None]
    for value, score, sign in (
        ("recency_days", "r_score", -1),
        ("frequency", "f_score", 1),
        ("monetary", "m_score", 1),
    ):
        # Who has nothing in the window is not compared: the others' bands do not hang on how many there are.
        compared = [row[value] * sign for row in buyers if value == "recency_days" or row[value] > 0]
        for row in buyers:
            at_or_below = sum(other <= row[value] * sign for other in compared)
            assert row[score] == max(1, -(-5 * at_or_below // max(len(compared), 1)))


@quick
@given(known)
def test_every_customer_has_exactly_one_segment_and_one_class(settings, values):
    rows = classes(values, settings)
    assert [row["customer_id"] for row in rows] == [f"C{n:02}" for n in range(len(values))]
    codes = {segment.code for segment in settings.criteria.segments}
    for row in rows:
        assert (row["rfm_segment"] == "prospect") == (row["recency_days"] is None) == (row["r_score"] is None)
        assert row["rfm_segment"] in codes | {"prospect"}
        assert row["rfm_segment_zh"]
        assert row["rfm_segment_en"]
        assert row["abc_class"] in {"A", "B", "C"}


@quick
@given(known)
def test_abc_shares_reach_their_bounds_with_the_fewest_customers(settings, values):
    rows = classes(values, settings)
    money: dict[str, list[Decimal]] = {
        name: [max(row["net_amount"], Decimal(0)) for row in rows if row["abc_class"] == name] for name in "ABC"
    }
    total = sum(map(sum, money.values()))
    assert all(row["abc_class"] == "C" for row in rows if row["net_amount"] <= 0)
    assert not set(money["A"]) & set(money["B"])
    assert not set(money["B"]) & set(money["C"])
    if total:
        least = min(money["A"])
        assert sum(money["A"]) >= total * Decimal("0.80") > sum(money["A"]) - least * money["A"].count(least)
        assert sum(money["A"]) + sum(money["B"]) >= total * Decimal("0.95")


@quick
@given(known, st.integers(2, 1000))
def test_scaled_money_changes_no_class(settings, values, scale):
    chosen = ("r_score", "f_score", "m_score", "rfm_segment", "abc_class", "cumulative_share")
    plain, scaled = classes(values, settings), classes(values, settings, scale)
    assert [[row[name] for name in chosen] for row in plain] == [[row[name] for name in chosen] for row in scaled]


def test_recency_is_never_the_wrong_way_round(settings):
    rows = classes([(days, 1, 50) for days in range(10, 110, 10)], settings)
    assert [row["r_score"] for row in rows] == [5, 5, 4, 4, 3, 3, 2, 2, 1, 1]


def test_ties_are_not_split_as_ntile_splits_them(settings):
    rows = classes([(30, 2, 50)] * 7, settings)
    assert {(row["r_score"], row["f_score"], row["m_score"]) for row in rows} == {(5, 5, 5)}


def test_buyers_with_nothing_in_the_window_score_lowest(settings):
    rows = classes([(400, 0, 0)] * 9 + [(5, 3, 90)], settings)
    assert {(row["f_score"], row["m_score"]) for row in rows[:9]} == {(1, 1)}


def test_abc_gives_the_customer_that_crosses_a_bound_the_better_class(settings):
    rows = classes([(9, 1, 60), (9, 1, 30), (9, 1, 6), (9, 1, 4), (9, 1, -5)], settings)
    assert [row["abc_class"] for row in rows] == ["A", "A", "B", "C", "C"]
    assert [row["cumulative_share"] for row in rows[:3]] == [Decimal("0.6"), Decimal("0.9"), Decimal("0.96")]


def test_fixed_thresholds_are_the_alternative_to_quantiles(settings):
    rfm = settings.criteria.rfm.model_copy(update={"method": "threshold"})
    criteria = settings.criteria.model_copy(update={"rfm": rfm})

    class Fixed:
        criteria_version = "fixed"

    Fixed.criteria = criteria
    rows = classes([(30, 12, 10000), (31, 11, 9999), (366, 1, 499)], Fixed)
    assert [(row["r_score"], row["f_score"], row["m_score"]) for row in rows] == [(5, 5, 5), (4, 4, 4), (1, 1, 1)]
