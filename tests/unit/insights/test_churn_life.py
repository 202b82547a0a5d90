"""The life of a churn warning, day by day: each day is told what the day before published."""

import json
from dataclasses import replace
from datetime import date, datetime, timedelta
from decimal import Decimal

import pytest

from orchestration.logic.churn.life import STATES, warning_statement_query
from orchestration.logic.segmentation.catalogue import FUNCTIONS, NEEDS

from .marts import AS_OF, add, customer, empty_warehouse, generated, interaction, order, table

CYCLE = 20
# Ten orders every 20 days, the last one 45 days ago: overdue at 40 days, so due since AS_OF - 4.
REGULAR = [order("C1", days) for days in range(45, 245, CYCLE)]
DUE = AS_OF - timedelta(5)


def needed(*names: str) -> list[str]:
    """Those tables and all that they read, in the order in which they must run."""
    wanted, waiting = set(), list(names)
    while waiting:
        wanted.add(name := waiting.pop())
        waiting += [before for before in NEEDS[name] if before not in wanted]
    return [name for name in FUNCTIONS if name in wanted]


def tell(con, settings, day: date, *tables: str) -> dict[str, dict]:
    """Computes the warnings of a day, keeps them for the next, and returns them by customer."""
    for name in needed("churn_warnings", *tables):
        FUNCTIONS[name](con, day, settings)
    con.execute("delete from control.warning_statement")
    con.execute(f"insert into control.warning_statement by name {warning_statement_query(day)}")
    columns = con.execute("select * from insights.churn_warnings where as_of = ?", [day])
    names = [column[0] for column in columns.description]
    return {row[names.index("customer_id")]: dict(zip(names, row, strict=True)) for row in columns.fetchall()}


def result(con, warning_id: str, what: str, day: date) -> None:
    con.execute(
        "insert into control.warning_results values (?, ?, ?, 'somebody', ?)",
        [warning_id, what, day, datetime(2026, 9, 1)],
    )


@pytest.fixture
def con():
    con = empty_warehouse()
    add(con, "customers", [customer("C1"), customer("C2"), customer("C3")])
    add(con, "orders", [*REGULAR, *(order("C2", days) for days in range(5, 205, CYCLE))])
    return con


def test_a_warning_is_new_then_open_and_an_order_saves_it(con, settings):
    first = tell(con, settings, DUE)["C1"]
    assert (first["state"], first["first_warned_on"]) == ("new", DUE)
    assert tell(con, settings, DUE + timedelta(1))["C1"]["state"] == "open"
    add(con, "orders", [order("C1", 2)])  # known from AS_OF - 1 on
    saved = tell(con, settings, AS_OF)["C1"]
    assert (saved["state"], saved["closed_on"]) == ("saved", AS_OF - timedelta(2))
    assert saved["warning_id"] == first["warning_id"]
    assert saved["priority_rank"] is None
    shown = timedelta(settings.churn.life.shown_days)
    assert "C1" in tell(con, settings, AS_OF - timedelta(2) + shown - timedelta(1))
    assert tell(con, settings, AS_OF - timedelta(2) + shown).get("C1", {}).get("warning_id") != first["warning_id"]


def test_our_call_makes_it_contacted_and_the_customers_own_does_not(con, settings):
    tell(con, settings, DUE)
    add(con, "interactions", [interaction("C1", 4, "call", direction="in")])
    assert tell(con, settings, AS_OF - timedelta(3))["C1"]["state"] == "open"
    add(con, "interactions", [interaction("C1", 3, "call", direction="out")])
    contacted = tell(con, settings, AS_OF - timedelta(2))["C1"]
    assert (contacted["state"], contacted["contacted_on"]) == ("contacted", AS_OF - timedelta(3))
    assert not contacted["within_capacity"]


def test_after_a_contact_nobody_is_warned_about_until_the_rest_is_over(con, settings):
    add(con, "interactions", [interaction("C1", 8, "call")])
    rest = timedelta(settings.churn.life.rest_days)
    over = AS_OF - timedelta(8) + rest
    assert "C1" not in tell(con, settings, DUE)
    assert "C1" not in tell(con, settings, over - timedelta(1))
    warned = tell(con, settings, over)["C1"]
    assert (warned["state"], warned["first_warned_on"]) == ("new", over)


def test_a_first_run_late_in_the_rest_dates_the_warning_as_daily_runs_would(con, settings):
    add(con, "interactions", [interaction("C1", 8, "call"), interaction("C1", 1, "call")])
    over = AS_OF - timedelta(1) + timedelta(settings.churn.life.rest_days)
    assert tell(con, settings, over + timedelta(3))["C1"]["first_warned_on"] == over


