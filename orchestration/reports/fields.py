"""The columns of a report: bilingual header, kind of value, and the SQL that gives what people read.

A pair of columns `x_zh` and `x_en` is one column of a report, 'zh / en', in place of the code beside it; codes of
bands, tiers, states and segments are told by their names in the configuration.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Literal

from orchestration.logic.segmentation.columns import TABLES
from orchestration.logic.segmentation.lifecycle import LABELS_ZH
from orchestration.logic.segmentation.store import case_by
from orchestration.logic.tier_table import BAND_COLUMNS
from orchestration.settings.audiences import NEVER_BOUGHT
from orchestration.settings.criteria import Text
from orchestration.settings.insights import InsightSettings

Kind = Literal["text", "integer", "number", "money", "share", "date", "boolean"]
Labels = dict[str, dict[str, str]]
"""Column → code → 'zh / en', best first."""

NUMBERS = ("DECIMAL", "DOUBLE", "FLOAT")
INTEGERS = ("HUGEINT", "BIGINT", "INTEGER", "SMALLINT", "TINYINT", "UBIGINT", "UINTEGER")
# Of the profile, which is described in dbt's files and not among the insight tables.
OF_PROFILES = {"email": "电子邮箱", "phone": "电话"}
LISTS = ("missing_inputs",)  # JSON lists, told with commas
ABBREVIATIONS = {"Rfm": "RFM", "Abc": "ABC", "Csat": "CSAT"}
CUSTOMER_TYPES = {"person": "个人 / person", "company": "企业 / company"}
TIMES_OF_DAY = {
    "morning": "上午 / morning", "afternoon": "下午 / afternoon", "evening": "晚上 / evening", "night": "夜间 / night",
}  # fmt: skip
CONSENTS = {"granted": "已同意 / granted", "withdrawn": "已撤回 / withdrawn"}
WARNING_BANDS = {"high": "高 / high", "medium": "中 / medium"}


@dataclass(frozen=True)
class Field:
    """One column of a report. `sql`: its value, over the table it comes from; `codes`: the names it may show."""

    name: str
    header: str
    kind: Kind
    sql: str
    codes: tuple[str, ...] = ()


def both(text: Text) -> str:
    return f"{text.zh} / {text.en}"


def labels_of(settings: InsightSettings) -> Labels:
    """The names of the codes that reports show, from the configuration."""
    criteria = settings.criteria
    tiers = {tier.code: both(tier.label) for tier in criteria.main.tiers}
    bands = {
        column: {band.code: both(band.label) for band in criteria.main.criteria[criterion].best_first}
        for column, criterion in BAND_COLUMNS.items()
        if criterion in criteria.main.criteria
    }
    return {
        **bands,
        "customer_type": CUSTOMER_TYPES,
        "usual_time": TIMES_OF_DAY,
        "marketing_consent": CONSENTS,
        "tier": tiers,
        "previous_tier": tiers,
        "lifecycle": {code: f"{zh} / {code}" for code, zh in LABELS_ZH.items()},
        "rfm_segment": {segment.code: both(segment.label) for segment in criteria.segments}
        | {NEVER_BOUGHT: f"{LABELS_ZH[NEVER_BOUGHT]} / {NEVER_BOUGHT.capitalize()}"},
        "churn_band": WARNING_BANDS,
        "band": WARNING_BANDS,
    }


def fields_of(
    table: str, columns: Mapping[str, str], labels: Labels, only: Iterable[str] = (), alias: str = ""
) -> list[Field]:
    """The report's columns of a published table (`columns`: name → type): all, or `only` those named, in that order.

    `alias`: of the table in a join.
    """
    fields = {}
    for name, kind in columns.items():
        stem, _, language = name.rpartition("_")
        if language in ("zh", "en") and {f"{stem}_zh", f"{stem}_en"} <= set(columns):
            if language == "zh":
                fields[stem] = _pair(table, stem, columns, alias)
        elif not {f"{name}_zh", f"{name.removesuffix('_code')}_zh"} & set(columns):
            fields[name] = _single(table, name, kind, labels.get(name, {}), alias)
    return [fields[name] for name in only or fields if name in fields]


def header_of(table: str, name: str) -> str:
    """'Chinese / English' of a column; of an unknown column its English name alone."""
    english = " ".join(ABBREVIATIONS.get(word, word) for word in name.replace("_", " ").capitalize().split(" "))
    known = TABLES[table].labels if table in TABLES else {}
    chinese = known[name][0] if name in known else OF_PROFILES.get(name)
    return f"{chinese} / {english}" if chinese else english


def _single(table: str, name: str, kind: str, names: dict[str, str], alias: str) -> Field:
    column = _quoted(name, alias)
    sql = f"coalesce({case_by(column, dict(names))}, {column})" if names else column
    if name in LISTS:
        sql = f"nullif(array_to_string(json_extract_string({column}, '$[*]'), ', '), '')"
    return Field(name, header_of(table, name), _kind(name, kind), sql, tuple(names.values()))


def _pair(table: str, stem: str, columns: Mapping[str, str], alias: str) -> Field:
    code = next((name for name in (stem, f"{stem}_code") if name in columns), None)
    chinese = header_of(table, code or f"{stem}_zh").split(" / ")[0]
    told = f"{_quoted(f'{stem}_zh', alias)} || ' / ' || {_quoted(f'{stem}_en', alias)}"
    sql = f"coalesce({told}, {_quoted(code, alias)})" if code else told
    return Field(stem, f"{chinese} / {stem.replace('_', ' ').capitalize()}", "text", sql)


def _kind(name: str, kind: str) -> Kind:
    if kind in ("DATE", "BOOLEAN"):
        return "date" if kind == "DATE" else "boolean"
    if kind == "DECIMAL(28,4)":
        return "money"
    if kind.startswith("DECIMAL") and name.endswith(("_rate", "_share")):
        return "share"
    if kind in INTEGERS:
        return "integer"
    return "number" if kind.startswith(NUMBERS) else "text"


def _quoted(name: str, alias: str) -> str:
    return f'{alias}."{name}"' if alias else f'"{name}"'
