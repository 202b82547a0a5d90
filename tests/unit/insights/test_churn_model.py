"""The churn model: outcomes and features by hand, figures by hand, folds, publication, no leak, the same bytes, reasons."""

import json
from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal

import numpy as np
import pytest

from orchestration.logic.churn.contest import contest, cuts_needed, fold_of
from orchestration.logic.churn.explain import TERMS, effects
from orchestration.logic.churn.frame import NAMES, Frame, Part, make_frame
from orchestration.logic.churn.measures import Told, captured, expected_calibration_error, measured, resampled_auc
from orchestration.logic.churn.models import LEARNED, NAIVE, SEASON, fit
from orchestration.logic.churn.tables import churn_backtest, churn_models, churn_scores
from orchestration.logic.segmentation.features import customer_features
from orchestration.settings.churn_model import ChurnModel
from orchestration.settings.insights import InsightFiles

from .marts import AS_OF, MONEY, add, customer, empty_warehouse, feedback, generated, interaction, order, table
from .marts import TABLES as MARTS

SMALL = {"folds": 2, "training_cuts": 2, "resamples": 20}


def changed(settings, **model) -> InsightFiles:
    """The settings with other values of churn.model."""
    made = settings.churn.model.model_copy(update=model)
    churn = settings.churn.model_copy(update={"model": made})
    return InsightFiles(settings.criteria, churn, settings.people, "test")


def scored(con, settings, as_of: date = AS_OF) -> None:
    for function in (customer_features, churn_models, churn_backtest, churn_scores):
        function(con, as_of, settings)


def given(count: int, cuts: int, signal: float, seed: int = 3, season: float = 0) -> Frame:
    """Cuts of made-up buyers who leave the likelier, by `signal`, the fewer they touch; by `season` every fourth cut more of
    them do."""
    rng = np.random.default_rng(seed)
    parts = {}
    for cut in range(cuts):
        x = np.abs(rng.normal(size=(count, len(NAMES)))) * 10
        recency, days = rng.integers(1, 300, count), rng.integers(1, 9, count)
        x[:, NAMES.index("recency_days")], x[:, NAMES.index("count_order_days")] = recency, days
        x[:, NAMES.index("tenure_days")] = recency + (days > 1) * rng.integers(1, 300, count)
        move = season * (cut % 4 == 1)
        chance = 1 / (1 + np.exp(signal * (x[:, NAMES.index("interactions_90d")] - 7) - move))
        parts[cut] = Part(x, rng.random(count) < chance)
    return Frame(AS_OF, 90, parts, np.array([f"C{i}" for i in range(count)], dtype=object))


@pytest.fixture
def rules(settings) -> ChurnModel:
    return settings.churn.model.model_copy(update=SMALL | {"candidates": ["boosting", "logistic"]})


def part(con, settings, cut: int) -> dict[str, float]:
    frame = make_frame(con, AS_OF, settings, [cut])
    (row,) = frame.cuts[cut].x
    return dict(zip(NAMES, row.tolist(), strict=True)) | {"left": bool(frame.cuts[cut].left[0])}


@pytest.mark.parametrize(
    ("days_ago", "left"),
    [([], True), ([90], False), ([1], False), ([0], True), ([91], True)],
    ids=["no order", "on the day", "on the last day", "a day late", "the day before"],
)
def test_outcome_when_an_order_is_in_the_half_open_horizon_then_the_customer_stayed(settings, days_ago, left):
    con = empty_warehouse()
    add(con, "customers", [customer("C1")])
    add(con, "orders", [order("C1", 200), *(order("C1", days) for days in days_ago)])
    assert part(con, settings, 1)["left"] is left


def test_outcome_when_the_later_order_does_not_count_then_the_customer_left(settings):
    con = empty_warehouse()
    add(con, "customers", [customer("C1")])
    add(con, "orders", [order("C1", 200), order("C1", 50, is_counted=False)])
    assert part(con, settings, 1)["left"] is True


