"""A backfill of a past day fills the history of the insights; what readers see of profiles and facts stays as it is."""

from pathlib import Path

import dagster as dg

from orchestration.definitions import build_defs
from orchestration.serving import published
from orchestration.settings import Home
from tests.conftest import copy_home, installation, query

PAST = "2026-05-01"


def test_backfill_of_a_past_day_adds_that_day_and_keeps_the_rest(refreshed: Home, tmp_path: Path) -> None:
    home = copy_home(refreshed, tmp_path / "home")
    before = published(home)
    with installation(home):
        job = build_defs().resolve_job_def("daily_refresh")
        with dg.DagsterInstance.from_config(str(home.dagster)) as instance:
            tags = {"dagster/backfill": "a-backfill"}
            result = job.execute_in_process(instance=instance, partition_key=PAST, tags=tags)
    after = published(home)
    assert result.success
    assert before
    assert after
    assert after.as_of == before.as_of
    assert after.hashes["customers"] == before.hashes["customers"]
    assert after.hashes["customer_tier_table"] == before.hashes["customer_tier_table"]
    days = [str(day) for (day,) in query(home, "select distinct as_of from serving.customer_tiers order by 1")]
    assert days == [PAST, str(before.as_of)]
