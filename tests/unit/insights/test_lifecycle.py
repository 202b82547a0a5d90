"""Life-cycle states and their first day, by hand-made order days, and `since` against a replay day by day."""

from datetime import date, timedelta

import pytest

from orchestration.logic.segmentation.features import customer_features
from orchestration.logic.segmentation.lifecycle import lifecycle_states

from .marts import AS_OF, add, customer, empty_warehouse, order, table


def states(settings, orders, as_of: date = AS_OF):
    con = empty_warehouse()
    add(con, "customers", [customer(f"C{n}") for n in range(len(orders))])
    add(con, "orders", [order(f"C{n}", days) for n, history in enumerate(orders) for days in history])
    customer_features(con, as_of, settings)
    lifecycle_states(con, as_of, settings)
    return [(row["lifecycle"], row["since"]) for row in table(con, "lifecycle_states")]


@pytest.mark.parametrize(
    ("days", "state", "days_since"),
    [
        ([], "prospect", 0),
        ([30], "new", 29),
        ([31], "lapsing", 0),
        ([90], "lapsing", 59),
        ([91], "dormant", 0),
        ([365], "dormant", 274),
        ([366], "lost", 0),
        ([220, 190, 160, 130, 100, 70, 40, 10], "active", 189),
        ([500, 10], "regained", 9),
        ([520, 510, 500, 60, 30], "active", 29),
    ],
)
def test_state_and_since_follow_the_days(settings, days, state, days_since):
    assert states(settings, [days]) == [(state, AS_OF - timedelta(days_since))]


def test_a_longer_own_cycle_gives_more_time_but_nobody_beyond_a_year(settings):
    found = states(settings, [[180, 120, 60], [1100, 735, 370]])
    assert [state for state, _ in found] == ["active", "lost"]


def test_since_is_the_first_day_of_a_replay(settings):
    histories = [[75], [25], [300, 290, 280, 45], [410, 400, 20], [130, 120, 110]]
    for n, (state, since) in enumerate(states(settings, histories)):
        assert states(settings, histories, since)[n][0] == state
        assert states(settings, histories, since - timedelta(1))[n][0] != state