def test_features_when_a_customer_is_known_then_they_are_those_of_the_day(settings):
    con = empty_warehouse()
    add(con, "customers", [customer("C1"), customer("never")])
    days = (20, 60, 120, 160, 300)  # before the cut, which lies 90 days before AS_OF
    add(con, "orders", [order("C1", 90 + days, 10 * days, channel=f"way {days % 3}") for days in days])
    add(con, "interactions", [interaction("C1", 95), interaction("C1", 190), interaction("C1", 99, "complaint")])
    add(con, "interactions", [interaction("C1", 80, "complaint")])  # after the cut
    add(con, "feedback", [feedback("C1", 100, 2), feedback("C1", 10, 5)])
    found = part(con, settings, 1)
    expected = {
        "recency_days": 20, "active_share": 280 / 300, "purchase_cycle_days": 50, "overdue_ratio": 0.4, "count_orders": 5,
        "orders_90d": 2, "orders_180d": 4, "orders_365d": 5, "order_trend": 0, "amount_90d": 800, "amount_365d": 6600,
        "amount_trend": np.log(801 / 2801), "average_order_amount": 1320, "count_channels": 3, "count_categories": 0,
        "interactions_90d": 2, "interaction_trend": np.log(3 / 2), "complaints_90d": 1, "csat_last": 2,
        "days_since_interaction": 5, "consent_withdrawn": 0, "tenure_days": 300,
    }  # fmt: skip
    assert {name: found[name] for name in expected} == pytest.approx(expected, abs=1e-6)


def test_breadth_when_a_line_names_no_category_then_the_assortment_does(settings):
    con = empty_warehouse()
    add(con, "customers", [customer("C1")])
    add(con, "orders", [order("C1", 100, key="o1")])
    lines = [("a", "tea", "p1"), ("b", None, "p2"), ("c", None, "unknown"), ("d", "tea", "p2")]
    add(con, "order_lines", [
        {"line_key": key, "order_key": "o1", "customer_id": "C1", "category": category, "source": "s", "product_id": product}
        for key, category, product in lines
    ])  # fmt: skip
    add(con, "products", [{"source": "s", "product_id": "p2", "category": "cups"}])
    assert part(con, settings, 1)["count_categories"] == 2


def test_figures_when_worked_out_by_hand_then_they_agree():
    score = np.array([0.9, 0.8, 0.8, 0.3, 0.1])
    left = np.array([True, True, False, True, False])
    figures = measured(Told(score, left, np.array([5.0, 9.0, 1.0, 2.0, 3.0])), capacity=1)
    # Pairs leaver over stayer: .9 wins both, .8 ties one and wins one, .3 loses one and wins one: 4.5 of 6.
    assert figures["auc"] == pytest.approx(4.5 / 6)
    assert figures["brier"] == pytest.approx((0.01 + 0.04 + 0.64 + 0.49 + 0.01) / 5)
    # Bins: .9 alone, .8 twice (foretold 1.6, real 1), .3, .1.
    assert figures["ece"] == pytest.approx((0.1 + 0.6 + 0.7 + 0.1) / 5)
    assert figures["capture_at_capacity"] == pytest.approx(1 / 3)
    assert figures["lift_at_10_percent"] == pytest.approx(1 / 0.6)
    assert figures["lead_time_days"] == 5
    # The second place is shared by two, of whom one left.
    assert captured(score, left, 2) == pytest.approx(1.5)
    assert measured(Told(score, left, score), capacity=99)["capture_at_capacity"] == 1


def test_calibration_error_when_shares_agree_then_it_is_nothing():
    assert expected_calibration_error(np.full(4, 0.5), np.array([1, 0, 1, 0])) == 0
    assert expected_calibration_error(np.ones(4), np.zeros(4)) == 1


def test_resamples_when_drawn_then_they_lie_about_the_figure_and_the_seed_repeats_them():
    rng = np.random.default_rng(1)
    left = rng.random(500) < 0.4
    told = Told(np.round(rng.random(500) + 0.5 * left, 2), left, np.zeros(500))
    drawn = resampled_auc([told], 200, 7)
    assert drawn.mean() == pytest.approx(measured(told, 1)["auc"], abs=0.01)
    assert 0.01 < drawn.std() < 0.04
    assert (drawn == resampled_auc([told], 200, 7)).all()
    assert (drawn != resampled_auc([told], 200, 8)).any()


