"""The way in: writes the reports of what is published now.

The caller holds the run lock, so that nothing else is published meanwhile.
"""

import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Protocol

from orchestration.reports.dictionary import dictionary, write_dictionary_csv
from orchestration.reports.effect_sheets import TABLES as EFFECT_TABLES
from orchestration.reports.effect_sheets import write_effects
from orchestration.reports.fields import labels_of
from orchestration.reports.folder import written_aside
from orchestration.reports.lists import write_audiences, write_owners, write_tier_table
from orchestration.reports.pages import churn_page, criteria_page, dictionary_page, effects_page, glossary, stamp_of
from orchestration.reports.reading import reader
from orchestration.reports.words import sections
from orchestration.reports.workbook import Sheet, text_sheet
from orchestration.serving import ORDINARY, RESTRICTED, Published, published
from orchestration.settings import Home
from orchestration.settings.insights import InsightSettings
from orchestration.settings.reports import ReportsFile

# xlsx: the lists, as workbooks and CSV; html: the pages, and the dictionary as CSV.
KINDS = ("xlsx", "html")


NEEDED = (
    "customers",
    "customer_tier_table",
    "customer_features",
    "churn_warnings",
    "churn_models",
    "churn_backtest",
    "lifecycle_states",
    "customer_tiers",
    "clv_estimates",
    "audience_members",
    "audience_counts",
    *(table.table for table in EFFECT_TABLES),
)


class NothingPublished(Exception):
    """There is no publication to report on, or one that an older version made without what the reports need."""


class ReportSettings(InsightSettings, Protocol):
    """What the reports need of the settings."""

    @property
    def reports(self) -> ReportsFile: ...


@dataclass(frozen=True)
class Reports:
    """What was written: the publication's folder, the bytes of each file by its path there, and how long it took."""

    publication_id: str
    as_of: date
    folder: Path
    files: dict[str, int]
    seconds: float


def write_reports(home: Home, settings: ReportSettings, kinds: Sequence[str] = KINDS) -> Reports:
    """Writes the reports of `kinds` for what is published now. Raises NothingPublished.

    After any failure the reports of earlier publications, and `latest`, are as they were.
    """
    started = time.monotonic()
    told = published(home)
    if told is None:
        raise NothingPublished("nothing is published yet: run `strata run` first")
    if missing := [name for name in NEEDED if name not in told.counts]:
        raise NothingPublished(f"what is published has no {', '.join(missing)}: run `strata run` first")
    with written_aside(home.reports, told.publication_id, settings.reports.keep_publications) as folder:
        if "xlsx" in kinds:
            _write_lists(home, folder, settings, told)
        if "html" in kinds:
            _write_pages(home, folder, settings, told)
    target = home.reports / told.publication_id
    files = {str(path.relative_to(target)): path.stat().st_size for path in sorted(target.rglob("*")) if path.is_file()}
    return Reports(told.publication_id, told.as_of, target, files, round(time.monotonic() - started, 3))


def _write_lists(home: Home, folder: Path, settings: ReportSettings, told: Published) -> None:
    labels = labels_of(settings)

    def explained() -> Iterator[Sheet]:
        return _explained(settings, told)

    with reader(home.serving / ORDINARY, home.temporary) as con:
        write_tier_table(con, folder, "tier_table", labels, told, explained)
        write_effects(con, folder, settings, told, explained)
    with reader(home.serving / RESTRICTED, home.temporary) as con:
        write_tier_table(con, folder, "tier_table_restricted", labels, told, explained)
        write_owners(con, folder / "owners", labels, told, settings.reports, explained)
        write_audiences(con, folder / "audiences", labels, told, settings.people.audiences.audiences)


def _write_pages(home: Home, folder: Path, settings: ReportSettings, told: Published) -> None:
    (folder / "criteria.html").write_text(criteria_page(settings, told), encoding="utf-8")
    with reader(home.serving / ORDINARY, home.temporary) as con:
        tables = dictionary(con)
        write_dictionary_csv(con, folder / "dictionary.csv", tables)
        (folder / "churn.html").write_text(churn_page(con, settings, told), encoding="utf-8")
        (folder / "effects.html").write_text(effects_page(con, settings, told), encoding="utf-8")
    (folder / "dictionary.html").write_text(dictionary_page(tables, told), encoding="utf-8")


def _explained(settings: ReportSettings, told: Published) -> Iterator[Sheet]:
    """The sheets that every workbook ends with."""
    criteria = [
        (f"{section.zh} / {section.en}", line.zh, line.en) for section in sections(settings) for line in section.lines
    ]
    terms = [(f"{term.zh} / {term.en}", term.text.zh, term.text.en) for term in glossary()]
    headers = ("部分 / Part", "中文 / Chinese", "英文 / English")
    yield text_sheet("标准与术语 Criteria", headers, [*criteria, *terms])
    stamp = [(f"{zh} / {en}", value) for zh, en, value in stamp_of(told)]
    yield text_sheet("发布信息 Publication", ("项目 / Item", "值 / Value"), stamp)
