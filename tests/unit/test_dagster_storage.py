"""Runs and events in files whose connections stay open: nothing is lost, nobody waits in vain, few files are open."""

from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path
from unittest.mock import Mock

import dagster as dg
import pytest
from dagster._core.test_utils import create_run_for_test

from orchestration.cli.instance import dagster_instance
from orchestration.dagster_storage import MOST_FILES, Events, Runs
from orchestration.settings import Home
from tests.conftest import environment

WRITERS, MESSAGES = 4, 60


@pytest.fixture(autouse=True)
def own_environment() -> Iterator[None]:
    """An instance sets DAGSTER_HOME for its process; the next test has its own."""
    with environment():
        yield


def tell(folder: str) -> str:
    """A process of its own that writes a run and MESSAGES events; its run id."""
    with dg.DagsterInstance.from_config(folder) as instance:
        run = create_run_for_test(instance, status=dg.DagsterRunStatus.STARTED)
        for number in range(MESSAGES - 1):
            instance.report_engine_event(f"message {number}", run)
        instance.report_run_failed(run, "ends here")  # this one goes to the index too
    return run.run_id


def count_events(instance: dg.DagsterInstance, run_id: str) -> int:
    return len(instance.all_logs(run_id))


def test_instance_when_opened_again_then_what_was_stored_is_there_in_whole_files(tmp_path: Path) -> None:
    home = Home(tmp_path / "a \"home\" # with 'signs'").ensure()
    with dagster_instance(home) as instance:
        assert isinstance(instance.run_storage, Runs)
        assert isinstance(instance.event_log_storage, Events)
        run_id = tell(str(home.dagster))
    assert [path.name for path in home.dagster.rglob("*.db-*")] == []
    moved = Home(home.root.rename(tmp_path / "moved"))
    with dagster_instance(moved) as instance:
        assert count_events(instance, run_id) == MESSAGES
        assert instance.get_run_by_id(run_id).status == dg.DagsterRunStatus.FAILURE


def test_events_when_many_runs_are_asked_for_then_few_files_stay_open(tmp_path: Path) -> None:
    home = Home(tmp_path / "home").ensure()
    with dagster_instance(home) as instance:
        runs = [create_run_for_test(instance) for _ in range(MOST_FILES + 5)]
        for _ in range(2):
            for run in runs:
                instance.report_engine_event("once", run)
        assert [count_events(instance, run.run_id) for run in runs] == [2] * len(runs)
        storage = instance.event_log_storage
        assert isinstance(storage, Events)
        assert len(storage._engines) <= MOST_FILES


def test_events_when_a_file_cannot_be_made_then_the_next_call_makes_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    home = Home(tmp_path / "home").ensure()
    with dagster_instance(home) as instance:
        run = create_run_for_test(instance)
        with monkeypatch.context() as patch:
            patch.setattr(Events, "_initdb", Mock(side_effect=OSError("disk full")))
            with pytest.raises(OSError, match="disk full"):
                instance.report_engine_event("lost", run)
        instance.report_engine_event("kept", run)
        assert [entry.message for entry in instance.all_logs(run.run_id)] == ["kept"]


def test_events_when_wiped_then_a_run_told_of_later_is_kept(tmp_path: Path) -> None:
    home = Home(tmp_path / "home").ensure()
    with dagster_instance(home) as instance:
        run = create_run_for_test(instance)
        instance.report_engine_event("before", run)
        instance.event_log_storage.wipe()
        instance.report_engine_event("after", run)
        assert [entry.message for entry in instance.all_logs(run.run_id)] == ["after"]
    with dagster_instance(home) as instance:
        assert count_events(instance, run.run_id) == 1


def test_events_when_several_processes_write_at_once_then_all_are_there(tmp_path: Path) -> None:
    home = Home(tmp_path / "home").ensure()
    with dagster_instance(home) as instance:
        with ProcessPoolExecutor(WRITERS, get_context("spawn")) as pool:
            run_ids = list(pool.map(tell, [str(home.dagster)] * WRITERS))
        assert [count_events(instance, run_id) for run_id in run_ids] == [MESSAGES] * WRITERS
        failed = instance.get_runs(dg.RunsFilter(statuses=[dg.DagsterRunStatus.FAILURE]))
        assert {run.run_id for run in failed} == set(run_ids)
