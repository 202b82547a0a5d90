"""effect_evaluation: the metrics of classes month by month, and what interventions changed, in one table.

The months come from monthly.py, the comparison with untreated customers from interventions.py.
"""

from datetime import date

import duckdb

from orchestration.logic.effects.interventions import effects_of_interventions
from orchestration.logic.effects.monthly import TEMPORARY, monthly
from orchestration.logic.effects.verdicts import words
from orchestration.logic.segmentation.store import replace_day
from orchestration.settings.insights import InsightSettings


def effect_evaluation(con: duckdb.DuckDBPyConnection, as_of: date, settings: InsightSettings) -> int:
    """Writes insights.effect_evaluation of `as_of`. Grain: period (a month or the code of an intervention), scheme_id,
    class, metric. Needs insights.tier_history. Returns the rows."""
    parts = [monthly(con, as_of, settings), *effects_of_interventions(con, as_of, settings)]
    told = " union all by name ".join(f"from ({part})" for part in [_SHAPE, *parts])
    query = f"select *, {words('verdict')} from ({told})"
    rows = replace_day(con, "effect_evaluation", as_of, query, settings.criteria_version)
    for name in TEMPORARY:
        con.execute(f"drop table temp.strata_{name}")
    return rows


# The columns that one of the parts may lack.
_SHAPE = """
select
    cast(null as decimal(28, 4)) as value_control, cast(null as decimal(28, 4)) as value_control_before,
    cast(null as decimal(28, 4)) as low, cast(null as decimal(28, 4)) as high, cast(null as varchar) as verdict,
    cast(null as bigint) as count_control
where false
"""
