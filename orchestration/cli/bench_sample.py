"""The sample data that benchmarks run on: how many customers a size has, the day, span and seed of all of them, and a home."""

import os
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from orchestration.cli.bench_figures import seconds_of_command
from orchestration.sample import generate
from orchestration.settings import Home
from orchestration.settings.home import SHIPPED

SIZES = {"small": 2_000, "20k": 20_000, "100k": 100_000, "1m": 1_000_000, "3m": 3_000_000}
AS_OF, DAYS, SEED = date(2026, 7, 1), 730, 7


@dataclass(frozen=True)
class Sample:
    """A home with sample data that waits to land. `folder`: its own, and room for what a benchmark writes."""

    folder: Path
    home: Home

    @property
    def variables(self) -> dict[str, str]:
        """The environment of an installation with this home and the shipped configuration."""
        own = {"STRATA_HOME": self.home.root, "DAGSTER_HOME": self.home.dagster, "STRATA_CONFIG": SHIPPED}
        return os.environ | {name: str(path) for name, path in own.items()}

    def strata(self, *arguments: str) -> float:
        """How many seconds a command of `strata` takes on it. Raises CalledProcessError when it fails."""
        return seconds_of_command([str(Path(sys.executable).parent / "strata"), *arguments], self.variables)


@contextmanager
def fresh_sample(size: str) -> Iterator[Sample]:
    """Fresh sample data, thrown away in the end."""
    with tempfile.TemporaryDirectory() as folder:
        home = Home(Path(folder) / "home").ensure()
        generate(home, SIZES[size], DAYS, SEED, AS_OF, lambda step, share: None)
        yield Sample(Path(folder), home)
