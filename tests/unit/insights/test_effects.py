"""Effects: classes by month worked out by hand, and interventions whose true effect is known."""

from datetime import date, datetime, timedelta
from decimal import Decimal
from random import Random
from typing import Any

import duckdb
import pytest
from scipy import stats

from orchestration.logic.clv.tables import clv_estimates, clv_models
from orchestration.logic.effects.cube import effect_cube
from orchestration.logic.effects.evaluation import effect_evaluation
from orchestration.logic.effects.periods import tier_history
from orchestration.logic.effects.survival import median_days
from orchestration.logic.segmentation.features import customer_features
from orchestration.logic.segmentation.store import replace_day, values
from orchestration.settings.criteria import Intervention
from orchestration.settings.criteria.effects import Matching
from orchestration.settings.insights import InsightFiles

from .marts import AS_OF, add, customer, empty_warehouse, feedback, generated, interaction, order, table

START = date(2026, 6, 1)
DAYS = 60
BEGAN = (AS_OF - START).days  # days ago


class Settings:
    """The shipped settings with other effects."""

    criteria_version = "test"

    def __init__(self, shipped: Any, **effects: Any):
        changed = shipped.criteria.effects.model_copy(update=effects)
        self.criteria = shipped.criteria.model_copy(update={"effects": changed})
        self.churn, self.people = shipped.churn, shipped.people


def campaign(code: str = "offer", **more: Any) -> Intervention:
    plain = {
        "code": code,
        "label": {"zh": "活动", "en": "Offer"},
        "kind": "campaign",
        "started_on": START,
        "days": DAYS,
    }
    return Intervention.model_validate({**plain, "treated": {"campaign": code}, **more})


def with_tiers(con: duckdb.DuckDBPyConnection, tiers: dict[str, str], days: tuple[date, ...] = (START,)) -> None:
    """The tiers of the customers on the first days of months."""
    rows = [(day, "value_tier", customer_id, tier) for day in days for customer_id, tier in tiers.items()]
    relation = values("t(day, scheme_id, customer_id, tier)", rows)
    replace_day(con, "tier_history", AS_OF, f"select * from {relation}", "given")


def reached(customer_id: str, code: str = "offer") -> dict[str, Any]:
    return {**interaction(customer_id, BEGAN - 1, "email"), "campaign": code}


def told(con: duckdb.DuckDBPyConnection, settings: Any, kind: str = "intervention") -> dict[tuple[str, ...], Any]:
    effect_evaluation(con, AS_OF, settings)
    rows = table(con, "effect_evaluation", "period, scheme_id, class, metric")
    return {(r["period"], r["class"], r["metric"]): r for r in rows if r["kind"] == kind}


def kaplan_meier(cases: list[tuple[int, bool]]) -> Any:
    relation = values("cases(g, days, happened)", [("a", *case) for case in cases])
    row = duckdb.sql(f"with cases as (select * from {relation}) from ({median_days('cases', 'g')})").fetchone()
    return row and row[1:]


def test_median_when_some_wait_still_then_it_is_the_product_limit_estimate():
    # At risk 6, 5, 3: 5/6, 5/6 * 4/5 = 2/3, 2/3 * 2/3 = 4/9. Without the two who wait it would be 8.
    cases = [(5, True), (8, True), (8, False), (12, True), (15, False), (20, True)]
    assert kaplan_meier(cases) == (12, 6, 4)


@pytest.mark.parametrize(
    ("cases", "median"),
    [([(3, True), (7, True)], 3), ([(3, False), (7, False)], None), ([(2, True), (9, False), (9, False)], None)],
)
def test_median_when_half_or_fewer_had_the_event_then_the_half_decides(cases, median):
    assert kaplan_meier(cases)[0] == median


def test_median_when_drawn_at_random_then_it_equals_that_of_scipy():
    for seed in range(20):
        draw = Random(seed)
        cases = [(draw.randint(1, 60), draw.random() < 0.6) for _ in range(draw.randint(5, 40))]
        events, waits = ([days for days, happened in cases if happened is flag] for flag in (True, False))
        curve = stats.ecdf(stats.CensoredData(uncensored=events, right=waits)).sf
        below = [
            float(day) for day, share in zip(curve.quantiles, curve.probabilities, strict=True) if share <= 0.5 + 1e-9
        ]
        assert kaplan_meier(cases)[0] == (below[0] if below else None)


