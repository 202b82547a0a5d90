"""The page and the workbook of effects: the published sums in words, small cells left out, no customer, no address."""

import re
from pathlib import Path

import duckdb
import pytest
from python_calamine import CalamineWorkbook

from orchestration.reports import Reports, write_reports
from orchestration.reports.effect_figures import effect_figures
from orchestration.reports.effect_names import METRIC
from orchestration.reports.figures import Figure
from orchestration.serving import ORDINARY
from orchestration.serving.metrics import load_metrics
from orchestration.settings import Home, Settings
from tests.unit.serving.conftest import AS_OF

from .conftest import WAREHOUSE, publish_warehouse

# Of the main scheme: two months, of which the repeat rate is known for the earlier one alone; a class of four.
MORE = f"""
insert into insights.effect_evaluation by name
select date '{AS_OF}' as as_of, 'v1' as criteria_version, kind, period, scheme_id, class, metric, value, value_before,
    value - value_before as difference, n as count_customers
from (values
    ('month', '2026-01', 'all', 'all', 'conversion_rate', 0.1, null, 40),
    ('month', '2026-02', 'all', 'all', 'conversion_rate', 0.125, 0.1, 40),
    ('month', '2026-02', 'value_tier', 'high', 'conversion_rate', 0.5, 0.25, 8),
    ('month', '2026-02', 'value_tier', 'middle', 'conversion_rate', 0.75, 0.25, 4),
    ('month', '2026-01', 'value_tier', 'high', 'repeat_rate_90', 0.3333, null, 9),
    ('month', '2026-02', 'value_tier', 'high', 'repeat_rate_90', null, 0.3333, 9),
    ('month', '2026-02', 'all', 'all', 'cac', 1234.5, null, 2)
) as t(kind, period, scheme_id, class, metric, value, value_before, n);
insert into insights.effect_cube by name select c.* replace (
    'high' as tier, 'key_account_east' as owner, n as count_customers, null as conversion_rate, n < 30 as is_small
) from (select * from insights.effect_cube where as_of = date '{AS_OF}' limit 1) as c, (values (6), (4)) as cells(n);
update insights.criteria_changes set changed_from = 'v0', count_keys = 7, plan_id = 'p1', applied_by = 'lin', value_before = 0.25,
    changes = '[{{"key": "abc.a_share", "from": "0.8", "to": "0.7"}}'
        || repeat(', {{"key": "k", "from": null, "to": "1"}}', 6) || ']';
insert into insights.tier_migration by name select m.* replace (
    'value_tier' as scheme_id, f as from_tier, t as to_tier, n as count_customers, 0.75 as share
) from (select * from insights.tier_migration where as_of = date '{AS_OF}' limit 1) as m,
    (values ('high', 'high', 6), ('high', 'low', 4)) as moved(f, t, n);
insert into insights.tier_allocation by name select a.* replace (
    'value_tier' as scheme_id, t as tier, n as count_customers, 0.6 as share_customers, 0.7 as share_net_amount
) from (select * from insights.tier_allocation where as_of = date '{AS_OF}' limit 1) as a,
    (values ('high', 7), ('low', 4)) as tiers(t, n);
insert into insights.class_forecast by name select f.* replace (
    'value_tier' as scheme_id, 'low' as class, 'net_amount' as measure, 4321.5 as value, 4000 as low, 5000 as high
) from (select * from insights.class_forecast where as_of = date '{AS_OF}' limit 1) as f;
"""


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Home:
    home = Home(tmp_path_factory.mktemp("effects") / "home").ensure()
    with duckdb.connect(home.warehouse) as con:
        con.execute(WAREHOUSE.read_text(encoding="utf-8") + MORE)
    publish_warehouse(home)
    return home


@pytest.fixture(scope="module")
def written(home: Home, settings: Settings) -> Reports:
    return write_reports(home, settings)


@pytest.fixture(scope="module")
def page(written: Reports) -> str:
    return (written.folder / "effects.html").read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def figures(home: Home, settings: Settings) -> dict[str, Figure]:
    with duckdb.connect(home.serving / ORDINARY, read_only=True) as con:
        return {figure.en: figure for figure in effect_figures(con, AS_OF, settings)}


def test_metrics_when_a_month_is_not_followed_long_enough_then_the_latest_known_one_is_told_with_the_one_before(
    figures: dict[str, Figure],
) -> None:
    rows = {row["metric"]: row for row in figures["Metrics by tier"].rows}
    conversion = rows["购买转化率 Conversion"]
    assert (conversion["month"], conversion["all"], conversion["high"]) == ("2026-02", "12.5% (10%)", "50% (25%)")
    assert (conversion["middle"], conversion["low"]) == ("–", "–")  # four customers; none
    repeat = rows["90 天复购率 Repeat rate, 90 days"]
    assert (repeat["month"], repeat["high"]) == ("2026-01", "33.33%")
    assert rows["获客成本 Cost of a new customer"]["all"] == "1,234.50"
    assert figures["Metrics by tier"].columns["high"] == "高价值客户 High value"


def test_interventions_when_judged_then_the_page_says_before_after_control_interval_and_verdict(
    figures: dict[str, Figure],
) -> None:
    (row,) = figures["What interventions changed"].rows
    assert (row["before"], row["after"], row["control_before"], row["control"]) == ("40%", "50%", "30%", "30%")
    assert (row["difference"], row["interval"], row["count"]) == ("10%", "1% … 20%", "5 / 6")
    assert row["verdict"] == "显著提高 increased"


