"""A run whose process was killed does not stay started for good."""

from pathlib import Path

import dagster as dg
from dagster._core.test_utils import create_run_for_test

from orchestration.cli.instance import dagster_instance
from orchestration.settings import Home
from tests.conftest import installation


def test_dead_run_is_failed_at_the_next_start_and_others_stay(tmp_path: Path) -> None:
    home = Home(tmp_path / "home").ensure()
    with installation(home), dagster_instance(home) as instance:
        dead = create_run_for_test(instance, status=dg.DagsterRunStatus.STARTED)
        done = create_run_for_test(instance, status=dg.DagsterRunStatus.SUCCESS)
        waiting = create_run_for_test(instance, status=dg.DagsterRunStatus.NOT_STARTED)
    with installation(home), dagster_instance(home) as instance:
        statuses = [instance.get_run_by_id(run.run_id).status for run in (dead, done, waiting)]
    assert statuses == [dg.DagsterRunStatus.FAILURE, dg.DagsterRunStatus.SUCCESS, dg.DagsterRunStatus.NOT_STARTED]
