"""docs/requirements.md names what is there: columns of the publication, settings, files and tests, each id once."""

import ast
import re
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from ruamel.yaml import YAML

from orchestration.serving.tables import TABLES

ROOT = Path(__file__).resolve().parents[2]
PAGE = ROOT / "docs" / "requirements.md"
CONFIG = ROOT / "orchestration" / "config"
MODELS = ROOT / "dbt_project" / "models"
# What must have a row. J: what a person or another system does with the data is out of scope.
RANGES = {"D": range(1, 31), "E": range(1, 21), "F": range(1, 13), "G": range(1, 12), "I": range(1, 14),
          "J": (1, 2, 6, 7, 9, 10, 14, 15, 16, 22)}  # fmt: skip

SPAN = re.compile(r"`([^`]+)`")
COLUMN = re.compile(r"([a-z][a-z_0-9]*)\.([a-z][a-z_0-9]*)")
SETTING = re.compile(r"(\S+\.yml): (\S+)")
TEST = re.compile(r"(tests/\S+\.py)::(test_\w+)")
HERE = "tests/definitions/test_requirements.py"
OF_FILES = {"csv", "html", "xlsx", "yml"}


class Row(NamedTuple):
    id: str
    requirement: str
    met_by: str
    proof: str

    @property
    def columns(self) -> list[str]:
        spans = [COLUMN.fullmatch(span) for span in SPAN.findall(self.met_by)]
        return [found[0] for found in spans if found and found[2] not in OF_FILES]

    @property
    def settings(self) -> list[tuple[str, str]]:
        spans = [SETTING.fullmatch(span) for span in SPAN.findall(self.met_by)]
        return [(found[1], found[2]) for found in spans if found]

    @property
    def files(self) -> list[str]:
        return [span for span in SPAN.findall(self.met_by) if span.startswith("dbt_project/")]


def rows_of(text: str) -> list[Row]:
    """The rows of all tables, less their headers."""
    cells = [[cell.strip() for cell in line.split("|")[1:-1]] for line in text.splitlines() if line.startswith("| ")]
    return [Row(*four) for four in cells if four[0] != "ID"]


ROWS = rows_of(PAGE.read_text(encoding="utf-8"))


@cache
def document(path: Path) -> Any:
    return YAML(typ="safe").load(path.read_text(encoding="utf-8"))


@cache
def published_columns() -> frozenset[str]:
    """table.column of every published table that the dbt project describes."""
    described: dict[str, set[str]] = {}
    for path in MODELS.rglob("*.yml"):
        content = document(path)
        tables = [*content.get("models", [])]
        for source in content.get("sources", []):
            tables += source["tables"] if source["name"] != "raw" else []
        described |= {table["name"]: {column["name"] for column in table.get("columns", [])} for table in tables}
    published = [(table.name, table.source.split(".")[-1]) for table in TABLES]
    return frozenset(f"{name}.{column}" for name, source in published for column in described.get(source, ()))


@cache
def functions_of(file: str) -> frozenset[str]:
    path = ROOT / file
    tree = ast.parse(path.read_text(encoding="utf-8")) if path.exists() else ast.Module([], [])
    return frozenset(node.name for node in tree.body if isinstance(node, ast.FunctionDef))


def faults(row: Row) -> list[str]:
    """What the row names that is not there, or lacks."""
    found = [f"no published column {name}" for name in row.columns if name not in published_columns()]
    for file, key in row.settings:
        at: Any = document(CONFIG / file) if (CONFIG / file).exists() else None
        for part in key.split("."):
            at = at.get(part) if isinstance(at, dict) else None
        found += [f"no setting {key} in {file}"] if at is None else []
    found += [f"no file {file}" for file in row.files if not (ROOT / file).exists()]
    proofs = [TEST.fullmatch(span) for span in SPAN.findall(row.proof)]
    found += [f"no test {proof[0]}" for proof in proofs if proof and proof[2] not in functions_of(proof[1])]
    found += ["a proof that is no test"] if not proofs or None in proofs else []
    found += ["nothing that meets it"] if not SPAN.search(row.met_by) and "not yet: " not in row.met_by else []
    return found


def test_page_when_read_then_every_requirement_has_one_row() -> None:
    expected = [f"{section}{number}" for section, numbers in RANGES.items() for number in numbers]
    assert [row.id for row in ROWS] == expected


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.id)
def test_row_when_it_names_columns_settings_files_and_tests_then_they_are_there(row: Row) -> None:
    assert faults(row) == []


@pytest.mark.parametrize(
    ("met_by", "proof", "fault"),
    [
        ("`customer_tiers.rank`", "", "no published column customer_tiers.rank"),
        ("`tier_history.tier`", "", "no published column tier_history.tier"),
        ("`presets/common.yml: schemes.value_tier.teirs`", "", "no setting schemes.value_tier.teirs in presets/common.yml"),
        ("`presets/moon.yml: schemes`", "", "no setting schemes in presets/moon.yml"),
        ("`dbt_project/seeds/moon.csv`", "", "no file dbt_project/seeds/moon.csv"),
        ("a thought", "", "nothing that meets it"),
        ("`orders.channel`", f"`{HERE}::test_moon`", f"no test {HERE}::test_moon"),
        ("`orders.channel`", "`tests/test_moon.py::test_moon`", "no test tests/test_moon.py::test_moon"),
        ("`orders.channel`", "by eye", "a proof that is no test"),
        ("`orders.channel`", "`make test`", "a proof that is no test"),
    ],
)  # fmt: skip
def test_row_when_it_names_what_is_not_there_then_it_is_found(met_by: str, proof: str, fault: str) -> None:
    good = f"`{HERE}::test_page_when_read_then_every_requirement_has_one_row`"
    assert faults(Row("D1", "", met_by, proof or good)) == [fault]
