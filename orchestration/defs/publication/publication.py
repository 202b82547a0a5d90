"""The last asset: what passed every check is built aside, verified and swapped in for the readers."""

import dagster as dg

from orchestration import statements
from orchestration.defs.insights.tables import GATE as MARTS
from orchestration.defs.partitions import DAYS, ONE_DAY_A_RUN
from orchestration.defs.teams import DATA_TEAM
from orchestration.logic.segmentation.catalogue import FUNCTIONS
from orchestration.resources import Pipeline, as_of
from orchestration.serving import publish


@dg.asset(
    key=["serving", "publication"],
    deps=[*MARTS, *(["insights", name] for name in FUNCTIONS)],
    group_name="serving",
    kinds={"duckdb", "parquet"},
    owners=DATA_TEAM,
    description="The published tables and the one row that says what they are: day, run, criteria, counts, hashes.",
    partitions_def=DAYS,
    backfill_policy=ONE_DAY_A_RUN,
    pool="warehouse",
)
def publication(context: dg.AssetExecutionContext, pipeline: Pipeline) -> dg.MaterializeResult:
    report = publish(
        pipeline.home,
        as_of=as_of(context),
        run_id=context.run_id,
        criteria_version=pipeline.settings.criteria_version,
        is_backfill="dagster/backfill" in context.run.tags,
    )
    with pipeline.connect(read_only=True) as con:
        statements.keep(pipeline.home, con, pipeline.settings)
    return dg.MaterializeResult(
        metadata={
            "tables": dg.MetadataValue.table(
                [dg.TableRecord({"table": name, "rows": rows}) for name, rows in report.counts.items()]
            ),
            "publication": report.publication_id,
            "readers": dg.MetadataValue.path(str(report.database)),
        }
    )