def test_folds_when_made_then_training_calibration_and_test_follow_each_other(rules):
    fold = fold_of(given(300, 6, 0.5), 1, rules)
    assert (fold.test, fold.calibration, fold.training) == (1, 2, (3, 4))
    assert max(*fold.training, fold.calibration) in cuts_needed(rules, 90)


def test_fold_when_the_season_of_the_year_before_is_known_then_it_is_its_twin(rules):
    frame = given(300, 8, 0.5)
    assert fold_of(frame, 1, rules).twin == 5
    assert fold_of(frame, 3, rules).twin is None  # cut 8, on which the twin would be calibrated, is not there
    assert set(cuts_needed(rules, 90)) >= {5, 6, 7}
    assert fold_of(replace(frame, horizon_days=240), 1, rules).twin is None  # no cut is about a year before


def test_contest_when_outcomes_move_with_the_season_then_the_model_that_knows_it_is_published_and_calibrated(rules):
    seasonal = rules.model_copy(update={"candidates": ["logistic", "logistic_season"], "folds": 1})
    entries = {entry.model: entry.figures for entry in contest(given(2000, 8, 0.5, season=1.5), seasonal).entries}
    assert contest(given(2000, 8, 0.5, season=1.5), seasonal).published == "logistic_season"
    assert entries["logistic_season"]["ece"] < entries["logistic"]["ece"] / 2
    assert entries["logistic_season"]["auc"] == pytest.approx(entries["logistic"]["auc"], abs=1e-6)


def test_contest_when_there_is_more_to_know_than_recency_then_a_learned_model_is_published(rules):
    result = contest(given(800, 6, 0.5), rules)
    published = next(entry for entry in result.entries if entry.model == result.published)
    assert published.is_learned
    assert published.figures["auc"] > 0.75
    assert all(e.figures["auc"] < published.figures["auc"] for e in result.entries if not e.is_learned)
    assert published.auc_interval[0] < published.figures["auc"] < published.auc_interval[1]
    assert "AUC" in result.reason_zh
    assert "beat every naive rule" in result.reason_en


@pytest.mark.parametrize("seed", range(5, 9))
def test_contest_when_outcomes_are_shuffled_then_no_model_knows_anything_and_a_rule_is_published(rules, seed):
    frame = given(4000, 5, 0.5)
    rng = np.random.default_rng(seed)
    broken = {cut: Part(told.x, rng.permutation(told.left)) for cut, told in frame.cuts.items()}
    result = contest(Frame(AS_OF, 90, broken, frame.customers), rules.model_copy(update={"resamples": 200}))
    assert [entry.figures["auc"] for entry in result.entries] == pytest.approx([0.5] * 5, abs=0.03)
    assert result.published in NAIVE
    assert result.published == result.rival.model
    assert "no learned model" in result.reason_en


def test_contest_when_features_are_noise_then_a_rule_is_published(rules):
    frame, rng = given(1500, 6, 0.0), np.random.default_rng(11)
    place = NAMES.index("recency_days")
    noisy = {}
    for cut, told in frame.cuts.items():
        left = rng.random(len(told)) < 0.2 + 0.6 * (told.x[:, place] > 150)
        noisy[cut] = Part(told.x, left)
    result = contest(Frame(AS_OF, 90, noisy, frame.customers), rules.model_copy(update={"candidates": ["logistic"]}))
    assert result.published == "recency"


def test_contest_when_the_margin_is_not_reached_then_the_rule_stays(rules):
    frame = given(800, 6, 0.5)
    assert contest(frame, rules).published in LEARNED
    assert contest(frame, rules.model_copy(update={"margin": 0.45})).published in NAIVE


@pytest.mark.parametrize("change", [{"minimum_customers": 801}, {"minimum_outcomes": 500}])
def test_contest_when_there_is_too_little_then_nothing_is_tested(rules, change):
    result = contest(given(800, 6, 0.5), rules.model_copy(update=change))
    assert (result.entries, result.published) == ((), "overdue_uncalibrated")