def test_cube_when_cells_are_small_then_counts_are_told_and_of_fewer_than_five_nothing(
    figures: dict[str, Figure],
) -> None:
    rows = [row for row in figures["Tier by owner by channel"].rows if row["tier"] == "高价值客户 High value"]
    assert [(row["owner"], row["channel"], row["count"], row["conversion"]) for row in rows] == [
        ("大客户经理(华东) Key account manager East", "store", "6", "–")
    ]


def test_changes_when_criteria_changed_then_keys_who_applied_them_and_the_moves_are_told(
    figures: dict[str, Figure],
) -> None:
    row = figures["Criteria that changed"].rows[0]
    assert (row["change"], row["from"], row["applied"]) == ("v0 → v1", "2026-03-01", "p1 · lin")
    assert row["keys"].startswith("abc.a_share: 0.8 → 0.7; k: – → 1; ")
    assert row["keys"].endswith("; + 2")
    assert (row["metric"], row["before"], row["after"]) == ("购买转化率 Conversion", "25%", "–")
    assert row["verdict"] == "观察期未满 still under observation"


def test_small_cells_when_below_five_then_neither_table_nor_drawing_has_them(
    figures: dict[str, Figure], page: str
) -> None:
    assert [(row["from"], row["to"], row["count"]) for row in figures["Migration between tiers"].rows] == [
        ("高价值客户 High value", "高价值客户 High value", "6")
    ]
    assert [row["count"] for row in figures["What is put into each tier"].rows] == ["7"]
    marks = re.findall(r'<path aria-label="([^"]*)" role="graphics-symbol"', page)
    assert any("原层级 From: 高价值客户" in mark and "75%" in mark for mark in marks)
    assert any("客户层级 Tier: 高价值客户" in mark and "占比 Share: 0.6" in mark for mark in marks)
    assert not any("低价值客户" in mark for mark in marks if "原层级 From" in mark or "对象 Of" in mark)


def test_page_when_read_then_its_figures_stand_in_both_languages_without_customer_or_address(
    page: str, home: Home
) -> None:
    for title in (
        "各层级指标 Metrics by tier", "干预的效果 What interventions changed", "层级迁移 Migration between tiers",
        "资源配置 What is put into each tier", "漏斗:客户漏斗 Funnel: Customers", "销售预测 Sales forecast",
    ):  # fmt: skip
        assert f"<h2>{title}</h2>" in page
    assert "4,321.50" in page
    with duckdb.connect(home.warehouse, read_only=True) as con:
        ids = [row[0] for row in con.execute("select customer_id from marts.customers").fetchall()]
    assert [name for name in ids if re.search(rf"\b{re.escape(name)}\b", page)] == []
    assert not re.search(r"<script|<link|src=|href=|https?://|@import|url\(", page)


def test_page_when_a_part_has_no_rows_then_it_says_so(page: str) -> None:
    assert page.count("无数据 / Nothing to tell") >= 1  # nobody ever had an opportunity


def test_workbook_when_opened_then_every_published_row_of_the_day_is_in_it_in_words(
    written: Reports, home: Home
) -> None:
    book = CalamineWorkbook.from_path(str(written.folder / "effects.xlsx"))
    assert book.sheet_names == [
        "效果评估 Effects", "标准变更 Criteria changes", "效果立方 Cube", "层级迁移 Migration",
        "资源配置 Allocation", "销售漏斗 Funnel", "销售预测 Forecast",
        "标准与术语 Criteria", "发布信息 Publication",
    ]  # fmt: skip
    sheets = {name: book.get_sheet_by_name(name).to_python() for name in book.sheet_names}
    with duckdb.connect(home.serving / ORDINARY, read_only=True) as con:
        tables = (
            "effect_evaluation",
            "criteria_changes",
            "effect_cube",
            "tier_migration",
            "tier_allocation",
            "funnel",
            "class_forecast",
        )
        counts = [
            con.execute(f"select count(*) from serving.{table} where as_of = ?", [AS_OF]).fetchall()[0][0]
            for table in tables
        ]
    assert [len(rows) - 1 for rows in list(sheets.values())[:7]] == counts
    head, *rows = sheets["效果评估 Effects"]
    told = [dict(zip(head, row, strict=True)) for row in rows]
    high = next(row for row in told if row["类 / Class"] == "高价值客户 / High value")
    assert (high["方案 / Scheme id"], high["指标 / Metric"], high["数值 / Value"]) == (
        "客户价值分层 / Customer value tiers", "90 天复购率 / Repeat rate, 90 days", 0.3333,
    )  # fmt: skip
    # A class that the configuration does not know keeps its code.
    assert {row["类 / Class"] for row in told if row["期间 / Period"] == "spring"} == {"gold"}


def test_metric_names_when_compared_with_the_definitions_then_each_effect_has_one() -> None:
    of_effects = {metric.metric for metric in load_metrics() if metric.table_name == "effect_evaluation"}
    assert of_effects - {"effect_difference"} == set(METRIC)


def test_effects_when_written_twice_then_their_bytes_are_equal(
    home: Home, settings: Settings, written: Reports
) -> None:
    before = {name: (written.folder / name).read_bytes() for name in ("effects.html", "effects.xlsx")}
    again = write_reports(home, settings)
    assert {name: Path(again.folder, name).read_bytes() for name in before} == before
