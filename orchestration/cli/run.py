"""`strata run`: the schedule's job, headless, in this process.

First what landed, then the rest for the day that follows from it.
"""

import os
from contextlib import redirect_stdout
from datetime import date, datetime, timedelta
from pathlib import Path
from time import monotonic
from typing import Any

import dagster as dg
from rich.console import Console

from orchestration.cli.instance import dagster_instance
from orchestration.cli.report import write_report
from orchestration.cli.summary import print_failure, print_summary
from orchestration.defs.partitions import DAYS, FIRST_DAY
from orchestration.landing import last_event_day
from orchestration.resources import KNOWN_AT_TAG, MODEL_TAG
from orchestration.runlock import run_lock
from orchestration.serving import recover
from orchestration.settings import Home, load_settings
from orchestration.warehouse import MEMORY_LIMIT

console = Console()
OURS = {
    "SettingsErrors", "LabelsRefused", "KeptLinesDamaged", "ModelRefused", "RunLocked", "WrongDay", "MissingTables",
    "VerificationFailed", "SuppressionUnusable", "ErasureUnfinished", "DeliveryFailed",
}  # fmt: skip
CONSOLE: dict[str, Any] = {"loggers": {"console": {"config": {}}}}  # one line a step, in place of every event


def run_job(home: Home, as_of: date | None, known_at: datetime | None, full_refresh: bool) -> int:
    """Runs `daily_refresh` and says where to look.

    Returns the exit code: 0, 1 when a step or check failed, 2 when there is nothing to run on.
    """
    started = monotonic()
    settings = load_settings()
    tags = {KNOWN_AT_TAG: known_at.isoformat()} if known_at else {}
    with run_lock(home, "strata run"):
        recover(home.serving)  # completes or drops a publication that a kill cut short
        if full_refresh:
            for path in home.warehouse.parent.glob("*"):
                path.unlink()
        with console.status("loading the code location"):
            job = load_job()
        loaded = monotonic()
        with dagster_instance(home) as instance:
            landed = result = execute(job, instance, tags, _assets(job, partitioned=False))
            day = as_of or _day_after(last_event_day(home, settings.sources))
            if day is None:
                console.print(f"nothing landed yet: put files under {home.landing}, or write samples: `strata demo`")
                return 2
            if not DAYS.has_partition_key(day.isoformat()):
                console.print(f"no run can be about {day}: allowed are {FIRST_DAY} to the day after tomorrow")
                return 2
            if result.success:
                result = execute(job, instance, tags, _assets(job, partitioned=True), day)
    outcome = "done" if result.success else "FAILED"
    console.print(f"\nas of {day}: {outcome} in {monotonic() - started:.1f} s ({loaded - started:.1f} s to load)")
    for failure in failures_of(result):
        console.print(failure, style="red", highlight=False, soft_wrap=True)
    write_report(home, str(day), [landed] if result is landed else [landed, result])
    if not result.success:
        print_failure(home, result.run_id)
        return 1
    print_summary(home)
    return 0


def run_day(home: Home, day: date, known_at: datetime, model: str | None) -> int:
    """Runs all of `daily_refresh` that follows from what has landed, for one day: nothing lands. `model`: the linking model,
    learned anew by default. Returns 0, or 1 when a step or check failed. The caller holds the run lock."""
    tags = {KNOWN_AT_TAG: known_at.isoformat()} | ({MODEL_TAG: model} if model else {})
    with console.status("loading the code location"):
        job = load_job()
    with dagster_instance(home) as instance:
        result = execute(job, instance, tags, _assets(job, partitioned=True), day)
    for failure in failures_of(result):
        console.print(failure, style="red", highlight=False, soft_wrap=True)
    write_report(home, str(day), [result])
    return 0 if result.success else 1


def failures_of(result: dg.ExecuteInProcessResult) -> list[str]:
    """Of a failed run: one line a failed check (table, rule, observed, bound), and one a failed step or run."""
    if result.success:
        return []
    checks = [
        f"check failed: {evaluation.description or evaluation.check_name}"
        for evaluation in result.get_asset_check_evaluations()
        if not evaluation.passed and evaluation.severity == dg.AssetCheckSeverity.ERROR
    ]
    steps = [
        f"step failed: {event.step_key}: {_cause(event.step_failure_data.error)}"
        for event in result.all_events
        if event.is_step_failure
    ]
    runs = [
        f"run failed: {_cause(event.job_failure_data.error)}" for event in result.all_events if event.is_run_failure
    ]
    return checks + (steps or runs)


def _cause(error: Any) -> str:
    """What went wrong, by the innermost error. Foreign messages may quote values of rows, so only ours are shown."""
    while error and error.cause:
        error = error.cause
    name = str(error.cls_name) if error else "unknown error"
    if name == "OutOfMemoryException":
        return f"DuckDB needs more memory than the {MEMORY_LIMIT} it may take: set STRATA_MEMORY higher and run again"
    return error.message.strip() if name in OURS else f"{name} (the run's page in the UI has the details)"


def load_job() -> dg.JobDefinition:
    """The job daily_refresh."""
    from orchestration.definitions import build_defs  # here, for it takes seconds

    return build_defs().resolve_job_def("daily_refresh")


def _assets(job: dg.JobDefinition, *, partitioned: bool) -> list[dg.AssetKey]:
    """The raw assets are not partitioned, all others are: only what landed tells the day."""
    graph = job.asset_layer.asset_graph
    return sorted(key for key in graph.executable_asset_keys if bool(graph.get(key).partitions_def) == partitioned)


def _day_after(day: date | None) -> date | None:
    return day + timedelta(days=1) if day else None


def execute(
    job: dg.JobDefinition,
    instance: dg.DagsterInstance,
    tags: dict[str, str],
    assets: list[dg.AssetKey],
    day: date | None = None,
) -> dg.ExecuteInProcessResult:
    """Materialises `assets` (of the partition `day`) with their checks, in this process."""
    with Path(os.devnull).open("w") as silence, redirect_stdout(silence):  # dbt prints each line; its log has them too
        return job.execute_in_process(
            CONSOLE,
            instance=instance,
            partition_key=day.isoformat() if day else None,
            asset_selection=assets,
            tags=tags,
            raise_on_error=False,
        )
