"""Same input, same configuration, same day: the same published rows, however the input came.

Each is held to what the whole job published; where its input came in another way, the steps alone take it from there.
"""

import os
import random
import re
import shutil
from pathlib import Path

import duckdb

from orchestration.serving import state_hash
from orchestration.serving.tables import TABLES
from orchestration.settings import Home, load_settings
from tests.conftest import AS_OF, copy_home, run_home
from tests.pipeline.steps import land, refresh

PERIOD = re.compile(r"\d{4}-\d{2}-\d{2}")


def published_hashes(home: Home) -> dict[str, str]:
    """The content hash of every published table; run ids, load times and places in files do not enter it."""
    with duckdb.connect(home.serving / "strata_restricted.duckdb", read_only=True) as con:
        return {table.name: str(state_hash(con, f"serving.{table.name}")) for table in TABLES}


def test_second_run_on_the_same_input_publishes_the_same(refreshed: Home, tmp_path: Path) -> None:
    again = copy_home(refreshed, tmp_path / "again")
    assert run_home(again) == 0
    assert published_hashes(again) == published_hashes(refreshed)


def test_shuffled_rows_and_reversed_files_publish_the_same(sample_home: Home, refreshed: Home, tmp_path: Path) -> None:
    shuffled = copy_home(sample_home, tmp_path / "shuffled")
    files = sorted(path for path in shuffled.landing.rglob("*") if path.is_file())
    count_shuffled = sum(shuffle_rows(path) for path in files)
    for age, path in enumerate(files):
        os.utime(path, (1_700_000_000 - age, 1_700_000_000 - age))  # the first by name is now the youngest
    assert count_shuffled > len(files) / 2
    refresh(shuffled, AS_OF)
    assert published_hashes(shuffled) == published_hashes(refreshed)


def test_landing_day_by_day_publishes_the_same(sample_home: Home, refreshed: Home, tmp_path: Path) -> None:
    home = copy_home(sample_home, tmp_path / "daily")
    waiting = tmp_path / "waiting"
    shutil.move(home.landing, waiting)
    home.ensure()
    sources = load_settings().sources
    days = sorted({period(path) for path in waiting.rglob("*") if path.is_file()})
    assert len(days) > 5
    for day in days[:-1]:
        drop(waiting, home.landing, day)
        land(home, sources)
    drop(waiting, home.landing, days[-1])
    refresh(home, AS_OF)
    assert published_hashes(home) == published_hashes(refreshed)


def test_rebuilt_warehouse_publishes_the_same(refreshed: Home, tmp_path: Path) -> None:
    home = copy_home(refreshed, tmp_path / "rebuilt")
    home.warehouse.unlink()
    refresh(home, AS_OF)
    assert published_hashes(home) == published_hashes(refreshed)


def shuffle_rows(path: Path, seed: int = 0) -> bool:
    """Shuffles the rows of a text file whose rows are its lines (no quoted line breaks). Returns whether it did."""
    if path.suffix not in (".csv", ".tsv", ".jsonl"):
        return False
    content = path.read_bytes()
    quoted = b'"' in content and path.suffix != ".jsonl"
    if quoted or b"\x00" in content or not content.endswith(b"\n"):
        return False
    lines = content.splitlines(keepends=True)
    head, rows = ([], lines) if path.suffix == ".jsonl" else (lines[:1], lines[1:])
    random.Random(f"{path.name} {seed}").shuffle(rows)
    path.write_bytes(b"".join(head + rows))
    return True


def period(path: Path) -> str:
    found = PERIOD.search(path.name)
    return found.group(0) if found else "0000-00-00"


def drop(waiting: Path, landing: Path, day: str) -> None:
    """Moves the files of one period into the landing folder."""
    for path in [path for path in waiting.rglob("*") if path.is_file() and period(path) == day]:
        target = landing / path.relative_to(waiting)
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.move(path, target)
