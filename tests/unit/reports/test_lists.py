"""The lists of customers as they are read back: types, hostile texts, owners, audiences."""

import csv
import datetime
from collections.abc import Callable
from pathlib import Path

import duckdb
import pytest

from orchestration.cells import escaped
from orchestration.reports import Reports
from orchestration.settings import Home
from tests.unit.serving.conftest import AS_OF

from .conftest import HOSTILE

Sheet = Callable[..., list[dict[str, object]]]
ID, NAME, TIER, OWNER, DUE, RANK = (
    "客户编号 / Customer id", "客户名称 / Display name", "客户层级 / Tier", "责任人 / Owner",
    "下次联系日 / Next contact due", "优先级 / Priority rank",
)  # fmt: skip
OWNERS = ("li.lei", "han.meimei")


def published(home: Home, sql: str, file: str = "strata_restricted.duckdb") -> list[tuple[object, ...]]:
    with duckdb.connect(home.serving / file, read_only=True) as con:
        return con.execute(sql).fetchall()


def read_csv(path: Path) -> list[dict[str, str]]:
    assert path.read_bytes().startswith(b"\xef\xbb\xbf")
    with path.open(encoding="utf-8-sig", newline="") as file:
        return list(csv.DictReader(file))


def test_tier_table_when_read_back_then_every_customer_is_there_with_real_types(
    sheet: Sheet, published_home: Home
) -> None:
    rows = sheet("tier_table_restricted.xlsx")
    order = "select customer_id from serving.customer_tier_table order by priority_rank"
    assert [row[ID] for row in rows] == [customer for (customer,) in published(published_home, order)]
    first = rows[0]
    assert first["统计日 / As of"] == AS_OF
    assert isinstance(first[DUE], datetime.date)
    assert (first["购买金额 / Net amount"], first["购买周期 / Purchase cycle days"]) == (390.0, 30.5)
    assert {type(row["会员 / Loyalty member"]) for row in rows} == {bool}
    assert (first[TIER], first[OWNER]) == ("金牌客户 / Gold", "李雷 / Li Lei")
    assert first["购买金额档位 / Amount band"] == "高 / high"


def test_tier_table_when_names_are_hostile_then_the_workbook_holds_them_as_texts(sheet: Sheet) -> None:
    names = {row[NAME] for row in sheet("tier_table_restricted.xlsx")}
    kept = {name for name in HOSTILE if "\x01" not in name and "\r" not in name}
    assert kept <= names
    assert all(type(name) is str for name in names)


def test_tier_table_when_names_are_hostile_then_no_cell_of_the_csv_is_a_formula(reports: Reports) -> None:
    rows = read_csv(reports.folder / "tier_table_restricted.csv")
    names = {row[NAME] for row in rows}
    assert {escaped(name) for name in HOSTILE} <= names
    assert "'=cmd|' /C calc'!A0" in names
    cells = [cell for row in rows for cell in row.values()]
    assert not [cell for cell in cells if cell[:1] in ("=", "+", "-", "@", "\t", "\r")]


def test_tier_table_when_a_number_is_negative_then_it_stays_a_number(tmp_path: Path) -> None:
    from orchestration.reports.csv_files import write_csv
    from orchestration.reports.fields import Field

    with duckdb.connect() as con:
        fields = [Field("amount", "额 / Amount", "money", "amount"), Field("told", "话 / Told", "text", "told")]
        write_csv(con, tmp_path / "x.csv", fields, "(values (-5.5, '-5.5'), (1, '-5.5+1')) as t(amount, told)", "told")
    assert read_csv(tmp_path / "x.csv") == [
        {"额 / Amount": "-5.5", "话 / Told": "-5.5"}, {"额 / Amount": "1.0", "话 / Told": "'-5.5+1"},
    ]  # fmt: skip


def test_tier_table_when_masked_then_no_name_is_in_it(reports: Reports, sheet: Sheet) -> None:
    persons = [row for row in sheet("tier_table.xlsx") if row["客户类型 / Customer type"] == "person"]
    assert all(str(row[NAME]).endswith("**") for row in persons)
    assert "canary" not in (reports.folder / "tier_table.csv").read_text(encoding="utf-8")
    assert "canary" in (reports.folder / "tier_table_restricted.csv").read_text(encoding="utf-8")


