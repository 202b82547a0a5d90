"""Samples that several tests read: written once a session, never changed."""

from dataclasses import dataclass
from datetime import date
from pathlib import Path

import duckdb
import pytest

from orchestration.sample import SampleSummary, generate
from orchestration.settings.home import Home

AS_OF = date(2026, 7, 1)


@dataclass(frozen=True)
class Sample:
    """A written sample; `rows(sql)` runs SQL in which {truth} is the truth folder."""

    home: Home
    summary: SampleSummary

    def rows(self, sql: str) -> list[tuple]:
        return duckdb.connect().sql(sql.format(truth=self.home.truth)).fetchall()


def write_sample(root: Path, customers: int = 300, days: int = 365, seed: int = 7, **options: int) -> Sample:
    home = Home(root)
    return Sample(home, generate(home, customers, days, seed, AS_OF, **options))


@pytest.fixture(scope="session")
def sample(tmp_path_factory: pytest.TempPathFactory) -> Sample:
    return write_sample(tmp_path_factory.mktemp("sample"))
