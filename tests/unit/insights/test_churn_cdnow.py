"""The churn model on real orders: CDNOW, 23,570 customers, no order in the next 90 days, tested on two days.

The bounds are what published methods reach on the same days (AUC and Brier score on 1998-01-01 and 1998-04-01): recency
alone .793 and .828; BG/NBD .788 / .106 and .828 / .089; logistic regression on log features .808 / .104 and .840 / .088.
"""

import json
from datetime import date
from time import monotonic

import duckdb
import pytest

from orchestration.logic.churn.tables import churn_backtest, churn_models, churn_scores
from orchestration.logic.segmentation.features import customer_features
from orchestration.settings.insights import InsightFiles
from tests.fixtures.public_sets import CDNOW

from .marts import empty_warehouse, table

AS_OF = date(1998, 6, 30)  # the day of the last orders; 90 days before it is the second test day


@pytest.fixture(scope="module")
def told(settings) -> duckdb.DuckDBPyConnection:
    con = empty_warehouse()
    con.execute(
        "create table cdnow as select string_split(regexp_replace(trim(line), ' +', ' ', 'g'), ' ') as cells "
        "from read_csv(?, header = false, delim = '|', columns = {'line': 'varchar'}, skip = 1)",
        [str(CDNOW / "CDNOW_master.txt")],
    )
    con.execute(
        """
        insert into marts.orders by name select
            'o' || row_number() over (order by cells) as order_key, cells[1] as customer_id, 'web' as channel,
            strptime(cells[2], '%Y%m%d') as ordered_at, cast(ordered_at as date) as order_date, true as is_counted,
            true as counts_money, cast(cells[4] as decimal(18, 4)) as gross_amount, gross_amount as net_amount,
            0 as discount_amount
        from cdnow
        """
    )
    con.execute(
        "insert into marts.customers by name select customer_id, min(ordered_at) as first_seen_at "
        "from marts.orders group by customer_id"
    )
    model = settings.churn.model.model_copy(update={"folds": 2, "resamples": 100})
    churn = settings.churn.model_copy(update={"model": model})
    changed = InsightFiles(settings.criteria, churn, settings.people, "test")
    started = monotonic()
    for function in (customer_features, churn_models, churn_backtest, churn_scores):
        function(con, AS_OF, changed)
    con.execute("create table seconds as select ? as seconds", [monotonic() - started])
    return con


@pytest.mark.parametrize(("tested_on", "auc", "brier"), [("1998-01-01", 0.806, 0.1045), ("1998-04-01", 0.838, 0.089)])
def test_published_model_when_tested_on_a_later_day_then_it_is_as_good_as_published_methods(
    told, tested_on, auc, brier
):
    (card,) = [json.loads(row["payload"]) for row in table(told, "churn_models", "model") if row["is_published"]]
    (fold,) = [fold for fold in card["folds"] if fold["tested_on"] == tested_on]
    assert fold["figures"]["customers"] == 23570
    assert fold["figures"]["auc"] >= auc
    assert fold["figures"]["brier"] <= brier
    assert fold["figures"]["ece"] < 0.03


def test_contest_when_there_are_real_orders_then_a_learned_model_beats_every_rule(told):
    rows = table(told, "churn_models", "model")
    assert [row["kind"] for row in rows if row["is_published"]] == ["learned"]
    auc = {
        row["model"]: float(row["value"]) for row in table(told, "churn_backtest", "model") if row["metric"] == "auc"
    }
    assert min(auc["boosting"], auc["logistic"]) > auc["recency"] + 0.01 > auc["overdue"] + 0.01


def test_cost_when_there_are_23570_customers_then_it_is_below_a_minute(told):
    assert told.execute("select seconds from seconds").fetchone()[0] < 60
