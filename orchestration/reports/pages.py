"""Pages to read and print: the criteria in plain words, the figures of churn and of effect, and the dictionary.

One file each, no script, no network.
"""

from functools import cache
from pathlib import Path
from typing import Any

import duckdb
from jinja2 import Environment, FileSystemLoader, StrictUndefined

from orchestration.reports.dictionary import DictionaryTable
from orchestration.reports.words import sections
from orchestration.serving import Published
from orchestration.settings.criteria import Text
from orchestration.settings.insights import InsightSettings
from orchestration.settings.loader import Strict, load_model

TEMPLATES = Path(__file__).with_name("templates")
Stamp = list[tuple[str, str, str]]


class Term(Strict):
    """One word of the glossary."""

    zh: str
    en: str
    text: Text


class Glossary(Strict):
    terms: list[Term]


@cache
def glossary() -> list[Term]:
    """The words that the reports use, in reading order."""
    return load_model(Path(__file__).with_name("glossary.yml"), Glossary).terms


def criteria_page(settings: InsightSettings, told: Published | None) -> str:
    """The criteria in words as HTML; of a publication, or of the configuration alone."""
    stamp = [("标准版本", "Criteria version", settings.criteria_version)]
    if told:
        stamp = stamp_of(told)
        if told.criteria_version != settings.criteria_version:
            stamp.append(("本页所述标准版本", "This page tells version", settings.criteria_version))
    return _render(
        "criteria.html.j2", "客户分类标准", "Customer criteria", stamp, sections=sections(settings), terms=glossary()
    )


def dictionary_page(tables: list[DictionaryTable], told: Published) -> str:
    """The dictionary of the published tables as HTML."""
    return _render("dictionary.html.j2", "数据字典", "Data dictionary", stamp_of(told), tables=tables)


def churn_page(con: duckdb.DuckDBPyConnection, settings: InsightSettings, told: Published) -> str:
    """The figures of value and churn of a publication as HTML."""
    # Altair takes a second to load: commands that draw nothing need not wait for it.
    from orchestration.reports.charts import svg
    from orchestration.reports.churn_figures import churn_figures

    found = con.execute(
        "select model, reason_zh, reason_en from serving.churn_models where as_of = ? and is_published", [told.as_of]
    ).fetchall()
    published, reason_zh, reason_en = found[0] if found else ("-", "", "")
    figures = churn_figures(con, "serving", told.as_of, settings)
    words = {"published": published, "reason_zh": reason_zh, "reason_en": reason_en}
    return _render("churn.html.j2", "价值与流失", "Value and churn", stamp_of(told), figures=figures, svg=svg, **words)


def effects_page(con: duckdb.DuckDBPyConnection, settings: InsightSettings, told: Published) -> str:
    """The effect of the classification, of a publication, as HTML."""
    from orchestration.reports.charts import svg
    from orchestration.reports.effect_figures import effect_figures

    figures = effect_figures(con, told.as_of, settings)
    return _render(
        "effects.html.j2", "效果评估", "Effect of the classification", stamp_of(told), figures=figures, svg=svg
    )


def stamp_of(told: Published) -> Stamp:
    """What a report says of its publication: Chinese and English name, and value."""
    return [
        ("统计日", "As of", str(told.as_of)),
        ("数据截至(UTC)", "Known at (UTC)", f"{told.known_at:%Y-%m-%d %H:%M:%S}"),
        ("标准版本", "Criteria version", told.criteria_version),
        ("运行", "Run", told.run_id),
        ("发布", "Publication", told.publication_id),
        ("发布时间(UTC)", "Published at (UTC)", f"{told.published_at:%Y-%m-%d %H:%M:%S}"),
    ]


def _render(template: str, title_zh: str, title_en: str, stamp: Stamp, **told: Any) -> str:
    environment = Environment(
        loader=FileSystemLoader(TEMPLATES), autoescape=True, undefined=StrictUndefined, trim_blocks=True
    )
    return environment.get_template(template).render(title_zh=title_zh, title_en=title_en, stamp=stamp, **told)
