"""`strata run`: the schedule's job, headless, in this process. First what landed, then the rest for the day that follows from it."""

from datetime import date, datetime, timedelta
from time import monotonic
from typing import Any

import dagster as dg
from rich.console import Console

from orchestration.cli.instance import dagster_instance
from orchestration.cli.summary import print_summary
from orchestration.landing import last_event_day
from orchestration.resources import KNOWN_AT_TAG
from orchestration.runlock import run_lock
from orchestration.settings import Home, load_settings

console = Console()
OURS = {"SettingsErrors", "RunLocked", "WrongDay", "MissingTables", "VerificationFailed"}
CONSOLE = {"loggers": {"console": {"config": {}}}}  # one line a step, in place of every event


def run_job(home: Home, as_of: date | None, known_at: str | None, full_refresh: bool) -> int:
    """Runs `daily_refresh` and says where to look. Returns the exit code: 0, 1 when a step or check failed, 2 when there is
    nothing to run on."""
    started = monotonic()
    settings = load_settings()
    tags = {KNOWN_AT_TAG: datetime.fromisoformat(known_at).astimezone().isoformat()} if known_at else {}
    with run_lock(home, "strata run"):
        if full_refresh:
            home.warehouse.unlink(missing_ok=True)
        with console.status("loading the code location"):
            job = _job()
        loaded = monotonic()
        with dagster_instance(home) as instance:
            landed = job.execute_in_process(
                CONSOLE, instance=instance, asset_selection=_raw_blocks(job), tags=tags, raise_on_error=False
            )
            last_day = last_event_day(home, settings.sources)
            day = as_of or (last_day + timedelta(days=1) if last_day else None)
            if day is None:
                console.print(
                    f"nothing has landed yet: put files under {home.landing}, or write samples with `strata demo`"
                )
                return 2
            result = landed.success and job.execute_in_process(
                CONSOLE,
                instance=instance,
                partition_key=day.isoformat(),
                asset_selection=_other_assets(job),
                tags=tags,
                raise_on_error=False,
            )
            passed = bool(result) and result.success
            failures = [] if passed else failures_of(result if landed.success else landed)
    console.print(
        f"\nas of {day}: {'done' if passed else 'FAILED'} in {monotonic() - started:.1f} s ({loaded - started:.1f} s to load)"
    )
    for failure in failures:
        console.print(f"[red]{failure}[/red]", highlight=False)
    print_summary(home, passed)
    return 0 if passed else 1


def failures_of(result: dg.ExecuteInProcessResult) -> list[str]:
    """One line a failed check (table, rule, observed, bound), and one a failed step or run."""
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
    runs = [f"run failed: {_cause(event.event_specific_data.error)}" for event in result.all_events if event.is_run_failure]
    return checks + (steps or runs)


def _cause(error: Any) -> str:
    """What went wrong, by the innermost error. Foreign messages may quote values of rows, so only ours are shown."""
    while error and error.cause:
        error = error.cause
    name = str(error.cls_name) if error else "unknown error"
    return error.message.strip() if name in OURS else f"{name} (the run's page in the UI has the details)"


def _job() -> dg.JobDefinition:
    from orchestration.definitions import defs  # here, for it takes seconds

    return defs.resolve_job_def("daily_refresh")


def _raw_blocks(job: dg.JobDefinition) -> list[dg.AssetKey]:
    graph = job.asset_layer.asset_graph
    return sorted(key for key in graph.executable_asset_keys if graph.get(key).partitions_def is None)


def _other_assets(job: dg.JobDefinition) -> list[dg.AssetKey]:
    graph = job.asset_layer.asset_graph
    return sorted(key for key in graph.executable_asset_keys if graph.get(key).partitions_def is not None)
