"""The data dictionary: every column of every published table, with type and meaning in both languages.

The words of marts come from dbt's files, those of insights from the column lists, those of tables that exist only for
readers from dictionary.yml.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import duckdb
from ruamel.yaml import YAML

from orchestration.logic.segmentation.columns import TABLES as INSIGHTS
from orchestration.logic.segmentation.store import values
from orchestration.reports.csv_files import write_csv
from orchestration.reports.fields import Field
from orchestration.reports.reading import columns_of
from orchestration.serving.masks import MASKS
from orchestration.serving.tables import PUBLICATION
from orchestration.serving.tables import TABLES as PUBLISHED
from orchestration.settings.loader import Strict, load_model

MARTS = Path(__file__).resolve().parents[2] / "dbt_project" / "models" / "marts"
HEADERS = ("表 / Table", "列 / Column", "类型 / Type", "中文 / Chinese", "英文 / English", "普通版 / Ordinary variant")
Words = dict[str, tuple[str, str]]
"""Column → (Chinese, English)."""


@dataclass(frozen=True)
class DictionaryColumn:
    """`masked`: the ordinary variant hides or shortens the value."""

    name: str
    type: str
    zh: str
    en: str
    masked: bool


@dataclass(frozen=True)
class DictionaryTable:
    name: str
    zh: str
    en: str
    columns: list[DictionaryColumn]


class Described(Strict):
    """A table of dictionary.yml: its words, and Chinese and English by column."""

    zh: str
    en: str
    columns: dict[str, tuple[str, str]]


class DictionaryFile(Strict):
    tables: dict[str, Described]


def dictionary(con: duckdb.DuckDBPyConnection) -> list[DictionaryTable]:
    """The published tables in the order of serving/tables.py, with the words that are known of them."""
    hidden = {table.name: {*MASKS, *table.free_text} for table in PUBLISHED}
    return [_table(con, name, hidden.get(name, set())) for name in [*hidden, PUBLICATION]]


def write_dictionary_csv(con: duckdb.DuckDBPyConnection, path: Path, tables: list[DictionaryTable]) -> None:
    """One row a column."""
    rows = [
        (number, table.name, column.name, column.type, column.zh, column.en, "遮蔽 / masked" if column.masked else None)
        for number, (table, column) in enumerate((table, column) for table in tables for column in table.columns)
    ]
    names = ("table", "column", "type", "zh", "en", "ordinary")
    fields = [Field(name, header, "text", f'"{name}"') for name, header in zip(names, HEADERS, strict=True)]
    relation = values(f"t(place, {', '.join(field.sql for field in fields)})", rows)
    write_csv(con, path, fields, relation, "place")


def _table(con: duckdb.DuckDBPyConnection, name: str, hidden: set[str]) -> DictionaryTable:
    zh, en, words = _words(name)
    columns = [
        DictionaryColumn(column, kind, *words.get(column, ("", "")), column in hidden)
        for column, kind in columns_of(con, name).items()
    ]
    return DictionaryTable(name, zh, en, columns)


def _words(name: str) -> tuple[str, str, Words]:
    if name in INSIGHTS:
        table = INSIGHTS[name]
        return table.zh, table.en, {column.name: (column.zh, column.en) for column in table.columns}
    described = _described()
    return described.get(name, ("", "", {}))


@cache
def _described() -> dict[str, tuple[str, str, Words]]:
    own = load_model(Path(__file__).with_name("dictionary.yml"), DictionaryFile).tables
    return {
        **{name: (told.zh, told.en, dict(told.columns)) for name, told in own.items()},
        **{model["name"]: _model(model) for model in _models()},
    }


def _models() -> Iterator[dict[str, Any]]:
    """The models that dbt's files of the marts describe."""
    for path in sorted(MARTS.rglob("*.yml")):
        document = YAML(typ="safe", pure=False).load(path.read_text(encoding="utf-8")) or {}
        yield from document.get("models", [])


def _model(model: dict[str, Any]) -> tuple[str, str, Words]:
    words = {column["name"]: (_label(column), column.get("description", "")) for column in model.get("columns", [])}
    return _label(model), model.get("description", ""), words


def _label(described: dict[str, Any]) -> str:
    return str(described.get("config", {}).get("meta", {}).get("label_zh", ""))
