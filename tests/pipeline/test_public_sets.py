"""Public sets through the whole job: naughty strings as names, byte for byte; every region's phone numbers to E.164."""

import csv
import io
import json
import os
import subprocess
import sys
from pathlib import Path

import phonenumbers
import pytest

from orchestration import warehouse
from orchestration.settings import Home
from tests.conftest import query
from tests.fixtures.public_sets import FOLDER

STRATA = Path(sys.executable).parent / "strata"
STRINGS = json.loads((FOLDER / "blns" / "package" / "resources" / "blns.json").read_text(encoding="utf-8"))
SOURCES = """
sources:
  forms:
    channel: website
    trust: 50
    entities:
      names:
        entity: persons
        key: [id]
        columns: {source_record_id: id, full_name: name, created_at: since}
      callers:
        entity: persons
        key: [id]
        columns: {source_record_id: id, full_name: name, phone: phone, country: country, created_at: since}
"""


def written(rows: list[list[str]]) -> bytes:
    buffer = io.StringIO()
    csv.writer(buffer, quoting=csv.QUOTE_ALL).writerows(rows)
    return buffer.getvalue().encode()


def examples() -> dict[str, tuple[str, str]]:
    """Region → its example of a mobile number as people write it there, and in E.164."""
    found = {}
    for region in sorted(phonenumbers.SUPPORTED_REGIONS):
        number = phonenumbers.example_number_for_type(region, phonenumbers.PhoneNumberType.MOBILE)
        if number and phonenumbers.is_valid_number_for_region(number, region):
            form = phonenumbers.PhoneNumberFormat
            found[region] = tuple(phonenumbers.format_number(number, each) for each in (form.NATIONAL, form.E164))
    return found


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Home:
    root = tmp_path_factory.mktemp("public")
    (root / "config").mkdir()
    (root / "config" / "sources.yml").write_text(SOURCES, encoding="utf-8")
    home = Home(root / "home").ensure()
    since = "2026-01-02"
    names = [[str(number), text, since] for number, text in enumerate(STRINGS)]
    callers = [[region, f"Caller {region}", phone, region, since] for region, (phone, _) in examples().items()]
    for block, header, rows in (
        ("names", ["id", "name", "since"], names),
        ("callers", ["id", "name", "phone", "country", "since"], callers),
    ):
        folder = home.landing / "forms" / block
        folder.mkdir(parents=True)
        (folder / "all.csv").write_bytes(written([header, *rows]))
    variables = {
        "STRATA_HOME": str(home.root),
        "STRATA_CONFIG": str(root / "config"),
        "DAGSTER_HOME": str(home.dagster),
    }
    done = subprocess.run(
        [STRATA, "run", "--as-of", "2026-02-01"], env={**os.environ, **variables}, capture_output=True, text=True, check=False
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    return home


def test_naughty_strings_when_they_are_names_then_serving_has_them_byte_for_byte(home: Home) -> None:
    rows = query(
        home,
        "select source_record_id, display_name from serving.customer_source_ids "
        "join serving.customers using (customer_id) where entity = 'names'",
    )
    expected = {str(number): text or None for number, text in enumerate(STRINGS)}
    assert len(expected) > 480
    assert dict(rows) == expected


def test_naughty_strings_when_they_are_names_then_none_is_merged_with_another(home: Home) -> None:
    customers = "select count(distinct customer_id) from serving.customer_source_ids where entity = 'names'"
    assert query(home, customers) == [(len(STRINGS),)]


def test_phone_examples_when_written_as_at_home_then_they_are_e164(home: Home) -> None:
    # In staging: many examples look like placeholders (912 345 6789), which the guards of identity keep out of profiles.
    with warehouse.connect(home, read_only=True) as con:
        sql = "select source_record_id, phone_e164 from staging.stg_persons where entity = 'callers'"
        rows = con.execute(sql).fetchall()
    expected = {region: e164 for region, (_, e164) in examples().items()}
    assert len(expected) > 200
    assert dict(rows) == expected