@pytest.fixture
def shop() -> duckdb.DuckDBPyConnection:
    """Four customers of August 2026, of whom A to C were known on 1 August; D came later."""
    con = empty_warehouse()
    add(con, "customers", [customer(name) for name in "ABCD"])
    with_tiers(con, {"A": "high", "B": "high", "C": "low"}, (date(2026, 8, 1), date(2026, 4, 1), date(2025, 8, 1)))
    august = (AS_OF - date(2026, 8, 1)).days
    add(con, "orders", [
        order("A", august, 100), order("A", august - 20, 60), order("A", august - 20, 5, key="same day"),
        order("B", august + 1, 70), order("D", august - 3, 30), order("C", august - 5, 40, is_counted=False, counts_money=False),
        order("A", 150, 10), order("A", 100, 20), order("B", 160, 500),
    ])  # fmt: skip
    add(
        con,
        "feedback",
        [feedback("A", 20, 4), feedback("C", 21, 1), feedback("B", 22, 9, "nps"), feedback("C", 23, 3, "nps")],
    )
    return con


def test_month_when_a_source_writes_down_who_did_not_answer_then_the_response_rate_is_of_those_asked(shop, settings):
    """Of the recommendation questions A, B and C were asked, and A did not answer; who was asked how content is not known."""
    add(shop, "feedback", [feedback("A", 24, None, "nps")])
    rows = told(shop, settings, "month")
    value = {key[1:]: row["value"] for key, row in rows.items() if key[0] == "2026-08"}
    assert value["all", "response_rate"] == Decimal("0.6667")
    assert value["high", "response_rate"] == Decimal("0.5")
    assert value["low", "response_rate"] == 1
    assert value["all", "nps"] == 0
    before = {key[1:]: row["value"] for key, row in rows.items() if key[0] == "2026-07"}
    assert before.get(("all", "response_rate")) is None


def test_month_when_worked_out_by_hand_then_classes_are_those_of_its_first_day(shop, settings):
    rows = told(shop, settings, "month")
    value = {key[1:]: row["value"] for key, row in rows.items() if key[0] == "2026-08"}
    assert value["high", "conversion_rate"] == Decimal("0.5")  # A of A and B
    assert value["low", "conversion_rate"] == 0  # a cancelled order is none
    assert value["all", "conversion_rate"] == Decimal("0.3333")  # D was not known on the first day
    assert value["high", "orders_per_customer"] == Decimal("1.5")
    assert value["high", "net_amount_per_customer"] == Decimal("82.5")
    assert value["all", "csat"] == Decimal("2.5")
    assert value["all", "nps"] == 0
    assert value["low", "nps"] == -100
    assert value["high", "feedback_rate"] == 1
    assert value["high", "response_rate"] is None
    assert value["all", "cac"] is None
    assert value["store", "conversion_rate"] == Decimal("0.5")  # A and B bought there before
    assert rows["2026-08", "high", "conversion_rate"]["verdict"] is None
    owners = {
        key[1]: row["count_customers"] for key, row in rows.items() if row["scheme_id"] == "owner" and key[2] == "nps"
    }
    assert set(owners) <= set(settings.people.owners)
    assert owners["campaign_desk"] == 1
    parts = [row for key, row in rows.items() if key[0] == "2026-08" and key[2] == "conversion_rate"]
    sizes = {
        row["scheme_id"]: sum(r["count_customers"] for r in parts if r["scheme_id"] == row["scheme_id"])
        for row in parts
    }
    assert sizes == {"all": 3, "value_tier": 3, "customer_type": 3, "owner": 3, "channel": 2}  # C had no counted order


