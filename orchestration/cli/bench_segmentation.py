"""`strata bench segmentation`: what each insight table costs, RFM and ABC against one plain SQL query over the orders, and a plan
against the full run it saves."""

import os
import subprocess
import sys
import tempfile
from pathlib import Path
from statistics import median
from time import monotonic

import duckdb

from orchestration import warehouse
from orchestration.cli.bench_landing import Figures
from orchestration.cli.bench_sample import AS_OF, DAYS, SEED, SIZES
from orchestration.logic.segmentation.catalogue import FUNCTIONS
from orchestration.sample import generate
from orchestration.settings import Home, load_settings
from orchestration.settings.home import SHIPPED

LARGEST_PLAN_SHARE = 1 / 3
REPEATS = 3
# What anybody would write by hand for the same classes: one pass over the orders, two sorts.
PLAIN = """
create or replace temp table plain as
with sums as (
    select
        customer_id, max(order_date) as last_order, count(*) as orders,
        sum(net_amount) as amount
    from marts.orders
    where is_counted and customer_id is not null and order_date < $day and order_date >= $day - 365
    group by customer_id
)
select
    *, ceil(5 * cume_dist() over (order by last_order)) as r, ceil(5 * cume_dist() over (order by orders)) as f,
    ceil(5 * cume_dist() over (order by amount)) as m, sum(amount) over (order by amount desc) / sum(amount) over () as held
from sums
"""
CHANGED = """preset: retail
lifecycle: {lapsing_days: 80}
schemes:
  value_tier:
    hysteresis_points: 3
"""


def bench_segmentation(size: str) -> Figures:
    """A whole run on fresh sample data, a plan on it with other thresholds, then every insight table once more."""
    with tempfile.TemporaryDirectory() as folder:
        home = Home(Path(folder) / "home").ensure()
        generate(home, SIZES[size], DAYS, SEED, AS_OF, lambda step, share: None)
        variables = {**os.environ, "STRATA_HOME": str(home.root), "DAGSTER_HOME": str(home.dagster)}
        variables["STRATA_CONFIG"] = str(SHIPPED)
        strata, criteria = str(Path(sys.executable).parent / "strata"), Path(folder) / "criteria.yml"
        criteria.write_text(CHANGED, encoding="utf-8")
        whole = _timed([strata, "run"], variables)
        plan = _timed([strata, "plan", "--criteria", str(criteria)], variables)
        with warehouse.connect(home) as con:
            tables = _tables(con)
            plain = median(_plain(con) for _ in range(REPEATS))
    ours = tables["rfm_scores"] + tables["abc_classes"]
    share = plan / whole
    return {
        "whole run": _seconds(whole),
        "plan": _seconds(plan),
        "plan / whole run": {
            "value": share,
            "unit": "times",
            "goal": "at most 1/3",
            "ok": share <= LARGEST_PLAN_SHARE,
        },
        "all insight tables": _seconds(sum(tables.values())),
        **{f"insights: {name}": _seconds(seconds) for name, seconds in tables.items()},
        "plain DuckDB: RFM and ABC in one query": _seconds(plain),
        "RFM and ABC tables / plain query": {"value": ours / plain, "unit": "times", "goal": None, "ok": True},
    }


def _tables(con: duckdb.DuckDBPyConnection) -> dict[str, float]:
    """Seconds of each insight table, in the order in which they need each other."""
    settings, seconds = load_settings(SHIPPED), {}
    for name, compute in FUNCTIONS.items():
        started = monotonic()
        compute(con, AS_OF, settings)
        seconds[name] = monotonic() - started
    return seconds


def _plain(con: duckdb.DuckDBPyConnection) -> float:
    started = monotonic()
    con.execute(PLAIN, {"day": AS_OF})
    return monotonic() - started


def _timed(command: list[str], variables: dict[str, str]) -> float:
    started = monotonic()
    subprocess.run(command, env=variables, check=True, capture_output=True)
    return monotonic() - started


def _seconds(value: float) -> dict[str, object]:
    return {"value": round(value, 2), "unit": "s", "goal": None, "ok": True}
