"""Dagster's instance of one home: initialised once, with the settings of `orchestration/dagster.yaml`."""

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import dagster as dg

from orchestration.settings import Home

DAGSTER_YAML = Path(__file__).resolve().parents[1] / "dagster.yaml"


def prepare_dagster_home(home: Home) -> None:
    """Puts the shipped settings into DAGSTER_HOME, which they refer to by its name, so that a home may be moved."""
    shutil.copyfile(DAGSTER_YAML, home.dagster / "dagster.yaml")
    os.environ["DAGSTER_HOME"] = str(home.dagster)


@contextmanager
def dagster_instance(home: Home) -> Iterator[dg.DagsterInstance]:
    """The home's instance. The caller holds the run lock when the home may be fresh: a first start is not safe side by side."""
    prepare_dagster_home(home)
    with dg.DagsterInstance.from_config(str(home.dagster)) as instance:
        end_dead_runs(instance)
        yield instance


def end_dead_runs(instance: dg.DagsterInstance) -> None:
    """Marks runs as failed whose process was killed: they would hold the queue's one place for hours.

    A live run holds the run lock, and the caller has it.
    """
    for run in instance.get_runs(dg.RunsFilter(statuses=[dg.DagsterRunStatus.STARTING, dg.DagsterRunStatus.STARTED])):
        instance.report_run_failed(run, "The process of this run was killed. Nothing was published; run the day again.")
