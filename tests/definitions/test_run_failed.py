"""Operators hear of a failed run: which steps, never what the errors say."""

import shutil
from pathlib import Path

import dagster as dg
import pytest

from orchestration.defs.automation import run_failed
from orchestration.resources import location_settings
from orchestration.settings.home import SHIPPED
from tests.unit.delivery.conftest import Web, web  # noqa: F401


def test_run_failed_when_a_step_breaks_then_operators_hear_which_and_no_value(
    tmp_path: Path,
    web: Web,  # noqa: F811
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    folder = tmp_path / "config"
    shutil.copytree(SHIPPED, folder)
    (folder / "notifications.yml").write_text(
        "operators:\n  - feishu: ${HOOK}\nretry: {attempts: 1}\n", encoding="utf-8"
    )
    monkeypatch.setenv("STRATA_CONFIG", str(folder))
    monkeypatch.setenv("HOOK", web.url)

    @dg.op
    def breaks() -> None:
        raise ValueError("zhang.san@example.com")

    @dg.job
    def daily() -> None:
        breaks()

    location_settings.cache_clear()
    try:
        with dg.DagsterInstance.ephemeral() as instance:
            result = daily.execute_in_process(instance=instance, raise_on_error=False)
            context = dg.build_run_status_sensor_context(
                sensor_name="run_failed",
                dagster_instance=instance,
                dagster_run=result.dagster_run,
                dagster_event=result.get_run_failure_event(),
            ).for_run_failure()
            run_failed(context)
    finally:
        location_settings.cache_clear()
    ((_, body),) = web.posts
    assert "failed steps: breaks" in body["content"]["text"]
    assert "zhang.san" not in str(body)