def test_owners_when_listed_then_no_customer_is_in_two_lists_and_none_is_missing(
    sheet: Sheet, reports: Reports, published_home: Home
) -> None:
    told = {owner: [row[ID] for row in sheet(f"owners/{owner}.xlsx")] for owner in OWNERS}
    expected = published(published_home, "select owner, customer_id from serving.customer_tier_table")
    assert {(owner, customer) for owner, customers in told.items() for customer in customers} == set(expected)
    assert sum(map(len, told.values())) == len(expected) == 22
    for owner, customers in told.items():
        for name in ("customers", "due", "callbacks", "warnings"):
            listed = [row[ID] for row in read_csv(reports.folder / "owners" / owner / f"{name}.csv")]
            assert set(listed) <= set(customers)
            assert len(listed) == len(set(listed))


def test_due_list_when_made_then_it_holds_who_is_due_within_the_days_first_served_first(sheet: Sheet) -> None:
    last = AS_OF + datetime.timedelta(days=7)
    for owner in OWNERS:
        mine, due = sheet(f"owners/{owner}.xlsx"), sheet(f"owners/{owner}.xlsx", 1)
        assert [row[ID] for row in due] == [row[ID] for row in mine if row[DUE] <= last]
        assert [row[RANK] for row in due] == sorted(row[RANK] for row in due)
    assert len(mine) > len(due) > 0


def test_call_backs_when_made_then_they_are_the_due_customers_of_the_tier_with_a_telephone(sheet: Sheet) -> None:
    due, called = sheet("owners/han.meimei.xlsx", 1), sheet("owners/han.meimei.xlsx", 2)
    assert {row[ID] for row in called} == {row[ID] for row in due if row["电话 / Phone"]}
    assert [row[DUE] for row in called] == sorted(row[DUE] for row in called)
    assert sheet("owners/li.lei.xlsx", 2) == []  # all of the tier gold, which is not called back


def test_warnings_when_listed_then_they_are_those_of_the_owner(sheet: Sheet, published_home: Home) -> None:
    warned = published(published_home, "select customer_id from serving.churn_warnings where as_of = date '2026-03-02'")
    found = [row[ID] for owner in OWNERS for row in sheet(f"owners/{owner}.xlsx", 3)]
    assert sorted(found) == sorted(customer for (customer,) in warned)


@pytest.mark.parametrize("audience", ["batch", "vip"])
def test_audience_when_written_then_only_members_with_consent_are_in_it(
    audience: str, reports: Reports, published_home: Home
) -> None:
    expected = published(
        published_home,
        "select customer_id from serving.audience_members join serving.customers using (customer_id)"
        f" where audience = '{audience}' and outcome = 'member' order by 1",
    )
    rows = read_csv(reports.folder / "audiences" / f"{audience}.csv")
    assert [(row[ID],) for row in rows] == expected
    assert rows
    assert all(row["电子邮箱 / Email"] for row in rows)
    assert ("电话 / Phone" in rows[0]) == (audience == "vip")  # batch is sent by e-mail alone
    if audience == "vip":
        assert all(row["电话 / Phone"].startswith("+86") for row in rows)


def test_audience_counts_when_written_then_they_tell_reasons_and_name_nobody(reports: Reports) -> None:
    path = reports.folder / "audiences" / "counts.csv"
    columns = ("符合条件人数 / Count matching", "可联系人数 / Count members", "未获同意人数 / Count without consent",
               "撤回同意人数 / Count withdrawn", "无联系方式人数 / Count unreachable")  # fmt: skip
    assert [[int(row[column]) for column in columns] for row in read_csv(path)] == [[17, 8, 6, 3, 0], [5, 4, 1, 0, 0]]
    assert "canary" not in path.read_text(encoding="utf-8")


def test_workbook_when_opened_then_criteria_glossary_and_publication_are_beside_the_table(sheet: Sheet) -> None:
    told = sheet("tier_table.xlsx", 1)
    assert any("购买金额处于前 20%,得 100 分" in str(row["中文 / Chinese"]) for row in told)
    assert any(str(row["部分 / Part"]).startswith("潜客") for row in told)
    stamp = {row["项目 / Item"]: row["值 / Value"] for row in sheet("tier_table.xlsx", 2)}
    assert (stamp["统计日 / As of"], stamp["标准版本 / Criteria version"], stamp["运行 / Run"]) == (
        "2026-03-02",
        "v1",
        "run-1",
    )
