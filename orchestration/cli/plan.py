"""`strata plan` and `strata apply`: who would move under changed criteria, and the move itself."""

import os
from datetime import UTC, datetime
from pathlib import Path

import dagster as dg
import pandas as pd
from rich.console import Console
from rich.table import Table

from orchestration import plans, statements
from orchestration.cli.decide import user
from orchestration.cli.instance import dagster_instance
from orchestration.cli.run import execute, failures_of, load_job
from orchestration.cli.summary import print_failure, print_summary
from orchestration.runlock import run_lock
from orchestration.serving import recover
from orchestration.serving.build import RESTRICTED
from orchestration.settings import Home, config_folder

console = Console()
TITLES = {
    "counts": "moves 变动", "workloads": "owners' workload 责任人工作量", "flapping": "flapping 频繁升降",
    "moves": "largest moves 金额最大的变动",
}  # fmt: skip


def show_plan(home: Home, criteria_file: Path | None, count_moves: int, names: bool) -> int:
    """Prints what would happen and the hash to apply. Returns 0, or 2 when there is nothing to plan on."""
    if names and not os.access(home.serving / RESTRICTED, os.R_OK):
        console.print(f"--names: {home.serving / RESTRICTED} cannot be read by this user: ask whoever may")
        return 2
    try:
        with run_lock(home, "strata plan"):
            plan = plans.make_plan(home, criteria_file)
    except plans.PlanRefused as refused:
        console.print(str(refused), style="red", highlight=False, soft_wrap=True)
        return 2
    console.print(
        f"as of {plan.ground.as_of}: criteria {plan.ground.criteria_version} → {plan.changed_version}", highlight=False
    )
    if plan.counts.empty:
        console.print("nobody would move 无人变动")
    else:
        _print("counts", plan.counts)
        _print("moves", plan.largest_moves(home, count_moves, masked=not names))
    _print("workloads", plan.workloads)
    _print("flapping", plan.flapping)
    console.print(f"nothing was changed. To put it into force: strata apply {plan.plan_id}", highlight=False)
    return 0


def apply_plan(home: Home, name: str) -> int:
    """Installs the criteria, computes the classes again and publishes. Returns 0; 1 when a check or step failed, and the old
    criteria stand again unless the new classes were published before that; 2 when the plan is refused."""
    with run_lock(home, "strata apply"):
        recover(home.serving)
        try:
            ground, changed, folder = plans.read_plan(home, name)
            plans.require_ground(home, ground)
        except plans.PlanRefused as refused:
            console.print(str(refused), style="red", highlight=False, soft_wrap=True)
            return 2
        before = plans.install(config_folder(), changed)
        try:
            result = _publish(home, ground, changed.criteria_version)
        except BaseException:
            plans.restore(before)
            raise
        for failure in failures_of(result):
            console.print(failure, style="red", highlight=False, soft_wrap=True)
        if not result.success and not print_failure(home, result.run_id):
            plans.restore(before)
            console.print("the criteria are those from before; run `strata run` to go on")
            return 1
        statements.keep_application(home, changed.criteria_version, folder.name, user(), datetime.now(UTC))
        differing = plans.count_differing(home, ground, folder)
        console.print(f"criteria {changed.criteria_version} are in force as of {ground.as_of}", highlight=False)
        if differing:
            console.print(
                f"{differing} customers are not where the plan said: tell whoever maintains Strata", style="red"
            )
    if result.success:
        print_summary(home)
    return 0 if result.success and not differing else 1


def _publish(home: Home, ground: plans.Ground, version: str) -> dg.ExecuteInProcessResult:
    """The insights of the day and the publication, by the job and with its checks."""
    plans.stand_at_now(home, ground, version)
    job = load_job()
    keys = [key for key in job.asset_layer.asset_graph.executable_asset_keys if key.path[0] in ("insights", "serving")]
    with dagster_instance(home) as instance:
        return execute(job, instance, {}, sorted(keys), ground.as_of)


def _print(kind: str, frame: pd.DataFrame) -> None:
    table = Table(title=TITLES[kind])
    for column in frame.columns:
        number = pd.api.types.is_numeric_dtype(frame[column])
        table.add_column(str(column), justify="right" if number else "left", overflow="fold")
    for row in frame.itertuples(index=False):
        table.add_row(*(_cell(value) for value in row))
    console.print(table)


def _cell(value: object) -> str:
    if value is None or value is pd.NA or value != value:
        return "—"
    return f"{value:,.2f}" if isinstance(value, float) else str(value)