def test_without_an_order_it_is_lost_and_stays_lost_until_one_comes(con, settings):
    first = tell(con, settings, DUE)["C1"]
    lost_on = DUE + timedelta(settings.churn.life.lost_after_days)
    assert tell(con, settings, lost_on - timedelta(1))["C1"]["state"] == "open"
    lost = tell(con, settings, lost_on)["C1"]
    assert (lost["state"], lost["closed_on"], lost["warning_id"]) == ("lost", lost_on, first["warning_id"])
    again = tell(con, settings, lost_on + timedelta(5))["C1"]
    assert (again["state"], again["closed_on"]) == ("lost", lost_on)


def test_an_order_of_the_day_that_began_with_the_loss_does_not_undo_it(con, settings):
    tell(con, settings, DUE)
    lost_on = DUE + timedelta(settings.churn.life.lost_after_days)
    assert tell(con, settings, lost_on)["C1"]["state"] == "lost"
    add(con, "orders", [order("C1", (AS_OF - lost_on).days)])
    after = tell(con, settings, lost_on + timedelta(1))["C1"]
    assert (after["state"], after["closed_on"]) == ("lost", lost_on)


def test_an_order_that_is_cancelled_later_saved_nobody(con, settings):
    first = tell(con, settings, DUE)["C1"]
    add(con, "orders", [order("C1", 3)])
    assert tell(con, settings, AS_OF - timedelta(1))["C1"]["state"] == "saved"
    con.execute(
        "update marts.orders set is_counted = false where customer_id = 'C1' and order_date = ?", [AS_OF - timedelta(3)]
    )
    again = tell(con, settings, AS_OF)["C1"]
    assert (again["state"], again["warning_id"], again["closed_on"]) == ("open", first["warning_id"], None)


def test_the_life_cycle_says_lost_before_the_time_is_over(con, settings):
    add(con, "orders", [order("C3", days) for days in range(350, 750, 50)])
    assert "C3" not in tell(con, settings, AS_OF)  # due for 250 days: lost 160 days ago, and no longer shown
    life = settings.churn.life.model_copy(update={"lost_after_days": 3000})
    settings = replace(settings, churn=settings.churn.model_copy(update={"life": life}))
    assert tell(con, settings, AS_OF)["C3"]["state"] == "open"
    closed = tell(con, settings, AS_OF + timedelta(16))["C3"]  # 366 days without an order
    assert (closed["state"], closed["closed_on"]) == ("lost", AS_OF + timedelta(16))
    assert tell(con, settings, AS_OF + timedelta(17))["C3"]["closed_on"] == AS_OF + timedelta(16)


def test_who_ended_a_contract_has_no_score_and_a_running_warning_is_lost(con, settings):
    first = tell(con, settings, DUE)["C1"]
    day = DUE + timedelta(1)
    for name in needed("churn_scores", "lifecycle_states", "customer_tiers", "clv_estimates"):
        FUNCTIONS[name](con, day, settings)
    con.execute("delete from insights.churn_scores where customer_id = 'C1' and as_of = ?", [day])
    FUNCTIONS["churn_warnings"](con, day, settings)
    found = con.execute(
        "select warning_id, state, closed_on, churn_score from insights.churn_warnings where as_of = ? and customer_id = 'C1'",
        [day],
    ).fetchall()
    assert found == [(first["warning_id"], "lost", day, 1)]


def test_results_that_people_feed_in_move_the_warning_from_their_day_on(con, settings):
    first = tell(con, settings, DUE)["C1"]
    result(con, first["warning_id"], "contacted", DUE + timedelta(1))
    result(con, first["warning_id"], "saved", DUE + timedelta(2))
    assert tell(con, settings, DUE + timedelta(1))["C1"]["state"] == "open"
    assert tell(con, settings, DUE + timedelta(2))["C1"]["state"] == "contacted"
    saved = tell(con, settings, DUE + timedelta(3))["C1"]
    assert (saved["state"], saved["closed_on"]) == ("saved", DUE + timedelta(2))
    assert tell(con, settings, DUE + timedelta(4))["C1"]["state"] == "saved"


def test_a_warning_whose_signal_fades_stays_until_it_ends(con, settings):
    con.execute("delete from marts.orders where customer_id = 'C1'")
    add(con, "orders", [order("C1", 200), order("C1", 100)])
    add(con, "interactions", [interaction("C1", 10, "complaint"), interaction("C1", 9, "complaint")])
    add(con, "interactions", [interaction("C1", 8, "complaint")])
    first = tell(con, settings, AS_OF)["C1"]
    assert next(reason["code"] for reason in json.loads(first["reasons"])) == "open_complaint"
    later = AS_OF + timedelta(75)  # two of the complaints are over 90 days old
    con.execute("delete from marts.interactions where interaction_key not like '%/10'")
    held = tell(con, settings, later)["C1"]
    assert (held["warning_id"], held["state"]) == (first["warning_id"], "open")
    assert held["reasons"] == first["reasons"]


def test_who_was_merged_into_another_hands_the_warning_on(con, settings):
    first = tell(con, settings, DUE)["C1"]
    con.execute("update marts.orders set customer_id = 'C3' where customer_id = 'C1'")
    con.execute("delete from marts.customers where customer_id = 'C1'")
    add(con, "identity_events", [{"event_id": "e", "kind": "merged", "customer_id": "C3", "other_customer_id": "C1"}])
    handed = tell(con, settings, DUE + timedelta(1))["C3"]
    assert (handed["warning_id"], handed["first_warned_on"]) == (first["warning_id"], DUE)


