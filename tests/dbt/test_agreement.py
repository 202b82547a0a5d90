"""What the dbt project repeats of Python must agree with it, and whatever people read must be described in both languages."""

import re
from pathlib import Path
from typing import get_args

import pytest
from ruamel.yaml import YAML

from orchestration.logic.identity.comparisons import ALIKE, differ_in_one_sign
from orchestration.settings.entities import ENTITIES
from orchestration.settings.identity import Rule

PROJECT = Path(__file__).resolve().parents[2] / "dbt_project"
CHINESE = re.compile(r"[\u4e00-\u9fff]")
PROPERTIES = sorted(path for path in (PROJECT / "models").rglob("*.yml") if not path.name.startswith("_unit_tests"))


def load(path: Path) -> dict:
    return YAML(typ="safe").load(path)


def described(path: Path) -> list[tuple[str, dict]]:
    """Every model, table and column of a properties file with its dotted name."""
    content = load(path)
    tables = [(model["name"], model) for model in content.get("models", [])]
    for source in content.get("sources", []):
        tables += [(f"{source['name']}.{table['name']}", table) for table in source["tables"]]
    columns = [(f"{name}.{column['name']}", column) for name, table in tables for column in table.get("columns", [])]
    return tables + columns


@pytest.mark.parametrize("path", PROPERTIES, ids=lambda path: str(path.relative_to(PROJECT)))
def test_every_table_and_column_is_described_in_both_languages(path: Path) -> None:
    missing = [
        name
        for name, node in described(path)
        if not node.get("description")
        or not CHINESE.search(str(node.get("config", {}).get("meta", {}).get("label_zh", "")))
    ]
    assert missing == []


@pytest.mark.parametrize("path", PROPERTIES, ids=lambda path: str(path.relative_to(PROJECT)))
def test_every_table_names_its_grain(path: Path) -> None:
    content = load(path)
    tables = [
        *content.get("models", []),
        *(table for source in content.get("sources", []) for table in source["tables"]),
    ]
    assert [table["name"] for table in tables if "Grain:" not in table["description"]] == []


def test_raw_sources_name_the_columns_of_the_entities() -> None:
    raw = next(source for source in load(PROJECT / "models" / "sources.yml")["sources"] if source["name"] == "raw")
    named = {
        table["name"]: tuple(column["name"] for column in table["columns"] if not column["name"].startswith("_"))
        for table in raw["tables"]
    }
    assert named == {name: entity.column_names for name, entity in ENTITIES.items()}


def test_canonical_entities_macro_agrees_with_the_entities() -> None:
    text = (PROJECT / "macros" / "canonical_entities.sql").read_text()
    body = text[text.index("return(") + len("return(") : text.index(") %}\n{% endmacro %}")]
    entities = YAML(typ="safe").load(body)
    for name, entity in ENTITIES.items():
        times = [column.name for column in entity.columns if column.kind in ("timestamp", "date")]
        assert entities[name]["times"] == times
        assert entities[name]["values"] == [column for column in entity.column_names if column not in times]
        assert {*entities[name]["key"]} <= {*entity.column_names, "_source", "_entity", "_record_key"}
    assert [*entities] == [*ENTITIES]


def test_names_are_compared_alike_before_the_model_and_in_it() -> None:
    macros = (PROJECT / "macros" / "text.sql").read_text()
    body = re.search(r"macro differ_in_one_sign\(one, other\) -%}\s*\((.*?)\)\s*\{%- endmacro", macros, re.DOTALL)
    assert body is not None
    written = body[1].replace("{{ one }}", "a").replace("{{ other }}", "b")
    assert written.split() == differ_in_one_sign("a", "b").split()
    candidates = (PROJECT / "models" / "intermediate" / "identity" / "int_identity__candidates.sql").read_text()
    assert f"jaro_winkler_similarity(left_called, right_called) < {ALIKE}\n" in candidates


def test_survivorship_knows_the_rules_of_the_settings() -> None:
    text = (PROJECT / "models" / "marts" / "identity" / "survivorship.sql").read_text()
    listed = text[text.index("set rules = ") + len("set rules = ") : text.index(" -%}")]
    assert YAML(typ="safe").load(listed) == [*get_args(Rule)]