def test_contest_when_the_newest_cut_has_no_leavers_then_nothing_can_be_calibrated_and_the_fallback_is_published(rules):
    frame = given(800, 6, 0.5)
    frame.cuts[1].left[:] = False
    result = contest(frame, rules)
    assert (result.entries, result.published) == ((), "overdue_uncalibrated")


def test_overdue_when_cycles_are_unknown_then_recency_tells_among_their_like(rules):
    frame = given(800, 2, 0.0)
    calibration = frame.cuts[1]
    recency, ratio = NAMES.index("recency_days"), NAMES.index("overdue_ratio")
    x = calibration.x.copy()
    x[::2, ratio] = np.nan
    left = np.where(np.isnan(x[:, ratio]), x[:, recency] > 150, x[:, ratio] > 5)
    predict = fit("overdue", frame.cuts[0], Part(x, left), rules)
    probe = np.zeros((3, len(NAMES)))
    probe[:, recency], probe[:, ratio] = (200, 100, 200), (np.nan, np.nan, 1)
    assert predict(probe).tolist() == [1, 0, 0]


@pytest.mark.parametrize("calibration", ["sigmoid", "isotonic"])
@pytest.mark.parametrize("name", [*LEARNED, *NAIVE])
def test_models_when_fitted_then_they_tell_probabilities_that_are_right_on_average(rules, name, calibration):
    frame = given(2000, 3, 0.5)
    chosen = rules.model_copy(update={"calibration": calibration})
    score = fit(name, frame.cuts[2], frame.cuts[1], chosen)(frame.cuts[0].x)
    assert ((score >= 0) & (score <= 1)).all()
    assert score.mean() == pytest.approx(frame.cuts[0].left.mean(), abs=0.05)
    assert (score == np.round(score, 6)).all()


def test_models_when_a_feature_has_no_value_anywhere_then_they_still_fit(rules):
    frame = given(800, 2, 0.5)
    for told in frame.cuts.values():
        told.x[:, NAMES.index("csat_last")] = np.nan
    for name in LEARNED:
        assert fit(name, frame.cuts[1], frame.cuts[0], rules)(frame.cuts[0].x).std() > 0.05


def test_effects_when_one_term_alone_raises_the_score_then_it_is_the_reason():
    place = NAMES.index("recency_days")
    x = np.ones((2, len(NAMES)))
    x[:, place] = (100, 10)
    found = effects(lambda x: x[:, place] / 200, x, np.full(len(NAMES), 20.0))
    # 100 days become the usual 20; 10 days are no worse than usual.
    assert found["recency"].tolist() == [0.4, 0]
    assert all((found[term] == 0).all() for term in TERMS if term != "recency")


def test_effects_when_a_figure_is_unknown_or_better_than_usual_then_its_term_is_no_reason():
    place, tenure = NAMES.index("csat_last"), NAMES.index("tenure_days")
    x = np.zeros((3, len(NAMES)))
    x[:, place] = (1, np.nan, 5)
    # A model that distrusts whoever has another score than 4.
    found = effects(lambda x: 0.5 * (x[:, place] != 4) + x[:, tenure] / 100, x, np.full(len(NAMES), 4.0))
    assert found["satisfaction"].tolist() == [0.5, 0, 0]
    assert found["tenure"].tolist() == [-0.04] * 3


def test_effects_when_the_usual_tenure_is_shorter_than_the_recency_then_bgnbd_still_tells_its_reasons(rules):
    frame = given(400, 2, 0.4)
    predict = fit("bgnbd", frame.cuts[1], frame.cuts[1], rules)
    usual = np.full(len(NAMES), 1.0)  # a day of tenure, and up to 299 since the last order
    found = effects(predict, frame.cuts[0].x, usual)
    assert all(np.isfinite(fall).all() for fall in found.values())
    assert found["recency"].max() > 0


