"""The tables of insights, partitioned by day: a backfill of a day computes that day again.

They are one step, so that its checks stand between all of them and the publication. The tables and what they read are listed in
`logic/segmentation/catalogue.py`, their words in dbt's `models/insights.yml`.
"""

import json
from base64 import b64encode
from collections.abc import Iterator
from datetime import date
from functools import cache
from time import monotonic
from typing import Any

import dagster as dg
import duckdb

from orchestration.defs.partitions import DAYS, ONE_DAY_A_RUN
from orchestration.defs.teams import ANALYTICS_TEAM
from orchestration.defs.transform.dbt import PROJECT, dbt_marts
from orchestration.logic.segmentation.catalogue import FUNCTIONS, NEEDS
from orchestration.resources import Pipeline, as_of
from orchestration.settings.insights import InsightSettings

GATE = sorted(key for key in dbt_marts.keys if key.path[0] == "marts")
# What an operator sees of a table at a glance: how its customers divide.
OVERVIEW = {
    "rfm_scores": "rfm_segment",
    "abc_classes": "abc_class",
    "lifecycle_states": "lifecycle",
    "customer_tiers": "tier",
    "cluster_segments": "cluster_label",
    "clv_estimates": "model",
    "lead_scores": "band",
    "purchase_stages": "stage",
    "customer_tags": "rule_id",
    "customer_tag_spells": "dimension",
    "place_sums": "level",
    "churn_models": "kind",
    "churn_scores": "model",
    "churn_warnings": "state",
    "customer_tier_table": "tier",
    "next_categories": "method",
    "audience_members": "outcome",
    "effect_evaluation": "verdict",
    "effect_cube": "is_small",
    "criteria_changes": "verdict",
    "conversion_drivers": "verdict",
    "threshold_advice": "verdict",
    "feature_drift": "verdict",
    "feedback_themes": "theme",
}


class WrongDay(Exception):
    """The marts stand at another day than the one asked for."""


def require_marts_of(con: duckdb.DuckDBPyConnection, day: date) -> None:
    """Raises WrongDay unless the marts were built as of `day`: insights of a day need the profiles of that day."""
    (built,) = con.execute("select as_of from control.run").fetchall()[0]
    if built != day:
        raise WrongDay(
            f"the marts stand at {built}, not {day}; run the job daily_refresh for {day}, or its assets from raw/ on"
        )


def overview(con: duckdb.DuckDBPyConnection, name: str, column: str, day: date) -> dg.TableMetadataValue:
    """How the day's rows divide by `column`: counts and shares."""
    rows = con.execute(
        f"select {column}, count(*), round(count(*) / sum(count(*)) over (), 4) from insights.{name} "
        f"where as_of = $day group by 1 order by 2 desc, 1",
        {"day": day},
    ).fetchall()
    records = [dg.TableRecord({column: str(value), "rows": count, "share": share}) for value, count, share in rows]
    columns = [dg.TableColumn(column), dg.TableColumn("rows", "int"), dg.TableColumn("share", "float")]
    return dg.MetadataValue.table(records, dg.TableSchema(columns))  # the schema: a table may be empty


def churn_picture(con: duckdb.DuckDBPyConnection, day: date, settings: InsightSettings) -> dict[str, Any]:
    """The figures of value and churn as one picture; nothing while there are too few customers for any."""
    # Altair takes a second to load: a process that draws nothing need not wait for it.
    from orchestration.reports.charts import has_chinese_font, png
    from orchestration.reports.churn_figures import churn_figures
    from orchestration.reports.figures import bilingual

    # A picture can show Chinese only with a font of this machine.
    say = bilingual if has_chinese_font() else lambda _, en: en
    figures = churn_figures(con, "insights", day, settings, say)
    drawn = [(say(figure.zh, figure.en), figure.chart) for figure in figures if figure.chart is not None]
    if not drawn:
        return {}
    picture = b64encode(png(drawn)).decode("ascii")
    return {"figures": dg.MetadataValue.md(f"![value and churn](data:image/png;base64,{picture})")}


@cache
def documentation() -> dict[str, Any]:
    """The documented insight tables, by name."""
    sources = json.loads(PROJECT.manifest_path.read_text(encoding="utf-8"))["sources"]
    return {source["name"]: source for source in sources.values() if source["source_name"] == "insights"}


def column_schema(documented: dict[str, Any]) -> dg.TableSchema:
    """The columns with their meaning in both languages."""
    return dg.TableSchema(
        [
            dg.TableColumn(
                column["name"],
                column["data_type"] or "?",
                description=f"{column['description']} {column['config']['meta'].get('label_zh', '')}",
            )
            for column in documented["columns"].values()
        ]
    )


def insight_spec(name: str) -> dg.AssetSpec:
    """The asset `insights/<name>` with the words of its table and columns."""
    documented = documentation()[name]
    return dg.AssetSpec(
        ["insights", name],
        deps=[*GATE, *(["insights", needed] for needed in NEEDS[name])],
        group_name="insights",
        kinds={"python", "duckdb"},
        owners=ANALYTICS_TEAM,
        description=documented["description"],
        metadata={"dagster/column_schema": column_schema(documented), "dagster/table_name": f"strata.insights.{name}"},
    )


@dg.multi_asset(
    specs=[insight_spec(name) for name in FUNCTIONS],
    partitions_def=DAYS,
    backfill_policy=ONE_DAY_A_RUN,
    pool="warehouse",
)
def insight_tables(context: dg.AssetExecutionContext, pipeline: Pipeline) -> Iterator[dg.MaterializeResult]:
    """Computes each table in the order in which they need each other, and replaces the rows of the day."""
    day, settings = as_of(context), pipeline.settings
    with pipeline.connect() as con:
        require_marts_of(con, day)
        for name, compute in FUNCTIONS.items():
            started = monotonic()
            metadata: dict[str, Any] = {"dagster/partition_row_count": compute(con, day, settings)}
            metadata["seconds"] = round(monotonic() - started, 3)
            if name in OVERVIEW:
                metadata["overview"] = overview(con, name, OVERVIEW[name], day)
            if name == "churn_backtest":
                metadata |= churn_picture(con, day, settings)
            yield dg.MaterializeResult(asset_key=["insights", name], metadata=metadata)
