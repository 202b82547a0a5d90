"""The files for people, written after the publication and from it: workbooks, CSV, audiences, pages."""

import dagster as dg

from orchestration.defs.partitions import DAYS, ONE_DAY_A_RUN
from orchestration.defs.teams import DATA_TEAM
from orchestration.reports import write_reports
from orchestration.resources import Pipeline


@dg.asset(
    key=["serving", "reports"],
    deps=[["serving", "publication"]],
    group_name="serving",
    kinds={"excel", "csv"},
    owners=DATA_TEAM,
    description="Tier table, owners' lists, audiences, criteria, churn, effects and dictionary of what is published now.",
    partitions_def=DAYS,
    backfill_policy=ONE_DAY_A_RUN,
    pool="warehouse",
)
def reports(pipeline: Pipeline) -> dg.MaterializeResult:
    written = write_reports(pipeline.home, pipeline.settings)
    return dg.MaterializeResult(
        metadata={
            "files": dg.MetadataValue.table(
                [dg.TableRecord({"file": name, "bytes": size}) for name, size in written.files.items()]
            ),
            "publication": written.publication_id,
            "as_of": str(written.as_of),
            "folder": dg.MetadataValue.path(str(written.folder)),
            "seconds": written.seconds,
        }
    )
