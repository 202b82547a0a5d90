"""The pages: every criterion and every key is told, in both languages, without network; the dictionary knows all columns."""

import csv
import re
from types import SimpleNamespace
from typing import Any

import pytest
from typer.testing import CliRunner

from orchestration.cli.app import app
from orchestration.reports import Reports, criteria_page, sections
from orchestration.settings import Settings, config_folder
from orchestration.settings.criteria import CriteriaFile, Lifecycle
from orchestration.settings.layers import read_layers


def lines(settings: Any) -> list[tuple[str, str]]:
    return [(line.zh, line.en) for section in sections(settings) for line in section.lines]


def test_page_when_written_then_every_key_of_the_criteria_is_on_it(settings: Settings) -> None:
    page = criteria_page(settings, None)
    keys = read_layers(config_folder() / "criteria.yml").merged
    assert len(keys) > 10
    assert [key for key in keys if f"criteria.yml: {key}" not in page] == []


def test_page_when_written_then_every_band_is_told_with_its_points(settings: Settings) -> None:
    told = lines(settings)
    for scheme in settings.criteria.schemes.values():
        for criterion in scheme.criteria.values():
            for band in criterion.bands:
                zh, en = f"得 {band.points} 分({band.label.zh})", f"{band.points} points ({band.label.en})"
                assert [line for line in told if zh in line[0] and en in line[1]]
        for tier in scheme.tiers:
            assert [line for line in told if line[0].startswith(f"{tier.label.zh}:总分")]


def test_words_when_bands_are_shares_values_or_open_then_they_read_as_a_person_says_it(settings: Settings) -> None:
    told = lines(settings)
    for line in (
        ("购买金额处于前 20%,得 100 分(高)", "Among the best 20% by purchase amount: 100 points (high)"),
        ("购买金额在前 60% 之外,得 0 分(低)", "Beyond the best 60% by purchase amount: 0 points (low)"),
        ("距上次下单天数不低于 31 且低于 91,得 50 分(一般)", "Recency days from 31 to below 91: 50 points (fair)"),
        ("沉睡:91 至 365 天未下单", "Dormant: no order for 91 to 365 days"),
        ("冠军客户:R 5, F 4–5", "Champions: R 5, F 4–5"),
    ):
        assert line in told
    people = " ".join(zh for zh, _ in told)
    for name in (
        "大客户经理(华东)",
        "专属经理一对一服务",
        "沉睡唤醒:生命周期为沉睡",
        "未下单",
        "总分须越过层级界线 2 分",
    ):
        assert name in people


def test_words_when_the_criteria_have_parts_unknown_here_then_they_are_told_key_by_key(settings: Settings) -> None:
    class MoreLifecycle(Lifecycle):
        grace_days: int = 77

    class MoreCriteria(CriteriaFile):
        lead_score: dict[str, Any]
        lifecycle: MoreLifecycle

    given = settings.criteria.model_dump()
    part = {"label": {"zh": "线索评分", "en": "Lead score"}, "bands": [{"code": "hot", "at_least": 70}], "is_on": True}
    criteria = MoreCriteria.model_validate({**given, "lead_score": part})
    told = SimpleNamespace(criteria=criteria, churn=settings.churn, people=settings.people, criteria_version="v")
    found = {section.source: section for section in sections(told)}
    assert ("grace days:77", "grace days: 77") in [(x.zh, x.en) for x in found["criteria.yml: lifecycle"].lines]
    unknown = [(line.zh, line.en, line.depth) for line in found["criteria.yml: lead_score"].lines]
    assert unknown == [
        ("label:线索评分", "label: Lead score", 0), ("bands", "bands", 0), ("1", "1", 1), ("code:hot", "code: hot", 2),
        ("at least:70", "at least: 70", 2), ("is on:是", "is on: yes", 0),
    ]  # fmt: skip


def test_pages_when_read_then_they_need_no_network_and_no_script(reports: Reports) -> None:
    for name in ("churn.html", "criteria.html", "effects.html", "dictionary.html"):
        page = (reports.folder / name).read_text(encoding="utf-8")
        assert not re.search(r"<script|<link|src=|https?://|@import", page)
        assert "2026-03-02" in page


def test_page_when_the_configuration_is_newer_than_the_publication_then_it_says_which_it_tells(
    reports: Reports, settings: Settings
) -> None:
    page = (reports.folder / "criteria.html").read_text(encoding="utf-8")
    assert settings.criteria_version in page
    assert "This page tells version" in page


def test_page_when_a_text_holds_markup_then_it_is_shown_and_not_obeyed(settings: Settings) -> None:
    people = settings.people.model_copy(deep=True)
    owner = next(iter(people.owners.values()))
    text = owner.name.model_copy(update={"en": "<b>bold</b>"})
    people.owners["x"] = owner.model_copy(update={"name": text})
    told = SimpleNamespace(criteria=settings.criteria, churn=settings.churn, people=people, criteria_version="v")
    page = criteria_page(told, None)
    assert "&lt;b&gt;bold" in page
    assert "<b>bold" not in page


def test_dictionary_when_written_then_insights_are_described_in_both_languages_and_masks_named(
    reports: Reports,
) -> None:
    with (reports.folder / "dictionary.csv").open(encoding="utf-8-sig", newline="") as file:
        rows = {(row["表 / Table"], row["列 / Column"]): row for row in csv.DictReader(file)}
    tier = rows["customer_tier_table", "tier"]
    assert (tier["类型 / Type"], tier["中文 / Chinese"], tier["英文 / English"]) == (
        "VARCHAR",
        "客户层级",
        "Tier in force",
    )
    assert rows["customers", "email"]["普通版 / Ordinary variant"] == "遮蔽 / masked"
    assert rows["customers", "city"]["普通版 / Ordinary variant"] == ""
    assert rows["publication", "as_of"]["中文 / Chinese"] == "统计日"
    page = (reports.folder / "dictionary.html").read_text(encoding="utf-8")
    assert all(f"<code>{table}</code>" in page for table, _ in rows)


@pytest.mark.parametrize(
    ("to", "says"),
    [("papyrus", "found papyrus; allowed: duckdb, parquet, xlsx, html"), ("xlsx,papyrus", "papyrus"), (",", "nothing"),
     ("postgres", "postgres is not configured")],
)  # fmt: skip
def test_publish_when_a_target_is_unknown_or_not_configured_then_it_ends_with_2(to: str, says: str) -> None:
    result = CliRunner().invoke(app, ["publish", "--to", to])
    assert (result.exit_code, says in result.output) == (2, True)


def test_criteria_command_when_called_then_it_prints_the_words_or_writes_the_page(tmp_path: Any) -> None:
    printed = CliRunner().invoke(app, ["criteria"])
    assert (printed.exit_code, "购买金额处于前 20%" in printed.output) == (0, True)
    written = CliRunner().invoke(app, ["criteria", "--to", str(tmp_path / "criteria.html")])
    assert (written.exit_code, "客户分类标准" in (tmp_path / "criteria.html").read_text(encoding="utf-8")) == (0, True)
