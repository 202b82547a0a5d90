"""A home whose warehouse is small and sound, and what tests do with it."""

import shutil
from collections.abc import Callable
from datetime import date
from pathlib import Path

import duckdb
import pytest

from orchestration.serving import PublicationReport, publish
from orchestration.settings.home import Home

AS_OF = date(2026, 3, 2)


@pytest.fixture(scope="session")
def sound_warehouse(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("warehouse") / "strata.duckdb"
    with duckdb.connect(path) as connection:
        connection.execute((Path(__file__).parent / "warehouse.sql").read_text(encoding="utf-8"))
    return path


@pytest.fixture
def home(sound_warehouse: Path, tmp_path: Path) -> Home:
    home = Home(tmp_path / "home").ensure()
    shutil.copy(sound_warehouse, home.warehouse)
    return home


@pytest.fixture
def change(home: Home) -> Callable[[str], None]:
    """Runs SQL on the warehouse."""

    def run(sql: str) -> None:
        with duckdb.connect(home.warehouse) as connection:
            connection.execute(sql)

    return run


@pytest.fixture
def publish_day(home: Home) -> Callable[..., PublicationReport]:
    """Publishes the warehouse's own day, or another."""

    def run(as_of: date = AS_OF, **options: object) -> PublicationReport:
        return publish(home, as_of=as_of, **({"run_id": "run-1", "criteria_version": "v1"} | options))  # type: ignore[arg-type]

    return run
