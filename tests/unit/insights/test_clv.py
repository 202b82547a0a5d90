"""Customer lifetime value: the published figures of CDNOW, known parameters found again, histories by hand, fallbacks."""

import csv
import json
from collections import defaultdict
from datetime import date, datetime
from decimal import Decimal

import duckdb
import numpy as np
import pytest
from scipy.special import hyp2f1
from scipy.stats import norm

from orchestration.logic.clv import bgnbd, gamma_gamma
from orchestration.logic.clv.history import HISTORY, make_history
from orchestration.logic.clv.likelihood import Fitted, maximum
from orchestration.logic.clv.tables import clv_estimates, clv_models
from orchestration.logic.segmentation.features import customer_features
from orchestration.settings.insights import InsightFiles
from tests.fixtures.public_sets import CDNOW

from .marts import AS_OF, add, customer, empty_warehouse, generated, noon, order, table

PUBLISHED = (0.243, 4.414, 0.793, 2.426)
FITTED = Fitted(PUBLISHED, ((0.0,) * 4,) * 4, 0.0, True)


def changed(settings, **clv) -> InsightFiles:
    """The settings with other values of clv."""
    rules = settings.criteria.clv.model_copy(update=clv)
    criteria = settings.criteria.model_copy(update={"clv": rules})
    return InsightFiles(criteria, settings.churn, settings.people, settings.criteria_version)


def computed_values(con: duckdb.DuckDBPyConnection, settings, as_of: date = AS_OF) -> list[dict]:
    for function in (customer_features, clv_models, clv_estimates):
        function(con, as_of, settings)
    return table(con, "clv_estimates")


def histories(x, t_x_days, t_days) -> bgnbd.Histories:
    kinds, count = np.unique(np.stack([x, t_x_days, t_days]), axis=1, return_counts=True)
    return bgnbd.Histories(kinds[0].astype(float), kinds[1] / 7, kinds[2] / 7, count.astype(float))


