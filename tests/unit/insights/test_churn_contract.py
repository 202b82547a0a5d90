"""The churn model on known outcomes: labels and features by hand, near the best possible, no leak, the same bytes."""

import json

import duckdb
import numpy as np
import pandas as pd
import pytest
from sklearn.metrics import roc_auc_score

from orchestration.logic.churn.contract import Column, make_contracts
from orchestration.logic.churn.frame import NAMES
from orchestration.logic.churn.tables import churn_backtest, churn_models, churn_scores
from orchestration.logic.segmentation.catalogue import FUNCTIONS
from orchestration.logic.segmentation.features import customer_features
from orchestration.settings.insights import InsightFiles

from .marts import AS_OF, TABLES, add, customer, empty_warehouse, interaction, noon, order, table, trait

CONTRACTS = 2000
WITHOUT = 100
KINDS = ["month-to-month", "one year", "two year"]
LEFT, STAYED = ["churned", "Cancelled ", "解约", "YES"], ["retained", "Renewed", "续约", "0"]


def changed(settings, **contract) -> InsightFiles:
    """The settings with other values of churn.contract, and fewer resamples."""
    churn = settings.churn.model_copy(
        update={
            "contract": settings.churn.contract.model_copy(update=contract),
            "model": settings.churn.model.model_copy(update={"resamples": 40}),
        }
    )
    return InsightFiles(settings.criteria, churn, settings.people, "test")


def outcome(customer_id: str, days_ago: int, word: str) -> dict:
    return {
        "outcome_key": f"{customer_id}/{days_ago}/{word}", "customer_id": customer_id, "source": "crm", "outcome": word,
        "occurred_at": noon(days_ago),
    }  # fmt: skip


def fill(con, name: str, rows: list[dict]) -> None:
    """As `add`, fast for thousands of rows."""
    frame = pd.DataFrame(rows)
    con.register("strata_given", frame)
    con.execute(f"insert into marts.{name} by name select * from strata_given")
    con.unregister("strata_given")


def scored(con, settings) -> None:
    for function in (customer_features, churn_models, churn_backtest, churn_scores):
        function(con, AS_OF, settings)


def telco(signal: float = 1.0, seed: int = 5) -> tuple[duckdb.DuckDBPyConnection, np.ndarray, np.ndarray]:
    """Contracts with traits, whose hazard is known, and some customers without an outcome. Nobody has an order. Gives the
    warehouse, the probability to leave of each, and who left."""
    rng, con, count = np.random.default_rng(seed), empty_warehouse(), CONTRACTS + WITHOUT
    tenure, kind = rng.integers(1, 73, count), rng.choice(3, count, p=[0.55, 0.21, 0.24])
    charges, online = np.round(rng.uniform(20, 120, count), 2), rng.random(count) < 0.4
    logit = -0.4 - 0.04 * tenure + np.array([1.2, -0.6, -2.0])[kind] + 0.02 * (charges - 65) + 0.6 * online
    chance = 1 / (1 + np.exp(-signal * logit))
    left = rng.random(count) < chance
    people = [f"C{i:05}" for i in range(count)]
    fill(con, "customers", [customer(name) for name in people])
    told = []
    for i, name in enumerate(people):
        told += [
            trait(name, "Tenure", str(tenure[i]), 400), trait(name, "contract", KINDS[kind[i]], 400),
            trait(name, "charges", f"{charges[i]:.2f}", 400), trait(name, "payment", "online" if online[i] else "other", 400),
        ]  # fmt: skip
    fill(con, "traits", told)
    rows = [
        outcome(name, int(20 + i % 300), (LEFT if left[i] else STAYED)[i % 4])
        for i, name in enumerate(people[:CONTRACTS])
    ]
    fill(con, "outcomes", rows)
    return con, chance[:CONTRACTS], left[:CONTRACTS]


@pytest.fixture(scope="module")
def told(settings):
    """Telco-like contracts with the three tables, the probabilities and who left; read only."""
    con, chance, left = telco()
    scored(con, changed(settings))
    return con, chance, left


