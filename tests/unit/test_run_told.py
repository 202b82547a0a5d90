"""What `strata run` says of a failed run: the cause in our words, and what readers see."""

from datetime import date
from pathlib import Path

import dagster as dg
import duckdb
import pytest

from orchestration.cli.run import failures_of
from orchestration.cli.summary import print_failure
from orchestration.settings import Home
from orchestration.warehouse import MEMORY_LIMIT


def failed(error: Exception) -> dg.ExecuteInProcessResult:
    @dg.asset
    def unlucky() -> None:
        raise error

    job = dg.Definitions([unlucky]).resolve_implicit_global_asset_job_def()
    return job.execute_in_process(raise_on_error=False)


def test_failures_when_memory_ends_then_the_setting_is_named():
    (told,) = failures_of(failed(duckdb.OutOfMemoryException("failed to allocate")))
    assert MEMORY_LIMIT in told
    assert "STRATA_MEMORY" in told


def test_failures_when_a_foreign_error_quotes_a_value_then_the_value_is_not_told():
    (told,) = failures_of(failed(ValueError("no number: 王小明")))
    assert "ValueError" in told
    assert "王小明" not in told


@pytest.mark.parametrize(("run_id", "stands"), [("this run", True), ("an earlier one", False)])
def test_failure_when_it_came_after_the_publication_then_that_is_said_to_stand(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], run_id: str, stands: bool
) -> None:
    home = Home(tmp_path).ensure()
    assert print_failure(home, "this run") is False
    assert "nothing to read yet" in capsys.readouterr().out
    with duckdb.connect(home.serving / "strata.duckdb") as con:
        con.execute(
            "create schema serving; create table serving.publication as select 'P1' as publication_id, $day as as_of,"
            " now() as known_at, $run as run_id, 'v' as criteria_version, now() as published_at, '{}' as counts,"
            " '{}' as hashes",
            {"day": date(2026, 7, 1), "run": run_id},
        )
    assert print_failure(home, "this run") is stands
    told = " ".join(capsys.readouterr().out.split())
    assert ("2026-07-01 were published before that and stand" in told) is stands
    assert ("readers still see the last good state" in told) is not stands