@pytest.fixture(scope="module")
def cdnow() -> dict[str, np.ndarray]:
    """x, t_x, T (weeks to 1997-09-30) and zbar as the papers have them, by customer."""
    with (CDNOW / "cdnow_customers_summary_with_transactions.csv").open(newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    return {name: np.array([float(row[name]) for row in rows]) for name in ("x", "t_x", "T", "zbar")}


def test_bgnbd_when_fitted_to_cdnow_then_the_published_parameters(cdnow):
    fit = bgnbd.fit(histories(cdnow["x"], np.rint(cdnow["t_x"] * 7), np.rint(cdnow["T"] * 7)))
    assert len(cdnow["x"]) == 2357
    assert fit.converged
    assert fit.parameters == pytest.approx(PUBLISHED, abs=0.002)
    assert fit.log_likelihood == pytest.approx(-9582.4, abs=0.1)


def test_gamma_gamma_when_fitted_to_cdnow_then_the_published_parameters(cdnow):
    kept = (cdnow["x"] > 0) & (cdnow["zbar"] > 0)
    fit = gamma_gamma.fit(cdnow["x"][kept], cdnow["zbar"][kept])
    assert kept.sum() == 946
    assert fit.converged
    assert fit.parameters == pytest.approx((6.25, 3.74, 15.44), abs=0.02)


def test_history_when_made_from_the_orders_of_cdnow_then_that_of_the_papers(cdnow):
    con, orders = empty_warehouse(), defaultdict(list)
    for _, customer_id, day, _, amount in (line.split() for line in (CDNOW / "CDNOW_sample.txt").open()):
        orders[customer_id].append((datetime.strptime(day, "%Y%m%d").date(), amount))
    rows = [(f"{who}/{n}", who, *line) for who, listed in orders.items() for n, line in enumerate(listed)]
    con.execute(
        "insert into marts.orders by name select unnest($1) as order_key, unnest($2) as customer_id, "
        "unnest($3)::date as order_date, true as is_counted, true as counts_money, unnest($4)::decimal(18, 4) as net_amount",
        [list(column) for column in zip(*rows, strict=True)],
    )
    make_history(con, date(1997, 10, 1))
    found = con.execute(f"select x, t_x_days, t_days, mean_amount from {HISTORY} order by customer_id").fetchnumpy()
    assert found["x"].tolist() == cdnow["x"].tolist()
    assert found["t_x_days"].tolist() == np.rint(cdnow["t_x"] * 7).tolist()
    # The papers count to the last day seen, as_of is the day after it.
    assert (found["t_days"] - 1).tolist() == np.rint(cdnow["T"] * 7).tolist()
    assert np.allclose(np.ma.filled(found["mean_amount"], 0), cdnow["zbar"], atol=0.0051)


def test_expected_orders_when_computed_by_the_integral_then_the_formula_of_the_paper():
    x, t_x, t = np.array([0.0, 2, 7, 26]), np.array([0, 30.43, 10, 30.86]), np.array([38.86, 38.86, 38.86, 31])
    for r, alpha, a, b in (PUBLISHED, (1.4, 11.0, 2.5, 3.1)):
        ratio = ((alpha + t) / (alpha + t + 39)) ** (r + x)
        ahead = (a + b + x - 1) / (a - 1) * (1 - ratio * hyp2f1(r + x, b + x, a + b + x - 1, 39 / (alpha + t + 39)))
        odds = (x > 0) * a / (b + np.maximum(x, 1) - 1) * ((alpha + t) / (alpha + t_x)) ** (r + x)
        found = bgnbd.expected_orders((r, alpha, a, b), x, t_x, t, 39)
        assert np.allclose(found, ahead / (1 + odds), rtol=1e-9)
    assert bgnbd.expected_orders(PUBLISHED, x, t_x, t, 39)[1] == pytest.approx(1.226, abs=0.001)  # the paper's example


@pytest.mark.parametrize("a", [1 - 1e-9, 1.0, 1 + 1e-9])
def test_expected_orders_when_a_is_one_then_no_gap(a):
    near = bgnbd.expected_orders((0.5, 5, 1.001, 2), np.array([0.0, 3]), np.array([0.0, 9]), np.array([20.0, 20]), 52)
    found = bgnbd.expected_orders((0.5, 5, a, 2), np.array([0.0, 3]), np.array([0.0, 9]), np.array([20.0, 20]), 52)
    assert np.allclose(found, near, rtol=0.002)


@pytest.mark.parametrize(
    "parameters", [(100, 400, 0.001, 90), (100, 20, 19, 0.5), (0.01, 0.05, 0.001, 0.01), (1, 3, 20, 90)]
)
def test_expected_orders_when_parameters_stand_at_a_bound_then_a_number_that_does_not_fall_with_time(parameters):
    x, t_x, t = np.array([0.0, 0, 5, 200]), np.array([0, 0, 30.0, 50]), np.array([0.2, 40, 40, 52])
    by_weeks = [bgnbd.expected_orders(parameters, x, t_x, t, weeks) for weeks in (1, 13, 52)]
    assert np.isfinite(by_weeks).all()
    assert (by_weeks[1] > by_weeks[0]).all()
    assert (by_weeks[2] > by_weeks[1] * (1 - 1e-6)).all()  # all of it may have come by then


def test_p_alive_when_bought_once_then_one_and_when_long_silent_then_small():
    x, t_x, t = np.array([0.0, 10, 10]), np.array([0, 38.0, 10]), np.array([38.86] * 3)
    once, regular, silent = bgnbd.p_alive(PUBLISHED, x, t_x, t)
    assert once == 1
    assert regular > 0.9
    assert silent < 0.05


def test_forecast_when_discounted_then_less_and_by_no_more_than_a_year_of_it():
    found = bgnbd.forecast(FITTED, np.array([0.0, 4]), np.array([0.0, 30]), np.array([35.0, 35]), 365 / 7, 0.1)
    assert (found.discounted < found.orders).all()
    assert (found.discounted > found.orders / 1.1).all()


def test_gradients_when_compared_with_differences_then_equal():
    x, t_x, t = np.array([0.0, 1, 4]), np.array([0, 3.0, 20]), np.array([30.0, 25, 28])
    kinds = bgnbd.Histories(x, t_x, t, np.array([3.0, 2, 1]))
    known, by_x = x, kinds.count
    _same_slopes(lambda p: bgnbd._log_likelihood(p, kinds, known, by_x), np.array([0.7, 3.0, 0.9, 1.7]))
    _same_slopes(gamma_gamma._function(np.array([1.0, 3, 9, 3]), np.array([20.0, 5, 80, 6])), np.array([2.0, 3, 9]))


def test_fits_when_there_are_many_customers_then_the_search_over_a_part_ends_at_the_maximum_of_all(monkeypatch):
    rng = np.random.default_rng(4)
    x = rng.poisson(rng.gamma(0.8, 3, 20_000)).astype(float)
    t = rng.integers(200, 900, len(x))
    last = np.where(x > 0, np.maximum(1, (t * rng.random(len(x)) ** (1 / np.maximum(x, 1))).astype(int)), 0)
    repeated = x > 0
    mean = rng.gamma(6 * x[repeated], 1 / (rng.gamma(4, 1 / 15, repeated.sum()) * x[repeated]))
    whole = bgnbd.fit(histories(x, last, t)), gamma_gamma.fit(x[repeated], mean)
    for module in (bgnbd, gamma_gamma):
        monkeypatch.setattr(module, "MANY", 2_000)
    parted = bgnbd.fit(histories(x, last, t)), gamma_gamma.fit(x[repeated], mean)
    for one, other in zip(whole, parted, strict=True):
        assert one.converged
        assert other.converged
        assert other.parameters == pytest.approx(one.parameters, rel=1e-6)
        assert np.array(other.covariance) == pytest.approx(np.array(one.covariance), rel=0.25, abs=1e-6)


def _same_slopes(function, at):
    steps = np.eye(len(at)) * 1e-6
    differences = [(function(at + step)[0] - function(at - step)[0]) / 2e-6 for step in steps]
    assert np.allclose(function(at)[1], differences, rtol=1e-5, atol=1e-6)


def simulated(seed: int, customers: int, r: float, alpha: float, a: float, b: float) -> tuple[np.ndarray, ...]:
    """x, t_x and t in days, of customers who follow the model."""
    draw = np.random.default_rng(seed)
    t = draw.uniform(30, 80, customers) * 7
    rate, leave = draw.gamma(r, 1 / alpha, customers) / 7, draw.beta(a, b, customers)
    x, t_x, now, there = np.zeros(customers), np.zeros(customers), np.zeros(customers), np.ones(customers, bool)
    while there.any():
        now = now + draw.exponential(1, customers) / rate
        there &= now < t
        x[there] += 1
        t_x[there] = now[there]
        there &= draw.random(customers) >= leave
    return x, t_x, t


def test_bgnbd_when_fitted_to_simulated_customers_then_the_parameters_are_in_their_intervals():
    true, inside = np.array([0.8, 6.0, 0.9, 2.5]), 0
    for seed in range(20):
        fit = bgnbd.fit(histories(*simulated(seed, 1500, *true)))
        assert fit.converged
        reach = norm.ppf(0.975) * np.sqrt(np.diag(fit.covariance))
        inside += int((np.abs(np.log(fit.parameters) - np.log(true)) <= reach).sum())
    assert inside >= 71  # of 80; fewer has a chance below 2 % for intervals of 95 %


def test_gamma_gamma_when_fitted_to_simulated_customers_then_the_parameters_are_in_their_intervals():
    draw, true, inside = np.random.default_rng(3), np.array([5.0, 4.0, 60.0]), 0
    for _ in range(20):
        x = draw.integers(1, 12, 2000).astype(float)
        mean = draw.gamma(true[0] * x, 1) / x / draw.gamma(true[1], 1 / true[2], 2000)
        fit = gamma_gamma.fit(x, mean)
        reach = norm.ppf(0.975) * np.sqrt(np.diag(fit.covariance))
        inside += int((np.abs(np.log(fit.parameters) - np.log(true)) <= reach).sum())
    assert inside >= 53  # of 60, by the same reckoning


def test_gamma_gamma_when_amounts_are_told_in_cents_then_only_gamma_changes(cdnow):
    kept = cdnow["zbar"] > 0
    plain = gamma_gamma.fit(cdnow["x"][kept], cdnow["zbar"][kept])
    cents = gamma_gamma.fit(cdnow["x"][kept], cdnow["zbar"][kept] * 100)
    assert cents.parameters == pytest.approx(np.array(plain.parameters) * [1, 1, 100], rel=1e-6)


def test_expected_amount_when_bought_once_then_that_of_all_and_when_often_then_the_own():
    found = gamma_gamma.expected_amount((6.25, 3.74, 15.44), np.array([0.0, 1000, 4]), np.array([0.0, 50, -20]))
    assert found[0] == pytest.approx(6.25 * 15.44 / 2.74)
    assert found[1] == pytest.approx(50, rel=0.01)
    assert 0 < found[2] < found[0]


def test_maximum_when_the_top_is_not_round_then_not_converged():
    flat = maximum(lambda p: (0.0, np.zeros(1)), (1.0,), ((0.1, 10),), 5)
    assert not flat.converged


def test_history_when_orders_are_told_then_days_weeks_and_amounts_by_hand():
    con = empty_warehouse()
    add(
        con,
        "orders",
        [
            order("A", 71, 100),
            order("A", 36, 30, key="a1"),
            order("A", 36, 20, key="a2"),  # the same day: one order day of 50
            order("A", 8, 70),
            order("A", 8, -10, key="back", is_counted=False),  # a return of that day
            order("A", 3, 500, key="test", is_counted=False, counts_money=False),
            order("A", 0, 900),  # on as_of
            order("B", 1, 10),
            order(None, 5, 10),
        ],
    )
    # The second order was refunded 40 after as_of, which nobody knew then: net_amount has it, the day has not.
    con.execute("update marts.orders set net_amount = 30 where order_key = 'A/8/70'")
    add(con, "refunds", [{"refund_key": "r", "order_key": "A/8/70", "customer_id": "A", "refund_date": AS_OF,
                          "order_date": noon(8).date(), "refund_amount": 40}])  # fmt: skip
    make_history(con, AS_OF)
    assert con.execute(f"select * from {HISTORY} order by customer_id").fetchall() == [
        ("A", 2, 63, 71, 55.0),  # (50 + 60) / 2
        ("B", 0, 0, 1, None),
    ]


def test_estimates_when_buyers_are_few_then_the_window_scaled_and_none_for_who_never_bought(settings):
    con = empty_warehouse()
    add(con, "customers", [customer("A"), customer("B"), customer("C")])
    add(
        con, "orders", [order("A", 71, 100), order("A", 8, 65), order("B", 8, 50), order("B", 5, -80, is_counted=False)]
    )
    half = changed(settings, margin=settings.criteria.clv.margin / 2, horizon_days=73)  # a fifth of the window
    told = {row.pop("customer_id"): row for row in computed_values(con, half)}
    assert {key: str(value) for key, value in told["A"].items()} == {
        "x": "1", "t_x": "9.0000", "t": "10.1429", "p_alive": "None", "expected_orders": "0.400000",
        "expected_order_amount": "82.5000", "clv": "16.5000", "clv_low": "None", "clv_high": "None", "historic_margin": "82.5000",
        "margin_rate": "0.500000", "horizon_days": "73", "model": "historic",
    }  # fmt: skip
    assert (told["B"]["clv"], told["B"]["model"]) == (0, "historic")  # more came back than was bought
    assert (told["C"]["x"], told["C"]["clv"], told["C"]["expected_orders"], told["C"]["model"]) == (None, 0, 0, "none")
    (model,) = table(con, "clv_models", "model")
    assert (model["model"], model["reason"], model["count_customers"], model["r"]) == (
        "historic",
        "too_few_customers",
        2,
        None,
    )


@pytest.fixture(scope="module")
def shop() -> duckdb.DuckDBPyConnection:
    return generated(400, 4_000, 100)


def test_estimates_when_fitted_then_every_customer_has_a_value_within_bounds(shop, settings):
    rows = computed_values(shop, settings)
    (model,) = table(shop, "clv_models", "model")
    buyers = [row for row in rows if row["model"] == "bgnbd_gamma_gamma"]
    assert len(rows) == 400
    assert model["reason"] is None
    assert len(buyers) == model["count_customers"]
    assert all(0 <= row["clv_low"] <= row["clv"] <= row["clv_high"] and 0 <= row["p_alive"] <= 1 for row in buyers)
    recency = dict(shop.execute("select customer_id, recency_days from insights.customer_features").fetchall())
    assert all(round((row["t"] - row["t_x"]) * 7) == recency[row["customer_id"]] for row in buyers)
    assert {row["clv"] for row in rows if row["model"] == "none"} == {0}
    assert abs(model["spearman"]) < 0.3  # amounts are drawn apart from frequencies
    assert set(json.loads(model["covariance"])) == {"orders", "amounts"}


def test_estimates_when_margin_discount_and_confidence_change_then_the_value_follows(shop, settings):
    clv = settings.criteria.clv
    plain = computed_values(shop, settings)
    halved = computed_values(shop, changed(settings, margin=clv.margin / 2))
    undiscounted = computed_values(shop, changed(settings, yearly_discount=0 * clv.yearly_discount))
    surer = computed_values(shop, changed(settings, confidence=clv.confidence + (1 - clv.confidence) / 2))
    for told, half, whole, sure in zip(plain, halved, undiscounted, surer, strict=True):
        if told["model"] == "bgnbd_gamma_gamma":
            assert float(half["clv"]) == pytest.approx(float(told["clv"]) / 2, abs=1e-4)
            assert float(whole["clv"]) == pytest.approx(
                float(whole["expected_orders"] * whole["expected_order_amount"]), rel=1e-3
            )
            assert whole["clv"] > told["clv"]
            assert sure["clv_high"] - sure["clv_low"] > told["clv_high"] - told["clv_low"]


def test_estimates_when_categories_have_margins_of_their_own_then_what_a_customer_buys_decides(settings):
    """Half of the first one's money went to shoes and half to tea; the second one's line is of no category, the third none."""
    shop = generated(400, 4_000, 100)
    names = [
        row[0]
        for row in shop.execute(
            "select customer_id from marts.orders where is_counted and customer_id is not null"
            " group by 1 order by count(*) desc, 1 limit 3"
        ).fetchall()
    ]
    shop.execute("delete from marts.order_lines")
    for name, category, amount in ((names[0], " Shoes", 50), (names[0], "tea", 50), (names[1], None, 70)):
        shop.execute(
            "insert into marts.order_lines by name select any_value(order_key) as order_key, ? as category, ? as line_amount,"
            " 'shop' as source from marts.orders where customer_id = ? and is_counted and order_date < ?",
            [category, amount, name, AS_OF],
        )
    clv = settings.criteria.clv
    plain = {row["customer_id"]: row for row in computed_values(shop, changed(settings, margin=Decimal("0.5")))}
    shares = {"shoes": Decimal("0.2")}
    told = {
        row["customer_id"]: row
        for row in computed_values(shop, changed(settings, margin=Decimal("0.5"), margin_by_category=shares))
    }
    assert [told[name]["margin_rate"] for name in names] == [Decimal("0.35"), Decimal("0.5"), Decimal("0.5")]
    for name in names:
        rate = float(told[name]["margin_rate"]) / 0.5
        for column in ("clv", "clv_low", "clv_high", "historic_margin"):
            if plain[name][column] is not None:
                assert float(told[name][column]) == pytest.approx(float(plain[name][column]) * rate, abs=1e-3)
    assert clv.margin_by_category == {}


def test_estimates_when_a_purchase_comes_later_then_the_margin_does_not_know_it(settings):
    shop = generated(400, 4_000, 100)
    shares = changed(settings, margin_by_category={"shoes": Decimal("0.2")})
    before = computed_values(shop, shares)
    shop.execute(
        "insert into marts.orders by name select * replace ('later' as order_key, ? as order_date) from marts.orders"
        " where is_counted and customer_id is not null order by order_key limit 1",
        [AS_OF],
    )
    shop.execute(
        "insert into marts.order_lines by name"
        " select 'later' as order_key, 'shoes' as category, 99 as line_amount, 'shop' as source"
    )
    assert computed_values(shop, shares) == before


def test_models_when_one_customer_more_is_asked_for_than_there_are_then_historic_and_the_reason(shop, settings):
    clv_models(shop, AS_OF, settings)
    (model,) = table(shop, "clv_models", "model")
    for update, reason in (
        ({"minimum_customers": model["count_customers"] + 1}, "too_few_customers"),
        ({"minimum_repeat_customers": model["count_repeat_customers"] + 1}, "too_few_repeat_customers"),
    ):
        rows = computed_values(shop, changed(settings, **update))
        assert table(shop, "clv_models", "model")[0]["reason"] == reason
        assert {row["model"] for row in rows} == {"historic", "none"}
    exact = changed(settings, minimum_customers=model["count_customers"])
    clv_models(shop, AS_OF, exact)
    assert table(shop, "clv_models", "model") == [model]


def test_models_when_amounts_have_no_bound_then_historic(settings):
    con = generated(400, 4_000, 100)
    # Amounts of customers that differ by powers of ten: the tail of gamma-gamma is then so heavy that it has no mean.
    con.execute(
        "update marts.orders set net_amount = cast(10 ** (draw(customer_id, 1, 100) / 12.0) as decimal(18, 4)), "
        "counts_money = is_counted"
    )
    rows = computed_values(con, settings)
    (model,) = table(con, "clv_models", "model")
    assert model["q"] <= 1
    assert (model["reason"], model["converged"]) == ("mean_amount_unbounded", True)
    assert {row["model"] for row in rows} == {"historic", "none"}


def test_models_when_a_later_order_is_added_then_the_data_hash_stays_and_with_an_earlier_one_not(settings):
    con = generated(400, 4_000, 100)
    clv_models(con, AS_OF, settings)
    before = table(con, "clv_models", "model")
    add(con, "orders", [order("C1", 0, 50)])
    clv_models(con, AS_OF, settings)
    assert table(con, "clv_models", "model") == before
    add(con, "orders", [order("C1", 1, 50)])
    clv_models(con, AS_OF, settings)
    assert table(con, "clv_models", "model")[0]["data_hash"] != before[0]["data_hash"]