def test_month_when_not_followed_long_enough_then_repeat_and_realised_value_are_unknown(shop, settings):
    rows = told(shop, settings, "month")
    # August was followed for 15 days. In April A and B bought; A came back after 50 days, B after 114.
    assert rows["2026-08", "high", "repeat_rate_30"]["value"] is None
    april = {days: rows["2026-04", "high", f"repeat_rate_{days}"]["value"] for days in (30, 90, 365)}
    assert april == {30: 0, 90: Decimal("0.5"), 365: None}
    assert rows["2025-08", "high", "clv_12m_realised"]["value"] == 300  # (10 + 20 + 500 + 70) / 2 up to 31 July
    assert rows["2026-04", "high", "clv_12m_realised"]["value"] is None


def test_month_when_expected_value_is_told_then_it_is_that_of_its_first_day_by_hand(shop, settings):
    # Too few for a model: the 365 days before. A 10 + 20 and B 500 + 70 before 1 August; nothing before 1 April.
    add(shop, "orders", [order("A", 10, 9_999)])
    rows = told(shop, settings, "month")
    expected = {
        key[:2]: (row["value"], row["count_customers"]) for key, row in rows.items() if key[2] == "clv_expected"
    }
    assert expected["2026-08", "high"] == (300, 2)
    assert expected["2026-08", "low"] == (0, 1)
    assert expected["2026-04", "high"] == (0, 2)
    thrifty = settings.criteria.model_copy(
        update={"clv": settings.criteria.clv.model_copy(update={"margin": Decimal("0.4"), "horizon_days": 73})}
    )
    changed = InsightFiles(thrifty, settings.churn, settings.people, "test")
    assert told(shop, changed, "month")["2026-08", "high", "clv_expected"]["value"] == 24  # a fifth of it, times 0.4


def test_month_when_there_is_a_model_then_expected_values_are_those_of_clv_estimates_on_its_first_day(settings):
    con, first = generated(400, 4_000, 0), date(2026, 8, 1)
    tiers = {f"C{i}": ["high", "low"][i % 2] for i in range(400)}
    with_tiers(con, tiers, (first,))
    value = told(con, settings, "month")
    for function in (customer_features, clv_models, clv_estimates):
        function(con, first, settings)
    sums = con.execute(
        "select h.tier, sum(c.clv), count(*) from insights.clv_estimates as c inner join insights.tier_history as h "
        "using (customer_id) where c.as_of = ? group by h.tier order by h.tier",
        [first],
    ).fetchall()
    assert con.execute("select model from insights.clv_models where as_of = ?", [first]).fetchall() == [
        ("bgnbd_gamma_gamma",)
    ]
    for tier, total, count in sums:
        row = value["2026-08", tier, "clv_expected"]
        assert (round(float(row["value"]), 3), row["count_customers"]) == (round(float(total) / count, 3), count)
    assert len(sums) == 2


def cube(con, settings, minimum: int = 30) -> list[dict[str, Any]]:
    effect_cube(con, AS_OF, Settings(settings, minimum_customers=minimum))
    return table(con, "effect_cube", "period, tier, owner, channel")


def test_cube_when_worked_out_by_hand_then_each_customer_is_in_one_cell(shop, settings):
    cells = {
        (row["tier"], row["channel"]): row
        for row in cube(shop, settings, minimum=1)
        if row["period"] == "2026-08" and row["tier"] == "low"
    }
    low = cells["low", "-"]  # C never had a counted order; the cancelled one brought no money
    assert (low["count_customers"], low["count_buyers"], low["count_orders"], low["net_amount"]) == (1, 0, 0, 0)
    assert (low["count_csat"], low["csat_total"], low["csat"]) == (1, 1, 1)
    assert (low["conversion_rate"], low["repeat_rate_90"], low["is_small"]) == (0, None, False)
    high = [row for row in cube(shop, settings, minimum=1) if row["tier"] == "high"]
    august, april = ([row for row in high if row["period"] == month] for month in ("2026-08", "2026-04"))
    assert {row["channel"] for row in august} == {"store"}
    assert {row["owner"] for row in august} <= {"key_account_east", "key_account_south"}
    assert (sum(row["count_customers"] for row in august), sum(row["net_amount"] for row in august)) == (2, 165)
    assert sum(row["count_repeat_90"] for row in april) == 1  # A came back after 50 days, B after 114
    assert {row["count_repeat_90"] for row in august} == {None}
    assert {row["net_amount_12m"] for row in august} == {None}