def everything(con) -> list[list[tuple]]:
    names = ("churn_models", "churn_backtest", "churn_scores")
    return [con.execute(f"select * from insights.{name} order by all").fetchall() for name in names]


def published(con) -> dict:
    return next(row for row in table(con, "churn_models", "model") if row["is_published"])


def test_contract_when_the_hazard_is_known_then_the_published_model_is_near_the_best_possible(told):
    con, chance, left = told
    found = published(con)
    card = json.loads(found["payload"])
    assert (found["kind"], found["model"].startswith("contract_")) == ("learned", True)
    assert card["figures"]["auc"] == pytest.approx(roc_auc_score(left, chance), abs=0.02)
    assert card["figures"]["ece"] < 0.05
    assert "lead_time_days" not in card["figures"]
    assert {row["model"] for row in table(con, "churn_models", "model")} == {
        "contract_boosting", "contract_logistic", "contract_base_rate", "contract_category",
    }  # fmt: skip
    assert (card["contract"]["left"], card["contract"]["stayed"]) == (left.sum(), CONTRACTS - left.sum())
    assert card["horizon_days"] is None
    assert card["features"][len(NAMES) :] == [
        "charges", "contract=month-to-month", "contract=two year", "contract=one year", "payment=other", "payment=online",
        "tenure",
    ]  # fmt: skip
    assert not any("C0" in row["payload"] for row in table(con, "churn_models", "model"))


def test_rules_when_outcomes_are_known_then_they_are_the_shares_of_the_strongest_trait(told):
    con, chance, left = told
    figures = {row["model"]: json.loads(row["payload"])["figures"] for row in table(con, "churn_models", "model")}
    assert figures["contract_base_rate"]["auc"] == 0.5
    assert figures["contract_base_rate"]["brier"] == pytest.approx(left.mean() * (1 - left.mean()), abs=0.001)
    assert 0.65 < figures["contract_category"]["auc"] < roc_auc_score(left, chance) - 0.03
    assert {json.loads(row["payload"])["rival"] for row in table(con, "churn_models", "model")} == {"contract_category"}


def test_scores_when_outcomes_are_enough_then_they_are_of_all_but_those_who_left(told):
    con, _, left = told
    rows = table(con, "churn_scores")
    stayed = {f"C{i:05}" for i in range(CONTRACTS) if not left[i]}
    assert {row["customer_id"] for row in rows} == stayed | {f"C{CONTRACTS + i:05}" for i in range(WITHOUT)}
    assert {(row["model"], row["horizon_days"]) for row in rows} == {(published(con)["model"], None)}


def test_reasons_when_traits_raise_the_score_then_they_name_the_trait_and_its_value(told):
    con, _, _ = told
    reasons = [reason for row in table(con, "churn_scores") for reason in json.loads(row["reasons"])]
    words = {reason["en"] for reason in reasons}
    assert "Trait contract: month-to-month" in words
    assert "Trait contract: two year" not in words
    assert any(text.startswith("Trait tenure: ") for text in words)
    assert {reason["code"] for reason in reasons} == {"trait"}
    assert any(reason["zh"] == "客户特征 contract:month-to-month" for reason in reasons)


def test_refusal_when_a_customer_withdrew_profiling_then_there_is_no_score(settings):
    con, _, _ = telco()
    who = f"C{CONTRACTS:05}"
    add(con, "consents", [{"customer_id": who, "purpose": "profiling", "state": "withdrawn", "given_at": noon(5)}])
    scored(con, changed(settings))
    assert who not in {row["customer_id"] for row in table(con, "churn_scores")}


@pytest.mark.parametrize("seed", [1, 2])
def test_contract_when_outcomes_are_shuffled_then_a_naive_rule_is_published(settings, seed):
    con, _, left = telco(seed=seed)
    mixed = np.random.default_rng(seed).permutation(left)
    con.execute("delete from marts.outcomes")
    fill(con, "outcomes", [outcome(f"C{i:05}", 50, "churned" if mixed[i] else "retained") for i in range(CONTRACTS)])
    scored(con, changed(settings))
    assert published(con)["kind"] == "naive"
    assert "no learned model" in published(con)["reason_en"]
    auc = [row["value"] for row in table(con, "churn_backtest", "model") if row["metric"] == "auc"]
    assert [float(value) for value in auc] == pytest.approx([0.5] * 4, abs=0.05)
    assert {row["model"] for row in table(con, "churn_scores")} == {published(con)["model"]}


