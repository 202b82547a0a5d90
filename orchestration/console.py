"""The log lines of a headless run: one for each step that ends, with its time. Details stay in Dagster's event log."""

import logging

import dagster as dg
from dagster import DagsterEventType
from rich.console import Console
from rich.logging import RichHandler


class _StepsOnly(logging.Filter):
    """Lets pass what an operator reads: ends of steps, and warnings or errors that the code itself logged."""

    def filter(self, record: logging.LogRecord) -> bool:
        event = getattr(record, "dagster_event", None) or getattr(record, "dagster_meta", {}).get("dagster_event")
        if event is None:
            return record.levelno >= logging.WARNING
        if event.event_type == DagsterEventType.STEP_SUCCESS:
            seconds = event.step_success_data.duration_ms / 1000
            record.msg = f"{seconds:6.1f} s  {event.step_key}"
            return True
        if event.event_type == DagsterEventType.STEP_FAILURE:
            record.msg = f"  FAILED  {event.step_key}"
            return True
        return False


@dg.logger(config_schema={"quiet": dg.Field(bool, default_value=False)}, description="One line a step.")
def progress_logger(context: dg.InitLoggerContext) -> logging.Logger:
    logger = logging.Logger("strata", level=logging.DEBUG)
    handler = RichHandler(console=Console(stderr=True), show_path=False, show_level=False, markup=False)
    handler.addFilter(_StepsOnly())
    if not context.logger_config.get("quiet"):
        logger.addHandler(handler)
    return logger