def test_cube_when_cells_are_below_the_minimum_then_their_counts_are_told_and_no_rate(shop, settings):
    rows = cube(shop, settings)
    assert rows
    assert all(row["is_small"] and row["count_customers"] > 0 for row in rows)
    assert {row[name] for row in rows for name in ("conversion_rate", "net_amount_per_customer", "csat")} == {None}


def test_cube_when_summed_then_it_is_the_evaluation_of_everybody_tiers_owners_and_channels(settings):
    con = generated(400, 4_000, 2_000)
    tier_history(con, AS_OF, settings)
    rows = cube(con, settings)
    effect_evaluation(con, AS_OF, settings)
    told = {
        (row["period"], row["scheme_id"], row["class"], row["metric"]): row
        for row in table(con, "effect_evaluation", "period")
    }
    compared = 0
    for scheme, column in (("all", None), ("value_tier", "tier"), ("owner", "owner"), ("channel", "channel")):
        sums: dict[tuple[str, str], list[Any]] = {}
        for row in rows:
            if column and row[column] == "-":
                continue
            total = sums.setdefault((row["period"], row[column] if column else "all"), [0] * 5)
            for place, name in enumerate(
                ("count_customers", "count_buyers", "count_orders", "net_amount", "count_repeat_90")
            ):
                total[place] = None if row[name] is None else total[place] + row[name]
        for (period, code), (customers, buyers, orders, amount, repeats) in sums.items():
            value = {metric: told[period, scheme, code, metric] for metric in (
                "conversion_rate", "orders_per_customer", "net_amount_per_customer", "repeat_rate_90")}  # fmt: skip
            assert {row["count_customers"] for row in list(value.values())[:3]} == {customers}
            assert value["conversion_rate"]["value"] == round(Decimal(buyers) / customers, 4)
            assert value["orders_per_customer"]["value"] == pytest.approx(
                Decimal(orders) / customers, abs=Decimal("0.0001")
            )
            assert value["net_amount_per_customer"]["value"] == pytest.approx(amount / customers, abs=Decimal("0.0001"))
            if repeats is not None and buyers:
                assert value["repeat_rate_90"]["value"] == pytest.approx(
                    Decimal(repeats) / buyers, abs=Decimal("0.0001")
                )
            compared += 1
    assert compared > 100


def test_cube_when_facts_follow_or_rows_are_shuffled_then_nothing_changes(settings):
    def made(con) -> list[dict[str, Any]]:
        tier_history(con, AS_OF, settings)
        return cube(con, settings)

    before, con = made(generated(300, 2_000, 1_000)), generated(300, 2_000, 1_000)
    add(con, "orders", [order("C7", 0, 999), order("C8", -5, 999)])
    add(con, "feedback", [feedback("C7", 0, 1)])
    con.execute("set threads = 4")
    for name in ("orders", "feedback", "customers"):
        con.execute(f"create or replace table marts.{name} as select * from marts.{name} as t order by hash(t)")
    assert made(con) == before


def test_month_when_spend_is_known_then_it_is_divided_by_the_new_customers(shop, settings):
    add(shop, "spend", [
        {"spend_date": date(2026, 8, 2), "amount": 300}, {"spend_date": date(2026, 8, 30), "amount": 60},
        {"spend_date": date(2026, 7, 31), "amount": 50},
    ])  # fmt: skip
    rows = told(shop, settings, "month")
    assert rows["2026-08", "all", "cac"]["value"] == 360  # only D's first order lies in August
    assert rows["2026-07", "all", "cac"]["value"] is None  # nobody new: B's order of 31 July was not the first