def test_who_refused_profiling_is_neither_scored_nor_warned_about(con, settings):
    assert "C1" in tell(con, settings, DUE)
    add(
        con,
        "consents",
        [{"customer_id": "C1", "purpose": "profiling", "state": "withdrawn", "given_at": datetime(2026, 9, 12)}],
    )
    assert "C1" not in tell(con, settings, AS_OF)
    scored = con.execute("select customer_id from insights.churn_scores where as_of = ?", [AS_OF]).fetchall()
    assert scored == [("C2",)]
    add(
        con,
        "consents",
        [{"customer_id": "C1", "purpose": "profiling", "state": "granted", "given_at": datetime(2026, 9, 13)}],
    )
    assert "C1" in tell(con, settings, AS_OF)


def test_withdrawn_marketing_consent_is_a_signal_and_forbids_marketing_contact(con, settings):
    add(
        con,
        "consents",
        [{"customer_id": "C1", "purpose": "marketing", "state": "withdrawn", "given_at": datetime(2026, 9, 10)}],
    )
    warning = tell(con, settings, AS_OF)["C1"]
    assert not warning["may_contact"]
    reasons = {reason["code"]: reason for reason in json.loads(warning["reasons"])}
    assert "2026-09-10" in reasons["consent_withdrawn"]["en"]
    # 1 - (1 - 0.3792)(1 - 0.3)
    assert warning["signal_score"] == Decimal("0.5654")


def test_sixty_days_one_by_one_warn_each_customer_once_between_two_orders(settings):
    # The tiers' past costs most of a day and moves no warning here.
    history = settings.criteria.history.model_copy(update={"months": 1})
    settings = replace(settings, criteria=settings.criteria.model_copy(update={"history": history}))
    con = generated(150, 2500, 1500)
    start, seen, last, state_of = AS_OF - timedelta(60), {}, {}, {}
    moves = set()
    for day in (start + timedelta(n) for n in range(60)):
        for customer_id, row in tell(con, settings, day, "churn_reach").items():
            identifier = row["warning_id"]
            assert seen.setdefault(identifier, (customer_id, row["first_warned_on"])) == (
                customer_id,
                row["first_warned_on"],
            )
            assert (row["state"] == "new") == (row["first_warned_on"] == day)
            moves.add((state_of.get(identifier), row["state"]))
            state_of[identifier] = row["state"]
            last[identifier] = row
    assert len(seen) > 30
    # Forward only; closed is final.
    ways = {
        None: set(STATES), "new": {"open", "contacted", "saved", "lost"}, "open": {"open", "contacted", "saved", "lost"},
        "contacted": {"contacted", "saved", "lost"}, "saved": {"saved"}, "lost": {"lost"},
    }  # fmt: skip
    assert {move for move in moves if move[1] not in ways[move[0]]} == set()
    assert {"saved", "lost", "contacted"} <= {state for _, state in moves}
    orders = con.execute("select customer_id, order_date from marts.orders where is_counted").fetchall()
    for customer_id in {customer_id for customer_id, _ in seen.values()}:
        days = sorted(day for who, day in orders if who == customer_id)
        begun = sorted(first for who, first in seen.values() if who == customer_id)
        gaps = [sum(day < first for day in days) for first in begun]
        assert len(set(gaps)) == len(gaps), "two warnings between the same two orders"
    for identifier, row in last.items():
        if row["state"] == "saved":
            assert (row["customer_id"], row["closed_on"]) in orders
            assert row["closed_on"] >= seen[identifier][1]


def test_reach_adds_up_and_calls_in_the_order_of_expected_loss(settings):
    con = generated(150, 2500, 1500)
    tell(con, settings, AS_OF, "churn_reach")
    rows = table(con, "churn_reach", "owner, contacts")
    waiting = con.execute(
        "select expected_loss from insights.churn_warnings where state in ('new', 'open') order by 1 desc"
    ).fetchall()
    ten = next(row for row in rows if row["owner"] == "all" and row["contacts"] == 10)
    assert ten["count_waiting"] == len(waiting) > 10
    assert ten["money_reached"] == sum(loss for (loss,) in waiting[:10])
    assert ten["money_at_risk"] == sum(loss for (loss,) in waiting)
    assert ten["share_reached"] >= ten["share_reached_by_rule"]
    capacities = [row for row in rows if row["is_capacity"]]
    assert {row["owner"] for row in capacities} == {"all", *settings.people.owners}
    within = con.execute(
        "select owner, count(*) from insights.churn_warnings where within_capacity group by 1"
    ).fetchall()
    assert dict(within) == {
        row["owner"]: row["count_reached"] for row in capacities if row["owner"] != "all" and row["count_reached"]
    }
