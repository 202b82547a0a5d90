"""What tests of the whole pipeline share: sample homes, the real job, and reading what it published."""

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date
from pathlib import Path

import duckdb
import pytest

from orchestration.settings import Home

AS_OF = date(2026, 7, 1)
CUSTOMERS, DAYS, SEED = 300, 400, 11


@contextmanager
def environment(**variables: str) -> Iterator[None]:
    """Sets environment variables for a while."""
    before = dict(os.environ)
    os.environ.update(variables)
    try:
        yield
    finally:
        os.environ.clear()
        os.environ.update(before)


def run_home(home: Home, as_of: date | None = None) -> int:
    """`strata run` on this home, in this process. Returns the exit code."""
    from orchestration.cli.run import run_job

    with environment(STRATA_HOME=str(home.root), DAGSTER_HOME=str(home.dagster)):
        return run_job(home.ensure(), as_of, None, False)


def write_sample(home: Home, as_of: date = AS_OF) -> Home:
    from orchestration.sample import generate

    generate(home.ensure(), CUSTOMERS, DAYS, SEED, as_of, lambda step, share: None)
    return home


def copy_home(home: Home, target: Path) -> Home:
    shutil.copytree(home.root, target, symlinks=True)
    return Home(target).ensure()


def query(home: Home, sql: str, file: str = "strata_restricted.duckdb") -> list[tuple]:
    """Rows of a query on a published file."""
    with duckdb.connect(home.serving / file, read_only=True) as con:
        return con.execute(sql).fetchall()


@pytest.fixture(scope="session")
def sample_home(tmp_path_factory: pytest.TempPathFactory) -> Home:
    """A home with landed nothing yet: sample files in the landing folder, and the truth. Copy it before you run on it."""
    return write_sample(Home(tmp_path_factory.mktemp("sample") / "home"))


@pytest.fixture(scope="session")
def refreshed(sample_home: Home, tmp_path_factory: pytest.TempPathFactory) -> Home:
    """A home after one whole run. Read it; a test that changes something takes a copy."""
    home = copy_home(sample_home, tmp_path_factory.mktemp("refreshed") / "home")
    assert run_home(home) == 0
    return home
