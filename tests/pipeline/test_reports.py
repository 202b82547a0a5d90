"""The reports of a whole run: made from what it published, for every customer, with consent applied."""

import csv
from pathlib import Path

from python_calamine import CalamineWorkbook

from orchestration.settings import Home
from tests.conftest import copy_home, query

from .test_commands import strata


def read_csv(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8-sig", newline="") as file:
        return list(csv.DictReader(file))


def test_reports_when_a_run_is_done_then_they_tell_what_is_published(refreshed: Home) -> None:
    latest = refreshed.reports / "latest"
    ((publication,),) = query(refreshed, "select publication_id from serving.publication")
    assert latest.resolve().name == publication
    ((customers,),) = query(refreshed, "select count(*) from serving.customers")
    for name in ("tier_table", "tier_table_restricted"):
        sheet = CalamineWorkbook.from_path(str(latest / f"{name}.xlsx")).get_sheet_by_index(0)
        assert len(sheet.to_python()) - 1 == len(read_csv(latest / f"{name}.csv")) == customers
    owned = [row["客户编号 / Customer id"] for path in latest.glob("owners/*/customers.csv") for row in read_csv(path)]
    assert len(owned) == len(set(owned)) == customers


def test_audiences_when_a_run_is_done_then_every_member_agreed_last(refreshed: Home) -> None:
    granted = query(
        refreshed,
        "select customer_id from serving.customer_features join serving.publication using (as_of)"
        " where marketing_consent = 'granted'",
    )
    counts = {
        row["人群 / Audience"]: row for row in read_csv(refreshed.reports / "latest" / "audiences" / "counts.csv")
    }
    assert len(counts) == 5
    for path in (refreshed.reports / "latest" / "audiences").glob("*.csv"):
        if path.stem == "counts":
            continue
        members = {(row["客户编号 / Customer id"],) for row in read_csv(path)}
        assert members <= set(granted)
    ((members,),) = query(refreshed, "select sum(count_members) from serving.audience_counts")
    assert members > 0


def test_dictionary_when_a_run_is_done_then_no_published_column_is_without_words(refreshed: Home) -> None:
    rows = read_csv(refreshed.reports / "latest" / "dictionary.csv")
    assert len(rows) > 300
    wordless = [row for row in rows if not row["中文 / Chinese"] or not row["英文 / English"]]
    assert [(row["表 / Table"], row["列 / Column"]) for row in wordless] == []


def test_publish_when_only_reports_are_asked_for_then_the_publication_stays(refreshed: Home, tmp_path: Path) -> None:
    home = copy_home(refreshed, tmp_path / "home")
    before = query(home, "select publication_id from serving.publication")
    tables = (home.reports / "latest" / "tier_table.xlsx").read_bytes()
    (home.reports / "latest" / "criteria.html").unlink()
    result = strata(home, "publish", "--to", "xlsx,html")
    assert result.returncode == 0, result.stderr
    assert "reports" in result.stdout
    assert query(home, "select publication_id from serving.publication") == before
    assert (home.reports / "latest" / "tier_table.xlsx").read_bytes() == tables
    assert (home.reports / "latest" / "criteria.html").exists()
