"""The Complete Journey data go through the same job by configuration alone, and nothing of them is lost."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from orchestration.settings import Home
from orchestration.settings.insights import load_insights
from orchestration.warehouse import connect
from tests.conftest import query
from tests.oracle import differences

ROOT = Path(__file__).resolve().parents[2]
EXAMPLE = ROOT / "docs" / "examples" / "complete-journey"
STRATA = Path(sys.executable).parent / "strata"
LINES, BASKETS, HOUSEHOLDS = 1_469_307, 155_848, 2_469


@pytest.fixture(scope="module")
def real(tmp_path_factory: pytest.TempPathFactory) -> Home:
    home = Home(tmp_path_factory.mktemp("real") / "home").ensure()
    variables = {
        **os.environ,
        "STRATA_HOME": str(home.root),
        "STRATA_CONFIG": str(EXAMPLE),
        "DAGSTER_HOME": str(home.dagster),
    }
    subprocess.run([EXAMPLE / "fetch", sys.executable, home.landing], check=True, cwd=ROOT)
    result = subprocess.run([STRATA, "run"], env=variables, cwd=ROOT, capture_output=True, text=True, check=False)
    assert result.returncode == 0, result.stdout + result.stderr
    return home


def test_every_household_is_a_customer_with_orders(real: Home) -> None:
    assert query(real, "select count(distinct customer_id) from serving.orders where customer_id is not null") == [
        (HOUSEHOLDS,)
    ]
    assert query(real, "select count(*) from serving.customers") == [(HOUSEHOLDS,)]


def test_every_basket_is_an_order(real: Home) -> None:
    assert query(real, "select count(*), count(distinct order_id) from serving.orders") == [(BASKETS, BASKETS)]


def test_every_line_is_conserved(real: Home) -> None:
    ledger = "select rows_read, rows_loaded, rows_quarantined from serving.ingest_ledger where entity = 'transactions'"
    assert query(real, ledger) == [(LINES, LINES, 0)]
    assert query(real, "select count(*) from serving.order_lines") == [(LINES,)]
    assert query(real, "select count(*) from serving.conservation where difference <> 0") == [(0,)]


def test_money_of_orders_is_the_money_of_lines(real: Home) -> None:
    ((orders,),) = query(real, "select sum(net_amount) from serving.orders")
    ((lines,),) = query(real, "select sum(line_amount) from serving.order_lines")
    assert abs(orders - lines) < 1


def test_classes_when_computed_by_another_script_then_no_household_differs(real: Home) -> None:
    with connect(real, read_only=True) as con:
        ((as_of,),) = con.execute("select as_of from control.run").fetchall()
        assert differences(con, as_of, load_insights(EXAMPLE).criteria, "marts", "insights") == []
