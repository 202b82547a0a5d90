"""Scorecard and tiers: points, weights in force, hysteresis and minimum stay over the months, missing inputs."""

import json
from decimal import Decimal
from typing import Any

from hypothesis import given
from hypothesis import settings as examples
from hypothesis import strategies as st

from orchestration.logic.segmentation.features import customer_features
from orchestration.logic.segmentation.ranks import share_better
from orchestration.logic.segmentation.scorecard import _band_place, _scaled, scorecard_points
from orchestration.logic.segmentation.tiers import customer_tiers
from orchestration.settings.criteria import CriteriaFile

from .marts import AS_OF, add, customer, empty_warehouse, interaction, order, table


class Settings:
    """The shipped settings with other criteria."""

    criteria_version = "test"

    def __init__(self, shipped: Any, **scheme: Any):
        changed = shipped.criteria.main.model_copy(update=scheme)
        self.criteria: CriteriaFile = shipped.criteria.model_copy(update={"schemes": {"value_tier": changed}})
        self.churn, self.people = shipped.churn, shipped.people


def tiers(con, settings) -> dict[str, dict[str, Any]]:
    for function in (customer_features, scorecard_points, customer_tiers):
        function(con, AS_OF, settings)
    return {row["customer_id"]: row for row in table(con, "customer_tiers") if row["scheme_id"] == "value_tier"}


def test_points_times_weights_are_the_total_and_weights_sum_to_one(computed):
    faults = computed.execute(
        """
        select count(*) from (
            select scheme_id, customer_id, sum(points * weight) as total, sum(weight) as weights
            from insights.scorecard_points group by scheme_id, customer_id
        ) as p inner join insights.customer_tiers as t on t.customer_id = p.customer_id and t.scheme_id = p.scheme_id
        where p.total <> t.total_points or p.weights <> 1
        """
    ).fetchone()
    assert faults == (0,)


def test_every_customer_has_one_tier_and_nine_criteria(computed):
    counts = computed.execute(
        """
        select
            (select count(*) from marts.customers),
            (select count(distinct customer_id) from insights.customer_tiers where scheme_id = 'value_tier'),
            (select count(*) from insights.customer_tiers where scheme_id = 'value_tier'),
            (select count(*) from insights.scorecard_points where scheme_id = 'value_tier')
        """
    ).fetchone()
    assert counts == (400, 400, 400, 3600)


def test_a_better_value_never_gets_fewer_points(computed, settings):
    for code, criterion in settings.criteria.main.criteria.items():
        sign = 1 if criterion.direction == "higher_is_better" else -1
        rows = computed.execute(
            "select raw_value, points from insights.scorecard_points "
            "where scheme_id = 'value_tier' and criterion = ? and raw_value is not null",
            [code],
        ).fetchall()
        ranked = sorted({(value * sign, points) for value, points in rows})
        assert len(ranked) == len({value for value, _ in ranked})
        assert [points for _, points in ranked] == sorted(points for _, points in ranked)


def test_a_criterion_without_any_data_gives_its_weight_to_the_others(settings):
    con = empty_warehouse()
    add(con, "customers", [customer("C1"), customer("C2")])
    add(con, "orders", [order("C1", days) for days in (5, 15, 25)])
    found = tiers(con, settings)
    missing = json.loads(found["C1"]["missing_inputs"])
    assert missing == ["product_preference", "service_need", "personalisation", "interaction"]
    weights = con.execute(
        "select sum(weight), count(*) filter (where weight = 0) from insights.scorecard_points "
        "where scheme_id = 'value_tier'"
    ).fetchone()
    assert weights == (2, 8)
    assert (found["C1"]["tier"], found["C2"]["tier"]) == ("high", "low")


def test_no_data_at_all_gives_everybody_the_lowest_tier(settings):
    con = empty_warehouse()
    add(con, "customers", [customer("C1")])
    assert tiers(con, settings)["C1"]["tier"] == "low"
    assert tiers(empty_warehouse(), settings) == {}


@examples(max_examples=50, deadline=None)
@given(st.lists(st.tuples(st.decimals("0.01", "1", places=4), st.booleans()), min_size=1, max_size=9))
def test_weights_in_force_sum_to_exactly_one(weighted):
    weights, known = [weight for weight, _ in weighted], [is_known for _, is_known in weighted]
    scaled = _scaled(weights, known)
    assert sum(scaled) == (1 if any(known) else 0)
    assert all(weight == 0 for weight, is_known in zip(scaled, known, strict=True) if not is_known)


