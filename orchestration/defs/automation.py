"""When things run: the one job, its schedule, the sensor on the landing folder; and who hears of a run that failed."""

from collections.abc import Iterator
from hashlib import sha256

import dagster as dg

from orchestration.defs.partitions import DAYS
from orchestration.delivery import NotSent, send
from orchestration.delivery.senders import Text
from orchestration.landing import pending_files
from orchestration.resources import location_settings
from orchestration.settings import Home

SETTLE_SECONDS = 30  # a file untouched for so long is taken to be whole

daily_refresh = dg.define_asset_job(
    "daily_refresh",
    selection=dg.AssetSelection.all(),
    partitions_def=DAYS,
    description="Landing to publication for one as-of day.",
    tags={"dagster/max_retries": "1", "dagster/max_runtime": "14400"},
)


@dg.schedule(
    job=daily_refresh,
    cron_schedule="0 6 * * *",
    execution_timezone=DAYS.timezone,
    default_status=dg.DefaultScheduleStatus.RUNNING,
)
def daily_at_six(context: dg.ScheduleEvaluationContext) -> dg.RunRequest:
    """Every morning: the whole job as of the day that has just begun, business time."""
    day = context.scheduled_execution_time.strftime("%Y-%m-%d")
    return dg.RunRequest(run_key=day, partition_key=day)


@dg.sensor(job=daily_refresh, minimum_interval_seconds=60, default_status=dg.DefaultSensorStatus.RUNNING)
def landing_folder(context: dg.SensorEvaluationContext) -> Iterator[dg.RunRequest | dg.SkipReason]:
    """Files that wait in the landing folder are landed soon; the tables follow with the next refresh."""
    # Not through the pipeline resource: looking must not take the writer's lock.
    waiting = pending_files(Home.from_environment(), location_settings().sources, SETTLE_SECONDS)
    if not waiting:
        yield dg.SkipReason("no settled file waits in the landing folder")
        return
    names = sorted(f"{path}:{path.stat().st_mtime_ns}" for paths in waiting.values() for path in paths)
    yield dg.RunRequest(
        run_key=sha256("\n".join(names).encode()).hexdigest(),
        asset_selection=[dg.AssetKey([source, block]) for source, block in sorted(waiting)],
    )


@dg.run_failure_sensor(default_status=dg.DefaultSensorStatus.RUNNING)
def run_failed(context: dg.RunFailureSensorContext) -> None:
    """Tells the operators of notifications.yml which steps failed. Error texts stay in the UI: they may quote rows."""
    notifications, run = location_settings().notifications, context.dagster_run
    steps = sorted(event.step_key for event in context.get_step_failure_events() if event.step_key)
    day = run.tags.get("dagster/partition", "-")
    text = Text(
        run.run_id,
        f"Strata 运行失败 run failed · {run.job_name} · {day}",
        f"失败的步骤 failed steps: {', '.join(steps) or '-'}\n运行 run: {run.run_id}\n"
        "读者仍看到上一次成功发布的状态 / readers still see the last good state",
    )
    for place in notifications.operators:
        try:
            send(place, text, notifications.smtp, notifications.retry)
        except NotSent as problem:
            context.log.warning(f"no word to {place.code}: {problem}")
