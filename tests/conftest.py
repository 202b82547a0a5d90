"""What tests of the whole pipeline share: sample homes, the real job, and reading what it published."""

import fcntl
import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from datetime import date
from functools import partial
from pathlib import Path

import duckdb
import hypothesis
import pytest

from orchestration.settings import Home

# No test proves by Hypothesis how fast a thing is, and beside another worker an example may take longer than alone.
hypothesis.settings.register_profile("strata", deadline=None)
hypothesis.settings.load_profile("strata")

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


def installation(home: Home) -> AbstractContextManager[None]:
    """This process is that of an installation with this home, for a while."""
    return environment(STRATA_HOME=str(home.root), DAGSTER_HOME=str(home.dagster))


def run_home(home: Home, as_of: date | None = None) -> int:
    """`strata run` on this home, in this process. Returns the exit code."""
    from orchestration.cli.run import run_job

    with installation(home):
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


def made_once(factory: pytest.TempPathFactory, name: str, make: Callable[[Home], object]) -> Home:
    """A home for the session. With several workers the first to need it makes it, the others wait; each gets a copy of its own,
    for even readers leave files beside those of Dagster for a while."""
    own = factory.mktemp(name) / "home"
    if "PYTEST_XDIST_WORKER" not in os.environ:
        make(Home(own))
        return Home(own)
    shared = factory.getbasetemp().parent / name
    shared.mkdir(exist_ok=True)
    with (shared / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not (shared / "made").exists():
            shutil.rmtree(shared / "home", ignore_errors=True)  # of a worker that failed at it
            make(Home(shared / "home"))
            (shared / "made").touch()
    return copy_home(Home(shared / "home"), own)


@pytest.fixture(scope="session")
def sample_home(tmp_path_factory: pytest.TempPathFactory) -> Home:
    """A home with landed nothing yet: sample files in the landing folder, and the truth. Copy it before you run on it."""
    return made_once(tmp_path_factory, "sample_home", write_sample)


@pytest.fixture(scope="session")
def refreshed(sample_home: Home, tmp_path_factory: pytest.TempPathFactory) -> Home:
    """A home after one whole run. Read it; a test that changes something takes a copy."""
    return made_once(tmp_path_factory, "refreshed", partial(refresh, sample_home))


def refresh(sample: Home, home: Home) -> None:
    copy_home(sample, home.root)
    assert run_home(home) == 0
