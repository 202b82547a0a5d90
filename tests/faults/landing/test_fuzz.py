"""T13 and the differential test: whatever is written, every row is accounted for, and both ways of reading say the same.

`STRATA_FILES` sets how many files are generated (300 here, 10,000 in `make campaign-landing`).
"""

import os
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from orchestration.landing import limits
from orchestration.landing.batches import FileRefused
from orchestration.landing.containers import LandedFile
from orchestration.landing.readers.delimited import DelimitedReading
from orchestration.settings.sources import Block
from tests.faults.landing.generated import MAPPED, VARIANTS, Generated, generate
from tests.unit.landing.conftest import Bench

FILES = int(os.environ.get("STRATA_FILES", "300"))
SHARE_REFUSED, SHARE_NEIGHBOURS = 0.1, 0.001


@pytest.fixture(autouse=True)
def _small_chunks(monkeypatch: pytest.MonkeyPatch) -> None:
    """Chunks of a few rows, so that borders fall everywhere; the disk is not waited for."""
    monkeypatch.setattr(limits, "CHUNK_BYTES", 700)
    monkeypatch.setattr(limits, "PIECE_BYTES", 250)
    monkeypatch.setattr(limits, "SAMPLE_BYTES", 4_000)
    monkeypatch.setattr("os.fsync", lambda descriptor: None)


@pytest.fixture(scope="module", params=range(len(VARIANTS)))
def files(request: pytest.FixtureRequest) -> list[Generated]:
    """The generated files of one variant."""
    return [generate(seed) for seed in range(request.param, FILES, len(VARIANTS))]


def test_files_when_generated_then_every_row_is_loaded_or_quarantined(files: list[Generated], tmp_path: Path) -> None:
    bench = Bench(tmp_path, files[0].variant.block)
    for number, file in enumerate(files):
        bench.drop(file.data, f"{number:05}.csv")
    reports = {report.file.rpartition("/")[2]: report for report in bench.land().files}
    loaded, quarantined = _by_file(bench.raw(), "_file_sha256"), _by_file(bench.quarantine(), "sha256")
    refused = neighbours = rows = 0
    for number, file in enumerate(files):
        report = reports.get(f"{number:05}.csv")
        if report is None:  # the same bytes as another file
            continue
        if report.status == "refused":
            refused += not str(report.reason).startswith("empty")
            _assert_refused_rightly(str(report.reason), file)
            continue
        bad = quarantined.get(report.sha256, [])
        rows += len(file.good)
        neighbours += _check(file, loaded.get(report.sha256, []), bad)
    assert refused <= max(1, SHARE_REFUSED * len(files))
    assert neighbours <= max(1, SHARE_NEIGHBOURS * rows)


def test_files_when_read_both_ways_then_rows_and_faults_are_the_same(files: list[Generated], tmp_path: Path) -> None:
    block = Block.model_validate(files[0].variant.block)
    clean = 0
    for number, file in enumerate(files):
        path = tmp_path / f"{number}.csv"
        path.write_bytes(file.data)
        exact, _ = _read(path, block, exact=True)
        fast, taken = _read(path, block, exact=False)
        assert fast == exact, f"file {number}"
        clean += taken
        path.unlink()
    assert clean or len(files) < 50 or files[0].variant.comment


def _check(file: Generated, loaded: list[dict[str, Any]], refused: list[dict[str, Any]]) -> int:
    """Loaded rows are good ones as written, each once; all others are quarantined where they stood. Returns how many good rows
    were lost to a neighbour's fault: their bytes must stand in quarantine."""
    found = Counter(tuple(row[name] for name in MAPPED) for row in loaded)
    good = Counter(file.good)
    assert not found - good, "a loaded row that was never written so"
    for row in refused:
        raw, offset = row["raw_bytes"], row["byte_offset"]
        assert raw == file.data[offset : offset + len(raw)]
        assert row["reason"]
    held = b"".join(row["raw_bytes"] for row in refused)
    lost = good - found
    assert all(row[0].encode(_codec(file)) in held for row in lost)
    assert len(refused) >= len(file.broken) - len(lost)
    for broken in file.broken:
        assert broken.strip(b"\r\n\0") in held or not broken.strip()
    if not file.broken:
        assert not refused
        assert not lost
    return sum(lost.values())


def _codec(file: Generated) -> str:
    if file.variant.encoding != "utf-16":
        return file.variant.encoding.removesuffix("-sig")
    return "utf-16-be" if file.data[:1] in (b"\0", b"\xfe") else "utf-16-le"


def _assert_refused_rightly(reason: str, file: Generated) -> None:
    """A whole file is refused only when it is empty of lines, or when much of it does not decode."""
    if reason.startswith("empty"):
        assert not file.good
    else:
        assert reason.startswith(("encoding", "header"))
        assert file.broken


def _read(path: Path, block: Block, *, exact: bool) -> tuple[Any, int]:
    """All that a reading says: header, columns, numbers, places and faults; and how many batches came the fast way."""
    with LandedFile(path) as file:
        try:
            reading = DelimitedReading(file, block.format, exact)
            columns: dict[str, list[Any]] = {name: [] for name in reading.header}
            numbers, places, faults, fast = [], [], [], 0
            for batch in reading.batches():
                fast += not exact and "_whole_batch" in batch.place.__qualname__
                for name, column in batch.columns.items():
                    columns[name] += column.to_pylist()
                numbers += batch.row_numbers.to_pylist()
                places += [batch.place(row) for row in range(batch.rows)]
                faults += batch.faults
            return (columns, numbers, places, faults), fast
        except FileRefused as refused:
            return str(refused), 0


def _by_file(rows: list[dict[str, Any]], name: str) -> dict[str, list[dict[str, Any]]]:
    found: dict[str, list[dict[str, Any]]] = {}
    for row in rows:
        found.setdefault(row[name], []).append(row)
    return found
