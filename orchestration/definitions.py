"""The code location: everything under `defs/`, with the resources that a caller may swap."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import dagster as dg

from orchestration.console import progress_logger
from orchestration.resources import default_resources


def build_defs(resources: Mapping[str, Any] | None = None) -> dg.Definitions:
    """All assets, checks, jobs, the schedule and the sensor, in one process a run."""
    return dg.Definitions.merge(
        dg.components.load_from_defs_folder(path_within_project=Path(__file__).parent),
        dg.Definitions(
            resources=resources or default_resources(),
            executor=dg.in_process_executor,
            loggers={"console": progress_logger},
        ),
    )


defs = build_defs()
