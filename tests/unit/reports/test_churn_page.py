"""The page of value and churn: five figures with the published numbers, small cells left out, no id, no address."""

import json
import re
from pathlib import Path

import duckdb
import pytest

from orchestration.defs.insights.tables import churn_picture
from orchestration.reports import charts, write_reports
from orchestration.reports.churn_figures import churn_figures
from orchestration.reports.figures import Figure
from orchestration.settings import Home, Settings
from tests.unit.serving.conftest import AS_OF

from .conftest import WAREHOUSE, publish_warehouse

# Ten of the best tier, of whom four ordered last in their seventh month and are lost; four of the next tier; 46 of none.
MORE = """
create temp table more as select
    'Zid' || i as customer_id, i, case when i <= 10 then 0 when i <= 14 then 1 else 2 end as tier, i <= 4 as gone
from range(1, 61) as t(i);
insert into insights.customer_features by name select
    f.* replace (more.customer_id as customer_id, date '2024-03-02' as first_order_date,
        if(gone, date '2024-09-10', f.as_of - 10) as last_order_date)
from (select * from insights.customer_features where count_orders > 0 qualify row_number() over (partition by as_of) = 1) as f
cross join more;
insert into insights.lifecycle_states by name
select f.as_of, f.criteria_version, customer_id, if(gone, 'lost', 'active') as lifecycle, date '2026-02-01' as since
from more cross join (select distinct as_of, criteria_version from insights.customer_features) as f;
insert into insights.customer_tiers by name select
    f.as_of, f.criteria_version, $scheme as scheme_id, customer_id, list_extract($tiers, 1 + tier) as tier, 3.5 as total_points,
    date '2026-02-01' as tier_since, 'points' as tier_reason
from more cross join (select distinct as_of, criteria_version from insights.customer_features) as f where tier < 2;
insert into insights.clv_estimates by name select
    c.* replace (more.customer_id as customer_id, 100.0 * i as clv)
from (select * from insights.clv_estimates where model <> 'none' qualify row_number() over (partition by as_of) = 1) as c
cross join more;
"""


def card(shift: float) -> str:
    reliability = [
        {"foretold": 0.1, "real": 0.1 + shift, "count": 40},
        {"foretold": 0.6, "real": 0.6 - shift, "count": 20},
    ]
    capture = [
        {"customers": tenth / 10, "captured": tenth / 10, "lift": 3.5 - shift if tenth == 1 else 1.0}
        for tenth in range(1, 11)
    ]
    return json.dumps(
        {"curves": {"reliability": reliability, "capture": capture}, "rival": "recency", "settings": {"capacity": 123}}
    )


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory, settings: Settings) -> Home:
    home = Home(tmp_path_factory.mktemp("churn") / "home").ensure()
    main = settings.criteria.main
    with duckdb.connect(home.warehouse) as con:
        con.execute(WAREHOUSE.read_text(encoding="utf-8"))
        for statement in MORE.strip().rstrip(";").split(";\n"):
            parameters = {"scheme": settings.criteria.main_scheme, "tiers": [tier.code for tier in main.tiers]}
            con.execute(statement, {name: value for name, value in parameters.items() if f"${name}" in statement})
        for model, shift in (("boosting", 0.02), ("recency", 0.08)):
            con.execute("update insights.churn_models set payload = ? where model = ?", [card(shift), model])
        con.execute(
            "insert into insights.churn_backtest by name select * replace ('capture_at_capacity' as metric, "
            "if(model = 'boosting', 0.71, 0.53) as value) from insights.churn_backtest where metric = 'auc'"
        )
    publish_warehouse(home)
    return home


@pytest.fixture(scope="module")
def page(home: Home, settings: Settings) -> str:
    return (write_reports(home, settings, ["html"]).folder / "churn.html").read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def figures(home: Home, settings: Settings) -> dict[str, Figure]:
    with duckdb.connect(home.warehouse, read_only=True) as con:
        return {figure.en: figure for figure in churn_figures(con, "insights", AS_OF, settings)}


def drawn(page: str) -> list[list[str]]:
    """What the marks of each figure say of themselves."""
    figures = re.findall(r"<svg.*?</svg>", page, re.S)
    return [re.findall(r'<path aria-label="([^"]*)" role="graphics-symbol"', figure) for figure in figures]


