"""A small home that is published, with hostile names, and ways to read its reports back."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import duckdb
import pytest
from python_calamine import CalamineWorkbook

from orchestration.reports import Reports, write_reports
from orchestration.serving import publish
from orchestration.settings import Home, Settings, load_settings
from orchestration.settings.reports import ReportsFile
from tests.unit.serving.conftest import AS_OF

WAREHOUSE = Path(__file__).parents[1] / "serving" / "warehouse.sql"
# First letters that a spreadsheet takes for a formula, digits that it takes for a number, and signs that XML forbids.
HOSTILE = (
    "=cmd|' /C calc'!A0", "+1+1", "-2+3", "@SUM(A1)", "\t=1+1", "\r=1+1", "＝1+1", "1234567890", "http://example.com",
    '=HYPERLINK("x")', 'a,"b"\nc', "\x01\x0b bell", "TRUE", "2026-01-01",
)  # fmt: skip


@pytest.fixture(scope="session")
def settings() -> Settings:
    return replace(load_settings(), reports=ReportsFile(keep_publications=2, callback_tiers=["regular"]))


def publish_warehouse(home: Home) -> None:
    publish(home, as_of=AS_OF, run_id="run-1", criteria_version="v1")


@pytest.fixture(scope="session")
def published_home(tmp_path_factory: pytest.TempPathFactory) -> Home:
    """Twenty persons and two companies; the first of them by id have the hostile names."""
    home = Home(tmp_path_factory.mktemp("reports") / "home").ensure()
    with duckdb.connect(home.warehouse) as con:
        con.execute(WAREHOUSE.read_text(encoding="utf-8"))
        ids = con.execute("select customer_id from insights.customer_tier_table order by 1").fetchall()
        for (customer_id,), name in zip(ids, HOSTILE, strict=False):
            for table in ("marts.customers", "insights.customer_tier_table"):
                con.execute(
                    f"update {table} set display_name = $n where customer_id = $c", {"n": name, "c": customer_id}
                )
    publish_warehouse(home)
    return home


@pytest.fixture(scope="session")
def reports(published_home: Home, settings: Settings) -> Reports:
    return write_reports(published_home, settings)


@pytest.fixture
def sheet(reports: Reports) -> Callable[..., list[dict[str, object]]]:
    """The rows of a sheet of a workbook, by header."""

    def read(workbook: str, place: int = 0) -> list[dict[str, object]]:
        rows = CalamineWorkbook.from_path(str(reports.folder / workbook)).get_sheet_by_index(place).to_python()
        return [dict(zip(rows[0], row, strict=True)) for row in rows[1:]]

    return read
