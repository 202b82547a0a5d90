"""The job that plans: who would move under changed criteria, shown as metadata of its run. It changes nothing."""

from pathlib import Path

import dagster as dg
import pandas as pd

from orchestration import plans
from orchestration.resources import Pipeline

SHOWN = 200


class PlanConfig(dg.Config):
    """`criteria`: path of the changed criteria.yml; absent: that of the configuration against the published one."""

    criteria: str | None = None


def as_table(frame: pd.DataFrame) -> dg.TableMetadataValue:
    """The first rows of a frame, whatever their types, with their columns."""
    rows = [
        dg.TableRecord({str(name): None if pd.isna(value) else str(value) for name, value in row.items()})
        for row in frame.head(SHOWN).to_dict("records")
    ]
    return dg.MetadataValue.table(rows, dg.TableSchema([dg.TableColumn(str(name)) for name in frame.columns]))


@dg.op(description="Computes the plan and keeps it; apply it with `strata apply`.", pool="warehouse")
def plan_criteria(context: dg.OpExecutionContext, config: PlanConfig, pipeline: Pipeline) -> None:
    plan = plans.make_plan(pipeline.home, Path(config.criteria) if config.criteria else None)
    context.add_output_metadata(
        {
            "plan": plan.plan_id,
            "apply": f"strata apply {plan.plan_id}",
            "as_of": str(plan.ground.as_of),
            "criteria": f"{plan.ground.criteria_version} → {plan.changed_version}",
            "moves": as_table(plan.counts),
            "workloads": as_table(plan.workloads),
            "flapping": as_table(plan.flapping),
        }
    )


@dg.job(description="Who would move under changed criteria: counts, revenue, workload, flapping. Changes nothing.")
def criteria_plan() -> None:
    plan_criteria()
