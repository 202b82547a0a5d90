"""A sound small warehouse file, and a way to plant a fault in it."""

import shutil
from collections.abc import Callable
from pathlib import Path

import duckdb
import pytest

from quality.suites.raw import ENTITIES

WAREHOUSE_SQL = Path(__file__).parents[1] / "unit" / "serving" / "warehouse.sql"
OTHER_VIEWS = [entity for entity in ENTITIES if entity not in ("persons", "companies", "orders", "products")]


@pytest.fixture(scope="session")
def sound_warehouse(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The warehouse of `warehouse.sql`, with the raw views no source fills. Tests take a copy of it."""
    path = tmp_path_factory.mktemp("warehouse") / "strata.duckdb"
    with duckdb.connect(path) as connection:
        connection.execute(WAREHOUSE_SQL.read_text(encoding="utf-8"))
        for entity in OTHER_VIEWS:
            connection.execute(f"create view raw.{entity} as select * from raw.orders where false")
    return path


@pytest.fixture
def warehouse(sound_warehouse: Path, tmp_path: Path) -> Path:
    return Path(shutil.copy(sound_warehouse, tmp_path / "strata.duckdb"))


@pytest.fixture
def plant(warehouse: Path) -> Callable[[str], Path]:
    """Runs SQL that spoils the warehouse, and gives its path."""

    def run(sql: str) -> Path:
        with duckdb.connect(warehouse) as connection:
            connection.execute(sql)
        return warehouse

    return run
