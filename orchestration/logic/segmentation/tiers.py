"""Tiers: one for each customer in each scheme, since when, and why.

The walk goes over the first days of the months before as_of and as_of itself, each scored on the facts before that day
only. Points are in scorecard.py, the walk in walk.py, the words in reasons.py.
"""

from datetime import date

import duckdb

from orchestration.logic.segmentation.features import make_history
from orchestration.logic.segmentation.grid import month_starts
from orchestration.logic.segmentation.reasons import missing_inputs, reason
from orchestration.logic.segmentation.scorecard import todays_features, weights_table
from orchestration.logic.segmentation.store import literal, replace_day
from orchestration.logic.segmentation.walk import Walk, code_of_rank, used_features, walk
from orchestration.settings.insights import InsightSettings


def customer_tiers(con: duckdb.DuckDBPyConnection, as_of: date, settings: InsightSettings) -> int:
    """Writes insights.customer_tiers of `as_of`, all schemes, from insights.customer_features and the marts. Returns
    the rows."""
    days = month_starts(as_of, settings.criteria.history.months)
    _make_history(con, days, as_of, settings)
    walks = {
        scheme_id: walk(con, str(place), scheme, "strata_history", [*days, as_of])
        for place, (scheme_id, scheme) in enumerate(settings.criteria.schemes_on(as_of).items())
    }
    query = " union all ".join(_rows(walked, scheme_id, as_of) for scheme_id, walked in walks.items())
    rows = replace_day(con, "customer_tiers", as_of, query, settings.criteria_version)
    for walked in walks.values():
        walked.drop(con)
    con.execute("drop table temp.strata_history")
    return rows


def _make_history(con: duckdb.DuckDBPyConnection, days: list[date], as_of: date, settings: InsightSettings) -> None:
    """The temporary table strata_history: the scored features on the grid days and on as_of."""
    used = used_features(settings.criteria)
    make_history(con, "strata_history", days, as_of, settings, used)
    columns = ", ".join(["as_of", "customer_id", *sorted(used)])
    con.execute(f"insert into strata_history select {columns} from ({todays_features(as_of)})")


def _rows(walked: Walk, scheme_id: str, as_of: date) -> str:
    """SQL of the day's rows: tier codes, reasons, missing inputs."""
    scheme = walked.scheme
    zh, en = reason(scheme, "zh"), reason(scheme, "en")
    return f"""
        select
            customer_id, {literal(scheme_id)} as scheme_id, {code_of_rank("rank", scheme)} as tier, total_points,
            {code_of_rank("natural_rank", scheme)} as points_tier, held_by, since as tier_since,
            {code_of_rank("previous_rank", scheme)} as previous_tier,
            reason_zh || ' / ' || reason_en as tier_reason, reason_zh as tier_reason_zh, reason_en as tier_reason_en,
            missing_inputs
        from (
            select
                t.*, {zh} as reason_zh, {en} as reason_en,
                {missing_inputs(scheme, walked.weights.get(as_of))} as missing_inputs
            from {walked.tiers} as t
            inner join {walked.scores} as s on s.customer_id = t.customer_id and s.as_of = t.as_of
            inner join {weights_table(walked.weights, len(scheme.criteria))} on w.as_of = t.as_of
            where t.as_of = {literal(as_of)}
        )
    """