def test_month_when_deals_are_open_then_the_cycle_is_censored_and_the_win_rate_leaves_them_out(shop, settings):
    add(shop, "opportunities", [
        {"customer_id": "A", "created_at": datetime(2026, 8, 1), "closed_at": datetime(2026, 8, 11), "is_won": True},
        {"customer_id": "B", "created_at": datetime(2026, 8, 1), "closed_at": datetime(2026, 8, 31), "is_won": False},
        {"customer_id": "B", "created_at": datetime(2026, 8, 6)},
        {"customer_id": "D", "created_at": datetime(2026, 8, 9)},
    ])  # fmt: skip
    rows = told(shop, settings, "month")
    # High: 2/3 after 10 days, 1/3 after 30. With D's: 3/4, 1/2 after 30.
    assert rows["2026-08", "high", "sales_cycle_days"]["value"] == 30
    assert rows["2026-08", "all", "sales_cycle_days"]["count_customers"] == 4
    assert rows["2026-08", "high", "win_rate"]["value"] == Decimal("0.5")


def test_intervention_when_worked_out_by_hand_then_strata_weigh_by_their_treated(settings):
    con = empty_warehouse()
    groups = {"T1": 2, "T2": 2, "K1": 1, "K2": 1, "T3": 0, "K3": 2, "K4": 2}  # orders more after than before
    add(con, "customers", [customer(name) for name in groups])
    with_tiers(con, {name: "high" if name in ("T1", "T2", "K1", "K2") else "low" for name in groups})
    for name, more in groups.items():
        before = 1 if name in ("T1", "T2", "K1", "K2") else 0
        add(con, "orders", [order(name, BEGAN + 5, 100)] * before)
        add(con, "orders", [order(name, BEGAN - 1 - place, 100) for place in range(before + more)])
    add(con, "interactions", [reached(name) for name in ("T1", "T2", "T3")])
    row = told(con, Settings(settings, interventions=[campaign()], minimum_customers=2))[
        "offer", "all", "orders_per_customer"
    ]
    # High: 2 - 1 = 1 for two treated; low: 0 - 2 = -2 for one. Without strata it would be 4/3 - 3/2.
    assert (row["difference"], row["count_customers"], row["count_control"]) == (0, 3, 4)
    assert row["value"] == Decimal("2")  # (3 + 3 + 0) / 3
    assert (row["value_before"], row["value_control"]) == (Decimal("0.6667"), Decimal("2"))  # (2 + 2 + 2) / 3


def random_shop(seed: int, customers: int, codes: list[str], extra_share: float) -> duckdb.DuckDBPyConnection:
    """Customers who order at random before and after START; each campaign reaches a random half, and so large a share
    of those of the first one orders once more for it."""
    draw, con = Random(seed), empty_warehouse()
    names = [f"C{n:04d}" for n in range(customers)]
    orders, interactions = [], []
    for name in names:
        eager = draw.choice((0.1, 0.5))
        orders += [(name, BEGAN + 10 * k + 3) for k in range(6) if draw.random() < eager]
        orders += [(name, BEGAN - 10 * k - 3) for k in range(6) if draw.random() < eager]
        treated = [code for code in codes if draw.random() < 0.5]
        interactions += [(name, code) for code in treated]
        if codes[0] in treated and draw.random() < extra_share:
            orders.append((name, BEGAN - 2))
    add(con, "customers", [customer(name) for name in names])
    con.execute(
        "insert into marts.orders by name select c as customer_id, c || d as order_key, date '2026-09-15' - d::integer as "
        "order_date, true as is_counted, true as counts_money, 100 as net_amount, 100 as gross_amount "
        f"from {values('t(c, d)', orders)}"
    )
    con.execute(
        "insert into marts.interactions by name select c as customer_id, campaign, 'email' as kind, "
        f"timestamp '2026-06-02' as occurred_at from {values('t(c, campaign)', interactions)}"
    )
    with_tiers(con, {name: "high" if place % 3 else "low" for place, name in enumerate(names)})
    return con


def test_intervention_when_an_effect_is_planted_then_it_is_found_and_its_interval_covers_it(settings):
    con = random_shop(1, 1_200, ["offer"], extra_share=0.5)
    rows = told(con, Settings(settings, interventions=[campaign()]))
    row = rows["offer", "all", "orders_per_customer"]
    assert (row["verdict"], row["verdict_zh"], row["verdict_en"]) == ("increased", "显著提高", "increased")
    assert row["low"] < Decimal("0.5") < row["high"]
    assert row["high"] - row["low"] < Decimal("0.5")


