"""A block that reads a database, from its asset and from `strata validate`."""

import json
from pathlib import Path

import dagster as dg
import pytest

from orchestration.cli.validate import check_installation
from orchestration.defs.ingestion.landing import raw_asset
from orchestration.resources import Pipeline
from orchestration.settings import load_settings
from orchestration.settings.sources import block_ref
from tests.connectors.conftest import VARIABLE, Puller


@pytest.fixture
def configured(puller: Puller, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A configuration folder with one block, which reads the table `things` of three rows."""
    puller.execute("CREATE TABLE things (id int PRIMARY KEY)", "INSERT INTO things VALUES (1), (2), (3)")
    folder = tmp_path / "config"
    folder.mkdir()
    source = {"channel": "store", "trust": 10, "entities": {"things": puller.block(["id"], table="things")}}
    (folder / "sources.yml").write_text(json.dumps({"sources": {"shop": source}}), encoding="utf-8")
    monkeypatch.setenv("STRATA_CONFIG", str(folder))
    return folder


def materialized(puller: Puller, folder: Path) -> dict[str, dg.MetadataValue]:
    sources = load_settings(folder).sources
    asset = raw_asset(block_ref(sources, "shop", "things"), sources.sources["shop"])
    pipeline = Pipeline(home_folder=str(puller.home.root), config_folder=str(folder))
    result = dg.materialize([asset], resources={"pipeline": pipeline}, instance=dg.DagsterInstance.ephemeral())
    return dict(result.asset_materializations_for_node("shop__things")[0].metadata)


def test_an_asset_when_its_block_reads_a_database_then_it_pulls_and_lands(puller: Puller, configured: Path) -> None:
    first = materialized(puller, configured)
    names = ("rows_read_at_source", "rows_pulled", "rows_deleted_at_source", "rows_loaded")
    assert [first[name].value for name in names] == [3, 3, 0, 3]
    second = materialized(puller, configured)
    assert [second[name].value for name in names] == [3, 0, 0, 0]


def test_an_asset_when_its_database_cannot_be_read_then_it_warns_and_the_run_goes_on(
    puller: Puller, configured: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(VARIABLE, "postgresql://nobody:secret@localhost:1/none")
    monkeypatch.setattr("time.sleep", lambda seconds: None)
    sources = load_settings(configured).sources
    asset = raw_asset(block_ref(sources, "shop", "things"), sources.sources["shop"])
    pipeline = Pipeline(home_folder=str(puller.home.root), config_folder=str(configured))
    result = dg.materialize([asset], resources={"pipeline": pipeline}, instance=dg.DagsterInstance.ephemeral())
    (check,) = result.get_asset_check_evaluations()
    assert (result.success, check.passed) == (True, False)
    assert "shop/things" in str(check.description)
    assert "secret" not in str(check.description)


def test_validation_when_a_database_can_be_read_then_all_is_good(
    puller: Puller, configured: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert check_installation(puller.home) == 0
    assert "shop/things: persons from a database, which can be pulled: 0 waiting" in capsys.readouterr().out


def test_validation_when_a_variable_is_missing_then_it_is_named(
    puller: Puller, configured: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.delenv(VARIABLE)
    assert check_installation(puller.home) == 1
    assert f"the environment variable {VARIABLE} is not set" in " ".join(capsys.readouterr().out.split())
