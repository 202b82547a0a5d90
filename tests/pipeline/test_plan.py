"""Changed criteria are planned before they are applied, and exactly the plan is what then happens."""

import json
import shutil
from datetime import UTC, datetime
from pathlib import Path

import dagster as dg
import duckdb
import pytest

from orchestration import plans, statements, warehouse
from orchestration.cli.plan import apply_plan
from orchestration.definitions import build_defs
from orchestration.settings import Home, SettingsErrors
from tests.conftest import AS_OF, copy_home, environment, query

CHANGES = (("at_least: 60}", "at_least: 50}"), ("below: 60}", "below: 50}"), ("lapsing_days: 90", "lapsing_days: 70"))


@pytest.fixture
def config(tmp_path: Path) -> Path:
    """The shipped configuration, to be changed."""
    from orchestration.settings.home import SHIPPED

    return Path(shutil.copytree(SHIPPED, tmp_path / "config"))


def changed(config: Path, folder: Path) -> Path:
    """A criteria.yml that spells out what it changes, beside the presets it builds on."""
    target = Path(shutil.copytree(config, folder))
    path = target / "presets" / "common.yml"
    text = path.read_text(encoding="utf-8")
    for old, new in CHANGES:
        assert old in text
        text = text.replace(old, new, 1)
    path.write_text(text, encoding="utf-8")
    return target / "criteria.yml"


def classes(home: Home) -> dict[tuple[str, str], str]:
    """Every class of every customer that is published: scheme and customer → class."""
    rows = query(home, "select scheme_id, customer_id, tier from serving.customer_tiers")
    rows += query(home, "select 'rfm', customer_id, rfm_segment from serving.rfm_scores")
    rows += query(home, "select 'abc', customer_id, abc_class from serving.abc_classes")
    rows += query(home, "select 'lifecycle', customer_id, lifecycle from serving.lifecycle_states")
    return {(scheme, customer): found for scheme, customer, found in rows}


def moves(plan: plans.Plan) -> dict[tuple[str, str], tuple[str, str]]:
    found = duckdb.sql(
        f"select scheme_id, customer_id, from_class, to_class from '{plan.folder / plans.MOVES}'"
    ).fetchall()
    return {(scheme, customer): (was, will) for scheme, customer, was, will in found}


def test_apply_when_planned_then_the_moves_are_the_plans_customer_by_customer(
    refreshed: Home, tmp_path: Path, config: Path
) -> None:
    home = copy_home(refreshed, tmp_path / "home")
    with environment(STRATA_HOME=str(home.root), DAGSTER_HOME=str(home.dagster), STRATA_CONFIG=str(config)):
        before, published = classes(home), query(home, "select publication_id from serving.publication")
        plan = plans.make_plan(home, changed(config, tmp_path / "changed"))
        planned = moves(plan)
        assert {scheme for scheme, _ in planned} >= {"value_tier", "lifecycle"}
        assert plan.counts["customers"].sum() == len(planned)
        owned = [
            tier for tier, _ in query(home, "select tier, 1 from serving.customer_tiers where scheme_id = 'value_tier'")
        ]
        assert plan.workloads["before"].sum() == plan.workloads["after"].sum() == len(owned)
        assert list(plan.flapping["moves"])[:1] >= list(plan.flapping["moves"])[-1:]
        masked = plan.largest_moves(home, 5, masked=True)
        assert all(name.endswith("**") and len(name) == 3 for name in masked["display_name"])
        assert query(home, "select publication_id from serving.publication") == published  # a plan changes nothing
        assert plans.make_plan(home, tmp_path / "changed" / "criteria.yml").plan_id == plan.plan_id

        assert apply_plan(home, plan.plan_id) == 0
        after = classes(home)
        assert {key: (before[key], after[key]) for key in before if before[key] != after[key]} == planned
        assert "at_least: 50}" in (config / "presets" / "common.yml").read_text(encoding="utf-8")
        told = query(home, "select scheme_id, customer_id, from_tier, to_tier, cause from serving.tier_changes")
        of_tiers = {key: move for key, move in planned.items() if key[0] not in ("rfm", "abc", "lifecycle")}
        assert {(scheme, customer): (was, now) for scheme, customer, was, now, _ in told} == of_tiers
        assert {cause for *_, cause in told} == {"criteria"}
        ledger = query(
            home,
            "select distinct change_number, changed_from, changed_to, changes from serving.criteria_changes order by 1",
        )
        assert [row[:3] for row in ledger] == [
            (1, None, plan.ground.criteria_version), (2, plan.ground.criteria_version, plan.changed_version),
        ]  # fmt: skip
        assert "criteria.lifecycle.lapsing_days" in {one["key"] for one in json.loads(ledger[1][3])}
        with warehouse.connect(home) as con:  # who applied it is known from the next run on
            statements.register(home, con, AS_OF, datetime.now(UTC).replace(tzinfo=None), plan.changed_version)
            kept = con.execute(
                "select plan_id, applied_by is null from control.criteria_ledger order by place"
            ).fetchall()
        assert kept == [(None, True), (plan.plan_id, False)]
        with pytest.raises(plans.PlanRefused, match="the data changed since the plan was made"):
            plans.require_ground(home, plan.ground)
        assert apply_plan(home, plan.plan_id) == 2
        back = plans.make_plan(home, home.kept_criteria / plan.ground.criteria_version / "criteria.yml")
        assert moves(back) == {key: (will, was) for key, (was, will) in planned.items()}  # the way back is a plan too


