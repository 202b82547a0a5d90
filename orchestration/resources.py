"""What the assets share: the pipeline's home and settings with the one writer's lock, and dbt.

Add a resource here when assets need a new outside thing. No asset and no rule lives here.
"""

import fcntl
import os
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, date, datetime
from functools import cache, cached_property
from importlib.metadata import version
from pathlib import Path
from typing import Any

import dagster as dg
import duckdb
from dagster_dbt import DbtCliResource, DbtProject
from packaging.version import Version
from pydantic import PrivateAttr

from orchestration import statements, warehouse
from orchestration.privacy.receipts import check_finished
from orchestration.runlock import run_lock
from orchestration.settings import Home, Settings, config_folder, load_settings

DBT_FOLDER = Path(__file__).resolve().parents[1] / "dbt_project"
DBT = Path(sys.executable).parent / "dbt"  # the one beside this Python: the environment need not be activated
KNOWN_AT_TAG = "strata/known_at"
MODEL_TAG = "strata/model"
"""Names a kept linking model: a state that is built once more shall not link other customers in another way."""


@cache
def location_settings() -> Settings:
    """The settings that the code location was loaded with: which assets there are follows from them. A run reads its own."""
    return load_settings()


class Pipeline(dg.ConfigurableResource):
    """Home and settings of one installation. While a run uses it, no other run can write."""

    home_folder: str
    config_folder: str
    _settings: Settings = PrivateAttr()

    @contextmanager
    def yield_for_execution(self, context: dg.InitResourceContext) -> Iterator["Pipeline"]:
        os.environ["STRATA_WAREHOUSE"] = str(self.home.warehouse)  # these two are read by dbt's profile
        os.environ["STRATA_MEMORY"] = warehouse.MEMORY_LIMIT
        with run_lock(self.home.ensure(), context.run_id or "unnamed"):
            check_finished(self.home)
            settings = load_settings(Path(self.config_folder), self._criteria_folder(context))
            self._settings = _linked_by(settings, context.run.tags.get(MODEL_TAG) if context.run else None)
            yield self

    def _criteria_folder(self, context: dg.InitResourceContext) -> Path | None:
        """A past state follows the criteria that held then; any other run those of the configuration."""
        tag = context.run.tags.get(KNOWN_AT_TAG) if context.run else None
        return statements.criteria_in_force(self.home, datetime.fromisoformat(tag)) if tag else None

    @property
    def home(self) -> Home:
        return Home(Path(self.home_folder))

    @property
    def settings(self) -> Settings:
        """As they were when the run began."""
        return self._settings

    def connect(self, *, read_only: bool = False) -> duckdb.DuckDBPyConnection:
        return warehouse.connect(self.home, read_only=read_only)


def _linked_by(settings: Settings, model: str | None) -> Settings:
    """The settings with that linking model; as they are without one."""
    if model is None:
        return settings
    linking = settings.identity.model.model_copy(update={"version": model})
    return replace(settings, identity=settings.identity.model_copy(update={"model": linking}))


def as_of(context: dg.AssetExecutionContext) -> date:
    """The day of this run: its partition."""
    return date.fromisoformat(context.partition_key)


def known_at(context: dg.AssetExecutionContext) -> datetime:
    """The instant up to which loads count: the run's tag, or the moment the run began to read."""
    tag = context.run.tags.get(KNOWN_AT_TAG)
    return datetime.fromisoformat(tag) if tag else datetime.now(UTC)


class Dbt(DbtCliResource):
    """dbt beside this Python, without what costs seconds a call and nobody uses: the executable need not be asked for its
    version, and an adapter in this process, for which all macros are parsed, would only count rows that are counted anyway."""

    @cached_property
    def _cli_version(self) -> Version:
        return Version(version("dbt-core"))

    def _initialize_dbt_core_adapter(self, args: Sequence[str]) -> Any:
        return None


def dbt_project() -> DbtProject:
    """The dbt project with its manifest, which is written again only when a file of the project is newer.

    It is parsed for the warehouse of this installation: for another one, dbt would parse all of it again in the first run.
    Of processes that start together, as the UI and its daemon do, one writes it and the others wait: half of it is no JSON.
    """
    project = DbtProject(project_dir=DBT_FOLDER, profiles_dir=DBT_FOLDER)
    with _alone(DBT_FOLDER):
        if _is_stale(project.manifest_path):
            folders = {"--project-dir": DBT_FOLDER, "--profiles-dir": DBT_FOLDER, "--log-path": DBT_FOLDER / "target"}
            arguments = [f"{option}={folder}" for option, folder in folders.items()]
            variables = os.environ | {"STRATA_WAREHOUSE": str(Home.from_environment().warehouse)}
            subprocess.run([DBT, "--quiet", "parse", *arguments], env=variables, check=True, umask=0o077)
            project.manifest_path.touch()  # dbt leaves it as it is when nothing in it changed
    return project


def default_resources() -> dict[str, Any]:
    """The resources of an installation, from STRATA_HOME and STRATA_CONFIG."""
    return {
        "pipeline": Pipeline(home_folder=str(Home.from_environment().root), config_folder=str(config_folder())),
        "dbt": Dbt(project_dir=str(DBT_FOLDER), profiles_dir=str(DBT_FOLDER), dbt_executable=str(DBT)),
    }


@contextmanager
def _alone(folder: Path) -> Iterator[None]:
    """Waits until no other process is in this block with the same folder. The lock is on the folder: nothing is written."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)


def _is_stale(manifest: Path) -> bool:
    if not manifest.exists():
        return True
    inputs = [
        *DBT_FOLDER.glob("*.yml"),
        *(path for part in ("models", "macros", "seeds") for path in (DBT_FOLDER / part).rglob("*")),
    ]
    return max(path.stat().st_mtime for path in inputs) > manifest.stat().st_mtime
