"""Fixtures of the insight tests: the shipped settings, and a small generated warehouse with every table computed."""

from pathlib import Path

import duckdb
import pytest

from orchestration.logic.segmentation.catalogue import FUNCTIONS
from orchestration.settings.insights import InsightSettings, load_insights

from .marts import AS_OF, generated

CONFIG = Path(__file__).resolve().parents[3] / "orchestration" / "config"


@pytest.fixture(scope="session")
def settings() -> InsightSettings:
    return load_insights(CONFIG)


@pytest.fixture(scope="session")
def computed(settings: InsightSettings) -> duckdb.DuckDBPyConnection:
    """400 customers, 4,000 orders, 8,000 interactions, all insights of AS_OF. Read only: tests share it."""
    con = generated(400, 4_000, 8_000)
    for function in FUNCTIONS.values():
        function(con, AS_OF, settings)
    return con