def test_page_when_written_then_the_five_figures_show_the_published_numbers(page: str) -> None:
    reliability, lift, capture, survival, value = drawn(page)
    assert any("12%" in mark and "boosting" in mark for mark in reliability)
    assert any("18%" in mark and "recency" in mark for mark in reliability)
    assert any("3.48" in mark and "boosting" in mark for mark in lift)
    assert [re.findall(r"\d+%", mark) for mark in capture if "%" in mark and ("boosting" in mark or "recency" in mark)] == [
        ["71%"], ["53%"],
    ]  # fmt: skip
    assert any(": 7;" in mark and "60%" in mark for mark in survival)
    assert any("5,650" in mark or "5650" in mark for mark in value)
    assert "123" in page
    for title in (
        "可靠性曲线 Reliability", "提升曲线 Lift", "能力范围内的捕获率 Capture at capacity",
        "各层级留存曲线 Survival by tier", "终身价值十分位 Lifetime value by tenth",
    ):  # fmt: skip
        assert f"<h2>{title}</h2>" in page
    assert "预测比例 Foretold share" in re.findall(r"<svg.*?</svg>", page, re.S)[0]


def test_survival_when_four_of_ten_are_lost_in_a_month_then_six_tenths_remain_and_small_tiers_are_left_out(
    figures: dict[str, Figure], settings: Settings
) -> None:
    rows = figures["Survival by tier"].rows
    best = settings.criteria.main.tiers[0].label
    assert {row["tier"] for row in rows} == {f"{best.zh} {best.en}"}
    assert {row["month"]: (row["share"], row["count"]) for row in rows} == {
        **dict.fromkeys(range(6), (1.0, 10)), 6: (0.6, 10), **dict.fromkeys(range(7, 24), (0.6, 6)),
    }  # fmt: skip


def test_value_when_buyers_are_in_tenths_then_the_means_are_right(figures: dict[str, Figure]) -> None:
    rows = {row["tenth"]: (row["clv"], row["count"]) for row in figures["Lifetime value by tenth"].rows}
    # Eighty buyers: 100 to 6,000 and twenty with 400.
    assert rows[1] == (5650, 8)
    assert rows[10] == (325, 8)


def test_page_when_read_then_no_customer_and_no_address_is_in_it(page: str, home: Home) -> None:
    with duckdb.connect(home.warehouse, read_only=True) as con:
        ids = [row[0] for row in con.execute("select distinct customer_id from insights.customer_features").fetchall()]
    assert len(ids) > 80
    assert [name for name in ids if re.search(rf"\b{re.escape(name)}\b", page)] == []
    assert not re.search(r"<script|<link|src=|href=|https?://|@import|url\(", page)


def test_page_when_there_are_too_few_then_it_says_so_and_still_stands(published_home: Home, settings: Settings) -> None:
    with duckdb.connect(published_home.warehouse, read_only=True) as con:
        told = churn_figures(con, "insights", AS_OF, settings)
    # No curves in the cards, no tier of the main scheme, two buyers in each tenth.
    assert [figure.chart is None for figure in told] == [True] * 5
    page = (write_reports(published_home, settings, ["html"]).folder / "churn.html").read_text(encoding="utf-8")
    assert page.count("客户太少") == 5


def test_picture_when_made_for_dagster_then_it_is_a_small_png_in_words_that_its_font_has(
    home: Home, settings: Settings, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    with duckdb.connect(home.warehouse, read_only=True) as con:
        told = churn_picture(con, AS_OF, settings)["figures"].md_str
    assert told.startswith("![value and churn](data:image/png;base64,iVBOR")
    assert len(told) < 60_000
    monkeypatch.setattr(charts, "_FONT_FOLDERS", (str(tmp_path),))
    charts.has_chinese_font.cache_clear()
    assert not charts.has_chinese_font()
    (tmp_path / "NotoSansCJK-Regular.ttc").touch()
    charts.has_chinese_font.cache_clear()
    assert charts.has_chinese_font()
    charts.has_chinese_font.cache_clear()


def test_picture_when_there_is_nothing_to_draw_then_there_is_none(published_home: Home, settings: Settings) -> None:
    with duckdb.connect(published_home.warehouse, read_only=True) as con:
        assert churn_picture(con, AS_OF, settings) == {}
