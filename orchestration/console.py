"""The log lines of a headless run: one for each step that ends, with its time. Details stay in Dagster's event log."""

import logging
import sys

import dagster as dg


class _StepsOnly(logging.Filter):
    """Lets pass the ends of steps, and says them in few words."""

    def filter(self, record: logging.LogRecord) -> bool:
        event = getattr(record, "dagster_event", None)
        if event is None or not (event.is_step_success or event.is_step_failure):
            return False
        seconds = f"{event.step_success_data.duration_ms / 1000:6.1f} s" if event.is_step_success else "  FAILED"
        record.msg = f"{seconds}  {event.step_key}"
        return True


@dg.logger(config_schema=None, description="One line a step.")
def progress_logger(context: dg.InitLoggerContext) -> logging.Logger:
    logger = logging.Logger("strata", level=logging.DEBUG)
    handler = logging.StreamHandler(sys.stderr)
    handler.addFilter(_StepsOnly())
    logger.addHandler(handler)
    return logger