def test_contract_when_facts_come_after_the_day_of_the_features_then_nothing_is_learned_from_them(settings, told):
    con, _, left = telco()
    by_outcome = [("left" if left[i] else "stayed", i) for i in range(CONTRACTS)]
    # The days of the outcomes and after them: what everybody who left did, and said, then.
    later = [interaction(f"C{i:05}", 20 + i % 300 - after, "complaint") for word, i in by_outcome if word == "left"
             for after in (0, 1)]  # fmt: skip
    fill(con, "interactions", later)
    fill(con, "orders", [order(f"C{i:05}", 20 + i % 300) for word, i in by_outcome if word == "stayed"])
    fill(con, "traits", [trait(f"C{i:05}", "contract", word, 20 + i % 300) for word, i in by_outcome])
    fill(con, "traits", [trait(f"C{i:05}", "state", word, 20 + i % 300) for word, i in by_outcome])
    scored(con, changed(settings))
    assert everything(con)[1] == everything(told[0])[1]
    cards = [json.loads(row["payload"]) for row in table(con, "churn_models", "model")]
    assert {card["contract"].pop("traits_recorded_late") for card in cards} == {1}
    clean = [json.loads(row["payload"]) for row in table(told[0], "churn_models", "model")]
    assert {card["contract"].pop("traits_recorded_late") for card in clean} == {0}
    assert cards == clean


def test_contract_when_a_fact_comes_before_the_day_of_the_features_then_it_is_learned_from(settings):
    con, _, left = telco(signal=0)
    fill(con, "interactions", [interaction(f"C{i:05}", 60 + i % 300, "complaint") for i in range(CONTRACTS) if left[i]])
    scored(con, changed(settings))
    assert json.loads(published(con)["payload"])["figures"]["auc"] > 0.99


def test_contract_when_traits_are_recorded_late_then_their_absence_tells_nothing(settings):
    con, _, left = telco(signal=0)
    # Who stayed is recorded anew, who left is not: known before the outcome are the leavers' alone.
    fill(con, "traits", [trait(f"C{i:05}", "region", "south", 1 if not left[i] else 400) for i in range(CONTRACTS)])
    churn_models(con, AS_OF, changed(settings))
    assert published(con)["kind"] == "naive"
    assert json.loads(published(con)["payload"])["contract"]["traits_recorded_late"] == 1


def test_contract_when_rows_are_shuffled_and_threads_are_more_then_every_byte_is_the_same(settings, told):
    con, _, _ = telco()
    con.execute("set threads = 4")
    for name in TABLES:
        con.execute(f"create or replace table marts.{name} as select * from marts.{name} as t order by hash(t)")
    scored(con, changed(settings))
    assert everything(con) == everything(told[0])


def given(settings, rows: list[dict], **more) -> tuple[duckdb.DuckDBPyConnection, InsightFiles]:
    con = empty_warehouse()
    add(con, "customers", [customer(name) for name in ("A", "B", "C", "D")])
    add(con, "outcomes", rows)
    return con, changed(settings, minimum_outcomes=1, value_customers=1, **more)


def test_label_when_there_are_several_outcomes_then_the_latest_before_the_day_holds_and_of_one_day_the_worse(settings):
    con, chosen = given(settings, [
        outcome("A", 90, "churned"), outcome("A", 50, "Retained "), outcome("A", 40, "pending"),
        outcome("B", 50, "retained"), outcome("B", 50, "流失"),
        outcome("C", 50, "retained"), outcome("C", 0, "churned"),
        outcome("D", 50, "?"),
    ])  # fmt: skip
    found = make_contracts(con, AS_OF, chosen)
    # A came back, B left, C's end is not known yet, D's word means nothing.
    assert found.part.left.tolist() == [False, True, False]
    assert found.told == {"outcomes_with_another_word": 2, "left": 1, "stayed": 2, "traits_recorded_late": 0}