@pytest.fixture(scope="module")
def tested(settings):
    """A generated warehouse with the three tables; read only."""
    con = generated(300, 3_000, 6_000)
    scored(con, changed(settings, **SMALL))
    return con


def everything(con) -> list[tuple]:
    tables = ("churn_models", "churn_backtest", "churn_scores")
    return [con.execute(f"select * from insights.{name} order by all").fetchall() for name in tables]


def test_tables_when_there_is_enough_then_one_model_is_published_and_every_buyer_has_its_score(tested):
    published = tested.execute("select model, kind, reason_zh from insights.churn_models where is_published").fetchall()
    assert len(published) == 1
    assert published[0][1] in ("learned", "naive")
    scores = tested.execute(
        "select count(*), count(distinct customer_id), min(churn_score) >= 0, max(churn_score) <= 1, "
        "count(distinct model), min(model), min(horizon_days) from insights.churn_scores"
    ).fetchone()
    buyers = tested.execute("select count(*) from insights.customer_features where count_orders > 0").fetchone()[0]
    customers = tested.execute("select count(*) from marts.customers").fetchone()[0]
    assert buyers < customers
    assert scores == (buyers, buyers, True, True, 1, published[0][0], 90)


def test_backtest_when_told_then_the_figures_are_those_of_the_cards_beside_the_best_rule(tested):
    cards = {row["model"]: json.loads(row["payload"]) for row in table(tested, "churn_models", "model")}
    assert set(cards) == {*LEARNED, *(name + SEASON for name in LEARNED), *NAIVE}
    rows = table(tested, "churn_backtest", "model, metric")
    assert {row["metric"] for row in rows} >= {"auc", "average_precision", "lift_at_10_percent", "brier", "ece"}
    for row in rows:
        card = cards[row["model"]]
        assert float(row["value"]) == card["figures"][row["metric"]]
        assert float(row["rival_value"]) == cards[card["rival"]]["figures"][row["metric"]]
        assert row["difference"] == row["value"] - row["rival_value"]
        assert (row["low"] is not None) is (row["metric"] == "auc")
        assert row["count_folds"] == 2
        by_fold = [fold["figures"][row["metric"]] for fold in card["folds"]]
        assert float(row["value"]) == pytest.approx(sum(by_fold) / 2, abs=1e-6)


def test_card_when_read_then_it_says_what_is_needed_to_repeat_it_and_names_no_customer(tested):
    payloads = [row["payload"] for row in table(tested, "churn_models", "model")]
    card = json.loads(payloads[0])
    assert card["features"] == list(NAMES)
    assert (len(card["data_sha256"]), card["settings"]["seed"], card["horizon_days"]) == (64, 7, 90)
    assert card["scikit_learn"]
    first = card["folds"][0]
    days = [*first["trained_on"][::-1], first["calibrated_on"], first["tested_on"]]
    assert days == sorted(days)
    assert date.fromisoformat(first["tested_on"]) + timedelta(90) <= AS_OF
    assert not any("C1" in payload or "@" in payload for payload in payloads)


def test_reasons_when_given_then_they_are_few_strong_and_in_order(tested, settings):
    told = [json.loads(row["reasons"]) for row in table(tested, "churn_scores")]
    assert any(told)
    for reasons in told:
        sizes = [reason["effect"] for reason in reasons]
        assert sizes == sorted(sizes, reverse=True)
        assert len(sizes) <= 3
        assert all(size >= 0.01 for size in sizes)
        words = settings.churn.model.words
        assert all((r["zh"], r["en"]) == (words[r["code"]].zh, words[r["code"]].en) for r in reasons)


