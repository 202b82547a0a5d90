"""What the tests of models share: dbt on a small warehouse, and reading what it built."""

from collections.abc import Callable
from pathlib import Path

import duckdb
import pytest

from tests.dbt_calls import call_dbt

Dbt = Callable[..., list]


@pytest.fixture(scope="session")
def dbt() -> Dbt:
    """`dbt(warehouse, "run", "--select", ...)`: the results by model or test."""
    return call_dbt


@pytest.fixture(scope="session")
def query() -> Callable[[Path, str], list[tuple]]:
    """`query(warehouse, sql)`: rows of a query."""

    def rows(warehouse: Path, sql: str) -> list[tuple]:
        with duckdb.connect(warehouse, read_only=True) as con:
            return con.execute(sql).fetchall()

    return rows
