"""RFM, ABC, life cycle and tiers are what a plain script of another shape finds on the same facts (tests/oracle.py).

STRATA_CHECKED_CUSTOMERS sets how many customers of sample data are generated for it (`make campaign-segmentation`: 20,000);
without it the home that the other tests share is checked.
"""

import os
from pathlib import Path

import pytest

from orchestration.sample import generate
from orchestration.settings import Home, load_settings
from orchestration.warehouse import connect
from tests.conftest import AS_OF, run_home
from tests.oracle import differences

CUSTOMERS = int(os.environ.get("STRATA_CHECKED_CUSTOMERS", "0"))


@pytest.fixture
def checked(request: pytest.FixtureRequest, tmp_path: Path) -> Home:
    if not CUSTOMERS:
        shared: Home = request.getfixturevalue("refreshed")
        return shared
    home = Home(tmp_path / "home")
    generate(home.ensure(), CUSTOMERS, 730, 7, AS_OF, lambda step, share: None)
    assert run_home(home) == 0
    return home


def test_classes_when_computed_by_another_script_then_no_customer_differs(checked: Home) -> None:
    with connect(checked, read_only=True) as con:
        ((count,),) = con.execute("select count(*) from marts.customers").fetchall()
        assert count > max(300, CUSTOMERS)
        assert differences(con, AS_OF, load_settings().criteria, "marts", "insights") == []