def test_tables_when_facts_come_on_or_after_as_of_then_nothing_changes(tested, settings):
    con = generated(300, 3_000, 6_000)
    later = f"timestamp '{AS_OF}' - interval 8 hour"  # midnight in Shanghai
    for name, column in (("interactions", "occurred_at"), ("feedback", "given_at"), ("consents", "given_at")):
        con.execute(f"insert into marts.{name} select * replace ({later} as {column}) from marts.{name}")
    con.execute(
        f"insert into marts.orders select * replace (order_key || 'x' as order_key, {later} as ordered_at, "
        f"date '{AS_OF}' as order_date) from marts.orders"
    )
    con.execute("insert into marts.order_lines select * replace (order_key || 'x' as order_key) from marts.order_lines")
    # Half of what every order of the last year brought in was given back on the day itself.
    con.execute(
        "insert into marts.refunds select order_key, order_key, customer_id, ?, order_date, "
        f"cast(net_amount / 2 as {MONEY}) from marts.orders where is_counted and order_date between ? and ?",
        [AS_OF, AS_OF - timedelta(365), AS_OF - timedelta(1)],
    )
    con.execute(
        "update marts.orders set net_amount = net_amount - refund_amount "
        "from marts.refunds where refunds.order_key = orders.order_key"
    )
    scored(con, changed(settings, **SMALL))
    assert everything(con) == everything(tested)


def test_scores_when_a_fact_comes_the_day_before_then_they_change(tested, settings):
    con = generated(300, 3_000, 6_000)
    add(con, "orders", [order(f"C{number}", 1) for number in range(300)])
    scored(con, changed(settings, **SMALL))
    assert everything(con)[2] != everything(tested)[2]


def test_tables_when_rows_are_shuffled_and_threads_are_more_then_every_byte_is_the_same(tested, settings):
    con = generated(300, 3_000, 6_000)
    con.execute("set threads = 4")
    for name in MARTS:
        con.execute(f"create or replace table marts.{name} as select * from marts.{name} as t order by hash(t)")
    scored(con, changed(settings, **SMALL))
    assert everything(con) == everything(tested)


def test_scores_when_a_naive_rule_is_published_then_they_are_by_it(settings):
    con = generated(300, 3_000, 6_000)
    scored(con, changed(settings, **SMALL, margin=0.45))
    assert {row["model"] for row in table(con, "churn_scores")} <= set(NAIVE)
    terms = {reason["code"] for row in table(con, "churn_scores") for reason in json.loads(row["reasons"])}
    assert terms <= {"recency", "overdue", "frequency", "tenure"}  # what the naive rules look at


def test_scores_when_past_days_are_sampled_then_every_buyer_still_has_one(settings):
    con = generated(300, 3_000, 6_000)
    sampled = changed(settings, **SMALL, sample_size=220)
    frame = make_frame(con, AS_OF, sampled, [0, 1, 2])
    assert [len(frame.cuts[cut]) for cut in (1, 2)] == [220, 220]
    assert len(frame.cuts[0]) == len(frame.customers) > 250
    scored(con, sampled)
    assert len(table(con, "churn_scores")) == len(frame.customers)


def test_scores_when_there_are_few_customers_then_the_overdue_rule_stands_in_and_says_so(settings):
    con = empty_warehouse()
    add(con, "customers", [customer("cycle"), customer("once"), customer("never")])
    add(con, "orders", [order("once", 30), *(order("cycle", days) for days in (60, 80, 100))])
    scored(con, settings)
    rows = {row["customer_id"]: row for row in table(con, "churn_scores")}
    # 60 days at a cycle of 20: r = 3; 30 days of a horizon of 90: r = 1/3.
    assert {name: row["churn_score"] for name, row in rows.items()} == {
        "cycle": Decimal("0.75"),
        "once": Decimal("0.25"),
    }
    assert {(row["model"], row["reasons"]) for row in rows.values()} == {("overdue_uncalibrated", "[]")}
    told = table(con, "churn_backtest", "metric")
    assert [(r["model"], r["kind"], r["metric"], r["value"], r["count_folds"]) for r in told] == [
        ("overdue_uncalibrated", "fallback", "customers", 2, 0)
    ]
    assert "样本不足" in told[0]["reason_zh"]


def test_tables_when_nobody_ever_bought_then_there_is_a_card_and_no_score(settings):
    con = empty_warehouse()
    add(con, "customers", [customer("never")])
    scored(con, settings)
    assert table(con, "churn_scores") == []
    assert [row["model"] for row in table(con, "churn_models", "model")] == ["overdue_uncalibrated"]
