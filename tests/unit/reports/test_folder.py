"""Where reports lie: rights, equal bytes, `latest`, older ones, and what a failure leaves behind."""

import re
import shutil
import stat
import zipfile
from pathlib import Path

import duckdb
import pytest
from python_calamine import CalamineWorkbook

from orchestration.reports import NothingPublished, Reports, write_reports
from orchestration.reports import write as module
from orchestration.reports.fields import Field
from orchestration.reports.workbook import LONGEST_TEXT, Sheet, write_workbook
from orchestration.settings import Home, Settings
from tests.unit.serving.conftest import AS_OF

from .conftest import publish_warehouse


@pytest.fixture
def home(published_home: Home, tmp_path: Path) -> Home:
    shutil.copytree(published_home.root, tmp_path / "home", symlinks=True)
    shutil.rmtree(tmp_path / "home" / "reports")
    return Home(tmp_path / "home").ensure()


def content(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_reports_when_written_twice_then_their_bytes_are_equal(
    home: Home, settings: Settings, reports: Reports
) -> None:
    again = write_reports(home, settings)
    assert content(again.folder) == content(reports.folder)
    assert set(again.files) >= {
        "tier_table.csv",
        "tier_table.xlsx",
        "owners/li.lei.xlsx",
        "criteria.html",
        "dictionary.csv",
        "effects.html",
        "effects.xlsx",
    }


def test_reports_when_written_then_only_their_owner_can_read_them(reports: Reports) -> None:
    for path in (reports.folder, *reports.folder.rglob("*")):
        assert stat.S_IMODE(path.stat().st_mode) == (0o700 if path.is_dir() else 0o600), path


def test_reports_when_published_often_then_latest_is_the_newest_and_so_many_are_kept(
    home: Home, settings: Settings
) -> None:
    (home.reports / "checks.html").touch()
    written = [write_reports(home, settings)]
    for _ in range(2):
        publish_warehouse(home)
        written.append(write_reports(home, settings))
    folders = sorted(path.name for path in home.reports.iterdir() if path.is_dir() and not path.is_symlink())
    assert folders == [report.publication_id for report in written[1:]]
    assert (home.reports / "latest").resolve() == written[-1].folder
    assert (home.reports / "checks.html").exists()


def test_reports_when_one_kind_is_written_then_the_other_stays(home: Home, settings: Settings) -> None:
    first = write_reports(home, settings, ["xlsx"])
    assert "criteria.html" not in first.files
    second = write_reports(home, settings, ["html"])
    assert second.folder == first.folder
    pages = {"churn.html", "criteria.html", "effects.html", "dictionary.csv", "dictionary.html"}
    assert set(second.files) == set(first.files) | pages


def test_reports_when_writing_fails_then_the_older_ones_stay_and_nothing_half_done_is_left(
    home: Home, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = write_reports(home, settings)
    before = content(first.folder)
    publish_warehouse(home)

    def fail(*_: object) -> None:
        raise OSError("the disk is full")

    monkeypatch.setattr(module, "write_audiences", fail)
    with pytest.raises(OSError, match="full"):
        write_reports(home, settings)
    assert sorted(path.name for path in home.reports.iterdir()) == sorted([first.publication_id, "latest"])
    assert content(home.reports / "latest") == before


def test_reports_when_nothing_is_published_then_it_is_said(tmp_path: Path, settings: Settings) -> None:
    with pytest.raises(NothingPublished, match="strata run"):
        write_reports(Home(tmp_path / "home").ensure(), settings)


def test_reports_when_the_publication_is_of_an_older_version_then_it_says_what_is_missing(
    home: Home, settings: Settings
) -> None:
    with duckdb.connect(home.serving / "strata.duckdb") as con:
        con.execute("""update serving.publication set counts = '{"customers": 22}'""")
    with pytest.raises(NothingPublished, match=r"no customer_tier_table.*strata run"):
        write_reports(home, settings)


@pytest.mark.parametrize(("rows", "sizes"), [(0, [0]), (2, [2]), (4, [2, 2]), (5, [2, 2, 1])])
def test_workbook_when_a_sheet_is_full_then_the_next_goes_on(rows: int, sizes: list[int], tmp_path: Path) -> None:
    fields = [Field("id", "编号 / Id", "text", "id"), Field("n", "数 / N", "number", "n")]
    sheet = Sheet("表 Table", fields, [(f"{n:010d}", n) for n in range(rows)])
    write_workbook(tmp_path / "x.xlsx", [sheet], AS_OF, rows_a_sheet=2)
    book = CalamineWorkbook.from_path(str(tmp_path / "x.xlsx"))
    assert book.sheet_names == ["表 Table", "表 Table 2", "表 Table 3"][: len(sizes)]
    parts = [book.get_sheet_by_index(place).to_python() for place in range(len(sizes))]
    assert [part[0] for part in parts] == [["编号 / Id", "数 / N"]] * len(sizes)
    assert [row for part in parts for row in part[1:]] == [[f"{n:010d}", float(n)] for n in range(rows)]


def test_workbook_when_written_then_it_is_frozen_filtered_coloured_and_dated_by_as_of(reports: Reports) -> None:
    with zipfile.ZipFile(reports.folder / "tier_table.xlsx") as parts:
        sheet = parts.read("xl/worksheets/sheet1.xml").decode()
        assert f"{AS_OF}T00:00:00Z" in parts.read("docProps/core.xml").decode()
    assert 'state="frozen"' in sheet
    assert "<autoFilter" in sheet
    assert "高 / high" in sheet[sheet.index("<conditionalFormatting") :]
    assert "<f>" not in sheet


def test_workbook_when_written_then_it_prints_on_landscape_pages_that_repeat_header_and_names(reports: Reports) -> None:
    with zipfile.ZipFile(reports.folder / "tier_table.xlsx") as parts:
        sheet, book = (parts.read(f"xl/{name}.xml").decode() for name in ("worksheets/sheet1", "workbook"))
    (pages,) = re.findall(r'fitToWidth="(\d+)" fitToHeight="0"', sheet)
    assert 'orientation="landscape"' in sheet
    assert 'pageOrder="overThenDown"' in sheet
    assert 2 <= int(pages) <= 8
    titles = re.findall(r"Print_Titles[^>]*>([^<]*Tier table[^<]*)<", book)
    title = "'客户分层管理表 Tier table'"
    assert titles == [f"{title}!$A:$D,{title}!$1:$1"]
    assert '<pane xSplit="4" ySplit="1"' in sheet  # all up to the name stay in sight


def test_workbook_when_texts_and_headers_are_long_then_columns_and_rows_are_large_enough(tmp_path: Path) -> None:
    fields = [
        Field("a", "层级 / Tier", "text", "a"), Field("b", "复购率 / Rate of repeat orders", "share", "b"),
        Field("c", "原因 / Reason", "text", "c"), Field("d", "数 / N", "integer", "d"),
    ]  # fmt: skip
    rows = [("高价值客户 / High value", 0.5, "x" * 200, 3), (None, None, None, None)]
    write_workbook(tmp_path / "x.xlsx", [Sheet("a", fields, rows)], AS_OF)
    write_workbook(tmp_path / "y.xlsx", [Sheet("a", fields[2:3], [(("字 " * 60).strip(),), ("字",)], wide=True)], AS_OF)
    listed, told = (_sheet(tmp_path / name) for name in ("x.xlsx", "y.xlsx"))
    widths = [float(width) for width in re.findall(r'<col [^>]*width="([0-9.]+)"', listed)]
    # Five Chinese characters are as wide as ten letters, then 13 more; no column is wider than 60.
    assert [int(width) for width in widths] == [10 + 13 + 3, 10, 60, 12]
    assert re.findall(r'<row r="1"[^>]* ht="(\d+)"', listed) == [str(4 * 15)]  # 复购率 /, Rate of, repeat, orders
    assert re.findall(r'<row r="\d+"[^>]* ht="(\d+)"', told) == ["45"]  # 180 wide in 60; one line is the usual height


def _sheet(path: Path) -> str:
    """The first sheet as it is written."""
    with zipfile.ZipFile(path) as parts:
        return parts.read("xl/worksheets/sheet1.xml").decode()


def test_workbook_when_a_text_is_longer_than_a_cell_then_it_is_cut(tmp_path: Path) -> None:
    write_workbook(tmp_path / "x.xlsx", [Sheet("a", [Field("t", "t", "text", "t")], [("x" * 40_000,)])], AS_OF)
    ((_,), (text,)) = CalamineWorkbook.from_path(str(tmp_path / "x.xlsx")).get_sheet_by_index(0).to_python()
    assert (len(text), text[-1]) == (LONGEST_TEXT, "…")
