"""`strata bench segmentation`: what each insight table costs, RFM and ABC against one plain SQL query over the orders, and a plan
against the full run it saves."""

from functools import partial
from statistics import median

import duckdb

from orchestration import warehouse
from orchestration.cli.bench_figures import Figures, at_most, figure, seconds, seconds_of
from orchestration.cli.bench_sample import AS_OF, fresh_sample
from orchestration.logic.segmentation.catalogue import FUNCTIONS
from orchestration.settings import load_settings
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
    with fresh_sample(size) as sample:
        criteria = sample.folder / "criteria.yml"
        criteria.write_text(CHANGED, encoding="utf-8")
        whole = sample.strata("run")
        plan = sample.strata("plan", "--criteria", str(criteria))
        with warehouse.connect(sample.home) as con:
            tables = _tables(con)
            plain = median(seconds_of(lambda: con.execute(PLAIN, {"day": AS_OF})) for _ in range(REPEATS))
    ours = tables["rfm_scores"] + tables["abc_classes"]
    return {
        "whole run": seconds(whole),
        "plan": seconds(plan),
        "plan / whole run": at_most(plan / whole, "times", LARGEST_PLAN_SHARE),
        "all insight tables": seconds(sum(tables.values())),
        **{f"insights: {name}": seconds(spent) for name, spent in tables.items()},
        "plain DuckDB: RFM and ABC in one query": seconds(plain),
        "RFM and ABC tables / plain query": figure(ours / plain, "times"),
    }


def _tables(con: duckdb.DuckDBPyConnection) -> dict[str, float]:
    """Seconds of each insight table, in the order in which they need each other."""
    settings = load_settings(SHIPPED)
    return {name: seconds_of(partial(compute, con, AS_OF, settings)) for name, compute in FUNCTIONS.items()}