def test_apply_when_what_follows_the_publication_fails_then_the_new_criteria_stand_with_the_classes_they_gave(
    refreshed: Home, tmp_path: Path, config: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    home = copy_home(refreshed, tmp_path / "home")
    told_to = "owners:\n  inside_sales:\n    - webhook: http://127.0.0.1:1/told\nretry: {attempts: 1}\n"
    (config / "notifications.yml").write_text(told_to, encoding="utf-8")
    with environment(STRATA_HOME=str(home.root), DAGSTER_HOME=str(home.dagster), STRATA_CONFIG=str(config)):
        plan = plans.make_plan(home, changed(config, tmp_path / "changed"))
        home.outbox.mkdir(parents=True, exist_ok=True)
        (home.outbox / "m.json").write_text('{"owner": "cut o', encoding="utf-8")
        assert apply_plan(home, plan.plan_id) == 1
        assert query(home, "select criteria_version from serving.publication") == [(plan.changed_version,)]
        assert "at_least: 50}" in (config / "presets" / "common.yml").read_text(encoding="utf-8")
    told = " ".join(capsys.readouterr().out.split())
    assert f"the tables of {AS_OF} were published before that and stand" in told
    assert "those from before" not in told


def test_plan_when_it_was_tampered_with_or_is_not_there_then_it_is_refused(
    refreshed: Home, tmp_path: Path, config: Path
) -> None:
    home = copy_home(refreshed, tmp_path / "home")
    with environment(STRATA_HOME=str(home.root), STRATA_CONFIG=str(config)):
        plan = plans.make_plan(home, changed(config, tmp_path / "changed"))
        assert plans.read_plan(home, plan.plan_id[:6])[0] == plan.ground
        with pytest.raises(plans.PlanRefused, match="allowed: the hash of a plan"):
            plans.read_plan(home, "0000")
        kept = plan.folder / plans.CONFIG / "presets" / "common.yml"
        kept.write_text(
            kept.read_text(encoding="utf-8")
            .replace("at_least: 50}", "at_least: 55}")
            .replace("below: 50}", "below: 55}")
        )
        with pytest.raises(plans.PlanRefused, match="is not what it was"):
            plans.read_plan(home, plan.plan_id)
        broken = tmp_path / "changed" / "presets" / "common.yml"
        broken.write_text(broken.read_text(encoding="utf-8").replace("a_share: 0.80", "a_share: 0.99"))
        with pytest.raises(SettingsErrors, match="a_share must be smaller"):
            plans.make_plan(home, tmp_path / "changed" / "criteria.yml")


def test_plan_when_nothing_was_run_yet_then_it_says_so(tmp_path: Path) -> None:
    with pytest.raises(plans.PlanRefused, match="run `strata run` first"):
        plans.make_plan(Home(tmp_path / "home").ensure())


def test_plan_when_run_as_a_job_then_its_metadata_are_the_plan(refreshed: Home, tmp_path: Path, config: Path) -> None:
    home = copy_home(refreshed, tmp_path / "home")
    criteria = changed(config, tmp_path / "changed")
    with environment(STRATA_HOME=str(home.root), DAGSTER_HOME=str(home.dagster), STRATA_CONFIG=str(config)):
        job = build_defs().resolve_job_def("criteria_plan")
        result = job.execute_in_process({"ops": {"plan_criteria": {"config": {"criteria": str(criteria)}}}})
        (event,) = [event for event in result.all_node_events if event.event_type_value == "STEP_OUTPUT"]
        metadata = event.step_output_data.metadata
        assert isinstance(metadata["moves"], dg.TableMetadataValue)
        assert (home.plans / str(metadata["plan"].value)).is_dir()