def frequent_until(customer_id: str, days_ago: int) -> list[dict[str, Any]]:
    return [order(customer_id, days_ago + 10 * n, key=f"{customer_id}{n}") for n in range(6)]


def test_tier_since_and_previous_tier_come_from_the_months_before(settings):
    con = empty_warehouse()
    add(con, "customers", [customer("C1", first_seen_at="2025-01-01"), customer("C2", first_seen_at="2025-01-01")])
    # AS_OF is 2026-09-15: C1 starts to buy in July, C2 all the time.
    add(con, "orders", [*frequent_until("C1", 1), *[order("C2", 1 + 10 * n) for n in range(40)]])
    found = tiers(con, Settings(settings, hysteresis_points=Decimal(0), minimum_stay_months=0))
    assert (found["C2"]["tier"], str(found["C2"]["tier_since"]), found["C2"]["previous_tier"]) == (
        "high",
        "2026-04-01",
        None,
    )
    assert found["C1"]["previous_tier"] is not None
    assert str(found["C1"]["tier_since"]) in ("2026-09-01", "2026-09-15")
    assert "变为" in found["C1"]["tier_reason_zh"]
    assert "moved from" in found["C1"]["tier_reason_en"]


def test_hysteresis_holds_a_customer_until_the_bound_is_cleared(settings):
    con = empty_warehouse()
    add(con, "customers", [customer("C1", first_seen_at="2025-01-01")])
    add(con, "orders", frequent_until("C1", 1))
    free = tiers(con, Settings(settings, hysteresis_points=Decimal(0), minimum_stay_months=0))["C1"]
    held = tiers(con, Settings(settings, hysteresis_points=Decimal(50), minimum_stay_months=0))["C1"]
    assert (free["tier"], free["held_by"]) == ("high", None)
    assert (held["tier"], held["points_tier"], held["held_by"]) == ("middle", "high", "hysteresis")
    assert "暂留" in held["tier_reason_zh"]


def test_minimum_stay_delays_a_second_move(settings):
    con = empty_warehouse()
    add(con, "customers", [customer("C1", first_seen_at="2025-01-01")])
    # By recency alone an order of 27 June lifts the customer on 1 July and lets them fall on 1 August.
    add(con, "orders", [order("C1", 80)])
    behaviour = settings.criteria.main.criteria["purchase_behaviour"].model_copy(update={"weight": Decimal(1)})
    chosen = {"criteria": {"purchase_behaviour": behaviour}, "hysteresis_points": Decimal(0)}
    free = tiers(con, Settings(settings, **chosen, minimum_stay_months=0))["C1"]
    held = tiers(con, Settings(settings, **chosen, minimum_stay_months=24))["C1"]
    assert (free["tier"], free["previous_tier"], str(free["tier_since"])) == ("middle", "high", "2026-08-01")
    assert (held["tier"], held["points_tier"], held["held_by"]) == ("high", "middle", "minimum_stay")
    assert (held["previous_tier"], str(held["tier_since"])) == ("low", "2026-07-01")


def test_equal_values_share_a_top_share_band_at_its_edges(settings):
    criterion = settings.criteria.main.criteria["purchase_amount"]
    con = empty_warehouse()
    case = _band_place(0, criterion)
    rows = con.execute(
        f"select v0, {case} from (select 1 as as_of, unnest([1, 2, 3, 4, 5, 5, 0]) as v0) order by v0"
    ).fetchall()
    # Six positive values: nobody is better than 5, two than 4 (a third), three than 3 (half), four than 2.
    assert rows == [(0, 2), (1, 2), (2, 2), (3, 1), (4, 1), (5, 0), (5, 0)]
    better, compared = share_better("v", "v > 0", "1", higher_is_better=True)
    counted = con.execute(f"select {better}, {compared} from (select unnest([3, 1, 3]) as v) order by 1").fetchall()
    assert counted == [(0, 3), (0, 3), (2, 3)]


def test_an_unknown_value_is_named_for_the_customer_alone(settings):
    con = empty_warehouse()
    add(con, "customers", [customer("C1"), customer("C2")])
    add(con, "orders", [order("C1", 5), order("C1", 25), order("C2", 9)])
    add(con, "interactions", [interaction("C1", 3), interaction("C2", 3)])
    assert "purchase_cycle" in json.loads(tiers(con, settings)["C2"]["missing_inputs"])
    assert "purchase_cycle" not in json.loads(tiers(con, settings)["C1"]["missing_inputs"])
