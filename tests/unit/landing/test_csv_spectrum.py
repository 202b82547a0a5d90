"""The twelve files of the public set csv-spectrum come through to the letter."""

import json
from pathlib import Path

import pytest

from tests.fixtures.public_sets import FOLDER
from tests.unit.landing.conftest import Bench

FILES = FOLDER / "csv-spectrum" / "package" / "csvs"
NAMES = sorted(path.stem for path in FILES.glob("*.csv"))

OF_THE_FILE = {"location_coordinates": {"Contact Phone Number": "2095257564"}}
"""Where the set's JSON says otherwise than its CSV (1234567890)."""


def test_the_set_has_twelve_files() -> None:
    assert len(NAMES) == 12


@pytest.mark.parametrize("name", NAMES)
def test_landing_when_a_file_of_the_set_comes_then_it_is_exact(name: str, tmp_path: Path) -> None:
    expected = json.loads((FILES.parent / "json" / f"{name}.json").read_text(encoding="utf-8"))
    expected = [
        {**row, **OF_THE_FILE.get(name, {})} for row in (expected if isinstance(expected, list) else [expected])
    ]
    first = next(iter(expected[0]))
    bench = Bench(tmp_path, {"entity": "products", "columns": {"product_id": first}})
    bench.land((FILES / f"{name}.csv").read_bytes())
    assert [{first: row["product_id"], **json.loads(row["_extra"])} for row in bench.raw()] == expected
    assert bench.quarantine() == []
