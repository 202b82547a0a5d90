"""The code location loads as the server loads it, and nothing has silently vanished from it."""

import os
import subprocess
import sys
from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import dagster as dg
import pytest
from dagster._core.definitions.assets.graph.asset_graph import AssetGraph

from orchestration.definitions import build_defs
from orchestration.settings import Home, load_settings
from orchestration.settings.entities import ENTITIES
from orchestration.settings.sources import blocks
from tests.conftest import environment

ROOT = Path(__file__).resolve().parents[2]
MARTS = {
    "customers",
    "customer_source_ids",
    "identity_events",
    "identity_review",
    "identity_quality",
    "survivorship",
    "orders",
    "order_lines",
    "interactions",
}
INSIGHTS = {
    "customer_features", "rfm_scores", "abc_classes", "lifecycle_states", "scorecard_points", "customer_tiers",
    "customer_tags", "customer_tag_spells", "place_sums",
    "tier_changes", "cluster_profiles", "cluster_segments", "clv_models", "clv_estimates", "lead_scores", "purchase_stages",
    "churn_models", "churn_backtest", "churn_scores", "churn_warnings", "churn_reach", "customer_tier_table", "audience_members",
    "audience_counts", "next_categories",
    "tier_history", "effect_evaluation", "effect_cube", "criteria_changes", "tier_migration", "tier_allocation",
    "funnel", "class_forecast", "conversion_drivers", "threshold_advice", "feature_drift", "feedback_themes",
}  # fmt: skip


@pytest.fixture(scope="module")
def graph() -> AssetGraph:
    return build_defs().resolve_asset_graph()


def paths(graph: AssetGraph) -> set[tuple[str, ...]]:
    return {tuple(key.path) for key in graph.executable_asset_keys}


def test_every_source_block_is_an_asset(graph: AssetGraph) -> None:
    expected = {(ref.source, ref.block) for ref in blocks(load_settings().sources)}
    assert expected
    assert expected <= paths(graph)


def test_every_layer_has_its_tables(graph: AssetGraph) -> None:
    found = paths(graph)
    assert {("raw", name) for name in ENTITIES} <= found
    assert {("staging", f"stg_{name}") for name in ENTITIES} <= found
    assert {("marts", name) for name in MARTS} <= found
    assert {("insights", name) for name in INSIGHTS} <= found
    assert {("serving", "publication"), ("serving", "reports"), ("serving", "deliveries")} <= found


def test_every_asset_is_described_grouped_and_of_a_kind(graph: AssetGraph) -> None:
    nodes = [graph.get(key) for key in graph.executable_asset_keys]
    layers = {"raw", "staging", "intermediate", "marts", "insights", "serving"}
    assert {node.key for node in nodes if node.group_name not in layers} == set()
    assert {node.key for node in nodes if not node.description} == set()
    assert {node.key for node in nodes if not node.kinds} == set()
    assert {node.key for node in nodes if not node.owners} == set()


def test_all_after_raw_is_partitioned_by_day(graph: AssetGraph) -> None:
    unpartitioned = {key for key in graph.executable_asset_keys if graph.get(key).partitions_def is None}
    assert {tuple(key.path) for key in unpartitioned} == {
        (ref.source, ref.block) for ref in blocks(load_settings().sources)
    }


def test_each_layer_has_blocking_checks(graph: AssetGraph) -> None:
    blocking = {key.asset_key.path[0] for key in graph.asset_check_keys if graph.get_check_spec(key).blocking}
    assert {"raw", "staging", "marts", "insights"} <= blocking


def test_job_schedule_and_sensor_are_there() -> None:
    defs = build_defs()
    assert defs.resolve_job_def("daily_refresh").partitions_def is not None
    schedule = defs.resolve_schedule_def("daily_at_six")
    assert (schedule.cron_schedule, schedule.execution_timezone) == (
        "0 6 * * *",
        load_settings().sources.business.timezone,
    )
    assert defs.resolve_sensor_def("landing_folder")
    assert defs.resolve_sensor_def("run_failed")


def test_server_loads_the_workspace(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "dagster", "definitions", "validate", "-w", "workspace.yaml"]
    result = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert result.returncode == 0, result.stdout + result.stderr
    assert "strata" in result.stdout + result.stderr


def test_schedule_asks_for_the_day_that_begins_in_business_time() -> None:
    defs = build_defs()
    schedule = defs.resolve_schedule_def("daily_at_six")
    tick = datetime(2026, 7, 1, 6, 0, tzinfo=ZoneInfo(str(schedule.execution_timezone)))
    context = dg.build_schedule_context(scheduled_execution_time=tick, repository_def=defs.get_repository_def())
    data = schedule.evaluate_tick(context)
    assert [request.partition_key for request in data.run_requests or []] == ["2026-07-01"]


def test_sensor_asks_to_land_the_sources_whose_files_wait(tmp_path: Path) -> None:
    sensor = build_defs().resolve_sensor_def("landing_folder")
    with environment(STRATA_HOME=str(tmp_path)):
        Home(tmp_path).ensure()
        assert not sensor.evaluate_tick(dg.build_sensor_context()).run_requests
        waiting = tmp_path / "landing" / "webshop" / "orders"
        waiting.mkdir(parents=True)
        (waiting / "orders.csv").write_text("order_no\n", encoding="utf-8")
        assert not sensor.evaluate_tick(dg.build_sensor_context()).run_requests  # it may still grow
        os.utime(waiting / "orders.csv", (1_780_000_000, 1_780_000_000))
        (request,) = sensor.evaluate_tick(dg.build_sensor_context()).run_requests or []
    assert request.asset_selection == [dg.AssetKey(["webshop", "orders"])]