def test_features_when_the_outcome_has_a_day_then_they_are_those_of_the_first_of_the_month_before_it(settings):
    # AS_OF is 15 September 2026: 14 days before it is 1 September, so the features are those of 1 August.
    con, chosen = given(settings, [outcome("A", 14, "churned"), outcome("B", 13, "retained")])
    first = AS_OF.replace(day=1)
    back = (AS_OF - first.replace(month=8)).days
    for name, day in (("A", back), ("B", 14)):
        add(con, "orders", [order(name, day + 1), order(name, day)])
        add(con, "traits", [trait(name, "plan", "old", day + 1), trait(name, "plan", "new", day)])
        add(con, "traits", [trait(name, "fee", "12.5", day + 1)])
    found = make_contracts(con, AS_OF, chosen)
    assert found.columns == (Column("fee", None), Column("plan", "old"))
    assert found.part.column("count_orders").tolist() == [1, 1]
    assert found.part.column("recency_days").tolist() == [1, 1]
    assert found.part.x[:, len(NAMES) :].tolist() == [[12.5, 1], [12.5, 1]]


def test_features_when_a_customer_was_never_seen_then_counts_are_nothing_and_times_unknown(settings):
    con, chosen = given(settings, [outcome("A", 14, "churned"), outcome("B", 13, "retained")])
    x = dict(zip(NAMES, make_contracts(con, AS_OF, chosen).part.x[0], strict=True))
    assert (x["count_orders"], x["interactions_90d"], x["order_trend"], x["consent_withdrawn"]) == (0, 0, 0, 0)
    assert np.isnan([x["recency_days"], x["csat_last"], x["days_since_interaction"]]).all()


def test_traits_when_they_have_no_time_then_they_count_only_where_the_configuration_says_so(settings):
    rows = [outcome("A", 14, "churned"), outcome("B", 13, "retained")]
    for undated, columns in ((False, ()), (True, (Column("plan", "gold"),))):
        con, chosen = given(settings, rows, undated_traits=undated)
        add(con, "traits", [trait(name, "plan", "gold") | {"recorded_at": None} for name in ("A", "B")])
        assert make_contracts(con, AS_OF, chosen).columns == columns


def test_traits_when_values_are_many_then_only_frequent_ones_are_columns(settings):
    con, chosen = given(settings, [outcome("A", 14, "churned"), *(outcome(n, 13, "retained") for n in "BCD")],
                        values_at_most=1)  # fmt: skip
    add(
        con,
        "traits",
        [trait(name, "plan", value, 90) for name, value in zip("ABCD", ["x", "y", "y", "z"], strict=True)],
    )
    found = make_contracts(con, AS_OF, chosen)
    assert found.columns == (Column("plan", "y"),)
    assert found.part.x[:, len(NAMES)].tolist() == [0, 1, 1, 0]


def test_contract_when_outcomes_are_too_few_then_the_model_without_them_stands(settings):
    con, chosen = given(settings, [outcome("A", 14, "churned"), outcome("B", 13, "retained")])
    assert make_contracts(con, AS_OF, changed(settings)) is None
    assert make_contracts(con, AS_OF, chosen) is not None
    scored(con, changed(settings))
    assert published(con)["model"] == "overdue_uncalibrated"


def test_warning_when_the_model_knows_outcomes_then_its_words_are_about_the_contract(settings):
    con, _, _ = telco()
    who = [f"C{i:05}" for i in range(CONTRACTS, CONTRACTS + WITHOUT)]
    fill(con, "orders", [order(name, days) for name in who for days in range(45, 245, 20)])
    for function in FUNCTIONS.values():
        function(con, AS_OF, changed(settings))
    rules = [reason for row in table(con, "churn_warnings") for reason in json.loads(row["reasons"])]
    said = {reason["en"] for reason in rules if reason["code"] == "probability"}
    assert said
    assert all("the contract to end" in text for text in said)
