"""What each customer was expected to bring in when each month began: the estimates of clv_estimates on that day.

The models are fitted anew to what was known before the day, so that an evaluation of a past day needs no earlier run and
what came later changes no expectation.
"""

from datetime import date

import duckdb

from orchestration.logic.clv.estimates import estimates
from orchestration.logic.clv.fit import fitted
from orchestration.logic.clv.history import drop_history, make_history
from orchestration.logic.clv.margins import drop_margins, make_margins
from orchestration.logic.effects.periods import complete_months
from orchestration.logic.segmentation.features import drop_temporary
from orchestration.logic.segmentation.grid import make_grid
from orchestration.logic.segmentation.purchases import make_purchases
from orchestration.logic.segmentation.store import literal
from orchestration.settings.insights import InsightSettings


def make_expected(con: duckdb.DuckDBPyConnection, as_of: date, settings: InsightSettings) -> None:
    """The temporary table strata_month_values: period, customer_id, clv, of who had bought before the month began."""
    con.execute(
        "create or replace temp table strata_month_values (period varchar, customer_id varchar, clv decimal(28, 4))"
    )
    for period, start, _ in complete_months(as_of, settings.criteria.effects.months):
        make_grid(con, [start], settings.criteria.window_days)
        make_purchases(con)
        make_history(con, start)
        make_margins(con, start, settings.criteria.clv)
        model = fitted(con, settings.criteria.clv)
        fits = None if model.reason or not (model.orders and model.amounts) else (model.orders, model.amounts)
        with estimates(con, fits, settings, "strata_purchases") as query:
            con.execute(
                f"insert into strata_month_values select {literal(period)}, customer_id, clv from ({query}) where clv <> 0"
            )
    drop_history(con)
    drop_margins(con)
    drop_temporary(con)