def test_intervals_when_more_rows_are_judged_then_each_is_wider_so_that_all_hold_together(settings):
    con = random_shop(1, 600, ["offer"], extra_share=0.5)
    rows = told(con, Settings(settings, interventions=[campaign()]))
    alone = told(con, Settings(settings, interventions=[campaign()], minimum_customers=220))
    verdicts = [[row["verdict"] for row in found.values()] for found in (rows, alone)]
    # Four metrics of all and of two tiers are judged, of csat nothing is known; then both tiers are too small.
    assert [(len(found), found.count("too_few")) for found in verdicts] == [(12, 0), (12, 8)]
    width, narrower = (found["offer", "all", "conversion_rate"] for found in (rows, alone))
    ratio = float((width["high"] - width["low"]) / (narrower["high"] - narrower["low"]))
    twelve, four = (stats.norm.isf(0.025 / judged) for judged in (12, 4))
    assert ratio == pytest.approx(twelve / four, rel=0.005)


def test_intervention_when_few_were_treated_or_it_runs_still_then_no_effect_is_told(settings):
    con = random_shop(3, 40, ["offer"], extra_share=0.5)
    later = campaign(started_on=AS_OF - timedelta(days=30), treated={"tier": "high"}, code="running")
    after = campaign(started_on=AS_OF, code="tomorrow")
    old = campaign(started_on=date(2020, 1, 1), code="old")
    rows = told(con, Settings(settings, interventions=[campaign(), later, after, old]))
    few, running = rows["offer", "all", "conversion_rate"], rows["running", "all", "conversion_rate"]
    assert (few["verdict"], few["verdict_zh"]) == ("too_few", "样本不足,无法判断")
    assert (running["verdict"], running["value"], running["difference"]) == ("not_over", None, None)
    assert {key[0] for key in rows} == {"offer", "running"}


def test_intervention_when_nobody_is_alike_then_it_is_told_as_too_few(settings):
    con = empty_warehouse()
    add(con, "customers", [customer("T"), customer("K")])
    add(con, "interactions", [reached("T")])
    with_tiers(con, {"T": "high", "K": "low"})
    row = told(con, Settings(settings, interventions=[campaign()]))["offer", "all", "conversion_rate"]
    assert (row["verdict"], row["count_customers"], row["difference"]) == ("too_few", 0, None)


def test_intervention_when_treated_by_tier_or_consent_then_those_of_the_first_day_are_treated(settings):
    con = random_shop(4, 90, ["offer"], extra_share=0)
    consents = [("C0000", "granted", 1), ("C0001", "granted", 1), ("C0001", "withdrawn", 2), ("C0002", "granted", 90)]
    con.executemany(
        "insert into marts.consents select ?, 's', 'marketing', ?, timestamp '2026-05-01' + interval 1 day * ?",
        consents,
    )
    tier = campaign("tier", treated={"tier": "low"})
    consent = campaign("consent", treated={"marketing_consent": "granted"})
    alike = Matching(recency_days=[1000], orders=[1000], amount_bands=1)
    rows = told(con, Settings(settings, interventions=[tier, consent], minimum_customers=2, matching=alike))
    assert 28 <= rows["tier", "all", "conversion_rate"]["count_customers"] <= 30
    assert ("tier", "low", "conversion_rate") not in rows
    assert rows["consent", "all", "conversion_rate"]["count_customers"] == 1


def test_evaluation_when_facts_follow_or_rows_are_shuffled_then_nothing_changes(settings):
    chosen = Settings(settings, interventions=[campaign()])
    before = told(random_shop(5, 120, ["offer"], 0.5), chosen)
    con = random_shop(5, 120, ["offer"], 0.5)
    add(con, "orders", [order("C0001", 0, 999), order("C0002", -5, 999)])
    add(con, "interactions", [{**interaction("C0003", 0), "campaign": "offer"}])
    con.execute("set threads = 4")
    for name in ("orders", "interactions", "customers"):
        con.execute(f"create or replace table marts.{name} as select * from marts.{name} as t order by hash(t)")
    assert told(con, chosen) == before
