"""Takes the rows of erased persons out of what has landed: archive, raw, quarantine, mends and ledger of each file.

Which rows those are the suppression says (`suppression.py`): the same that would not land again. Per file the archive goes
first, then the manifest under its pending name, then the rest: a kill between any two leaves rows for which the next erasure
finds the file again. No other row changes. What a refused file holds cannot be told by row: it goes as a whole.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, fields, replace
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from orchestration.durable import sync
from orchestration.landing import limits
from orchestration.landing.archive import archived, open_archived, reduced_path, write_reduced
from orchestration.landing.batches import Batch, FileRefused
from orchestration.landing.ledger import REFUSED, FileReport, commit, prepare, read_block_ledger, read_ledger, recover
from orchestration.landing.mends import drop_mends
from orchestration.landing.naming import Rows
from orchestration.landing.quarantine import read_file_quarantine
from orchestration.landing.reduced import places_of, rows_gone
from orchestration.landing.suppression import Sieve, Suppression, text_of
from orchestration.landing.tables import IN_QUARANTINE, QUARANTINE_SCHEMA, quarantine_path, raw_path, raw_schema
from orchestration.landing.writing import ParquetTarget, remove_unfinished
from orchestration.settings.entities import ENTITIES
from orchestration.settings.home import Home
from orchestration.settings.sources import BlockRef, SourcesFile, blocks

_PACKED = (b"PK\x03\x04", b"\x1f\x8b", b"PAR1", b"\xd0\xcf\x11\xe0")


@dataclass
class ErasedRows:
    """What went. `files`: that lost rows; `originals`: archived files that went whole, since they cannot be read by row."""

    files: int = 0
    rows_loaded: int = 0
    rows_quarantined: int = 0
    rows_duplicate: int = 0
    originals: int = 0

    def __iadd__(self, other: "ErasedRows") -> "ErasedRows":
        for each in fields(self):
            setattr(self, each.name, getattr(self, each.name) + getattr(other, each.name))
        return self


def erase_landed(home: Home, sources_file: SourcesFile, suppression: Suppression) -> ErasedRows:
    """Erases from every file that ever landed, also of blocks that sources.yml no longer names. The caller holds the run lock."""
    refs = {(ref.source, ref.block): ref for ref in blocks(sources_file)}
    total = ErasedRows()
    places = {(entry.source, entry.entity, entry.canonical) for entry in read_ledger(home)}
    for source, block, canonical in sorted(places | _half_landed(home, refs)):
        ref = refs.get((source, block))
        rows = Rows.of(ref) if ref else Rows(source, block, canonical)
        recover(home, rows)
        for path in (raw_path(home, rows, "0"), quarantine_path(home, rows, "0")):
            remove_unfinished(path.parent)
        for entry in read_block_ledger(home, source, block):
            total += _erase_file(home, rows, ref, entry, suppression)
    return total


def find_landed(home: Home, sources_file: SourcesFile, suppression: Suppression) -> Iterator[tuple[Rows, pa.Table]]:
    """What is loaded of these persons: of each raw file with any of their rows these rows as they are."""
    refs = {(ref.source, ref.block): ref for ref in blocks(sources_file)}
    for entry in read_ledger(home):
        ref = refs.get((entry.source, entry.entity))
        rows = Rows.of(ref) if ref else Rows(entry.source, entry.entity, entry.canonical)
        path = raw_path(home, rows, entry.sha256)
        if path.exists():
            for table in _batches(path):
                mask = suppression.mask(rows, _columns(rows, table), table.num_rows)
                if pc.any(mask).as_py():
                    yield rows, table.filter(mask)


def _half_landed(home: Home, refs: dict[tuple[str, str], BlockRef]) -> set[tuple[str, str, str]]:
    """Blocks of which nothing but an unfinished landing is known."""
    found = {(path.parent.parent.name, path.parent.name) for path in home.ledger.glob("*/*/*.pending")}
    return {(*place, refs[place].canonical) for place in found if place in refs}


def _erase_file(
    home: Home, rows: Rows, ref: BlockRef | None, entry: FileReport, suppression: Suppression
) -> ErasedRows:
    if entry.status == REFUSED:
        return ErasedRows(originals=_erase_refused(home, rows, entry, suppression))
    raw = raw_path(home, rows, entry.sha256)
    loaded = _numbers_in_raw(rows, raw, suppression)
    refused = read_file_quarantine(home, rows, entry.sha256)
    if not loaded and not refused.num_rows and not entry.rows_duplicate:
        return ErasedRows()
    gone = _erase_archived(home, ref, entry, suppression, loaded, refused)
    if gone is None:
        loaded |= _numbers_in_quarantine(rows, entry, refused, suppression)
    return _erase_accounts(home, rows, entry, refused, gone or loaded, None if gone is None else len(gone))


def _erase_archived(
    home: Home, ref: BlockRef | None, entry: FileReport, suppression: Suppression, loaded: set[int], refused: pa.Table
) -> set[int] | None:
    """Reduces the archived file. The numbers of all rows that are gone from it now; None when it cannot be read by row any
    more: then it went as a whole, if anything was loaded from it of these persons."""
    try:
        if ref is None:
            raise FileRefused("format", "the block is no longer configured")
        with open_archived(home, entry.sha256, ref.settings) as reading:
            gone = rows_gone(reading)
            present = _found(Sieve(suppression, ref, reading.encoding), reading.batches(), loaded)
        if present:
            with open_archived(home, entry.sha256, ref.settings) as reading:
                sieve = Sieve(suppression, ref, reading.encoding)
                sieve.numbers |= present
                left = sieve(reading.batches())
                write_reduced(home, entry.sha256, reading, left, sieve.numbers, places_of(refused))
        return gone | present
    except (FileRefused, FileNotFoundError):
        if loaded:
            _remove_original(home, entry.sha256)
        return None


def _found(sieve: Sieve, batches: Iterable[Batch], loaded: set[int]) -> set[int]:
    """The numbers of all rows of erased persons in the archived file, by its text or by what was loaded of it."""
    known = pa.array(sorted(loaded), pa.int64())
    found: set[int] = set()
    for batch in batches:
        found |= set(batch.row_numbers.filter(pc.is_in(batch.row_numbers, value_set=known)).to_pylist())
        found |= {fault.row_number for fault in batch.faults} & loaded
        sieve.sieved(batch)
    return found | sieve.numbers


def _erase_accounts(
    home: Home, rows: Rows, entry: FileReport, refused: pa.Table, numbers: set[int], count: int | None
) -> ErasedRows:
    """Raw, quarantine, mends and manifest. `count`: of the rows that the archived file lacks; None where that is not known."""
    out = pc.is_in(refused["row_number"], value_set=pa.array(sorted(numbers), pa.int64()))
    counted = pc.and_(out, pc.is_in(refused["state"], value_set=pa.array(IN_QUARANTINE)))
    rows_quarantined = pc.sum(counted).as_py() or 0
    raw = ParquetTarget(raw_path(home, rows, entry.sha256), raw_schema(ENTITIES[rows.canonical]))
    rows_loaded = _copy_without(raw, numbers)
    total = entry.rows_erased + rows_loaded + rows_quarantined if count is None else count
    rows_duplicate = total - entry.rows_erased - rows_loaded - rows_quarantined
    if not any((rows_loaded, rows_quarantined, rows_duplicate, pc.any(out).as_py())):
        raw.discard()
        return ErasedRows()
    quarantine = ParquetTarget(quarantine_path(home, rows, entry.sha256), QUARANTINE_SCHEMA)
    quarantine.write(refused.filter(pc.invert(out)))
    told = replace(
        entry,
        rows_loaded=entry.rows_loaded - rows_loaded,
        rows_quarantined=entry.rows_quarantined - rows_quarantined,
        rows_duplicate=entry.rows_duplicate - rows_duplicate,
        rows_erased=total,
    )
    if rows_loaded:
        raw.close()
    else:
        raw.discard()
    if refused.num_rows:
        quarantine.close()
    drop_mends(home, rows, entry.sha256, numbers)
    pending = prepare(home, told)
    if refused.num_rows:
        quarantine.publish()
    if rows_loaded:
        raw.publish()
    commit(home, pending)
    return ErasedRows(1, rows_loaded, rows_quarantined, rows_duplicate)


def _copy_without(target: ParquetTarget, numbers: set[int]) -> int:
    """Writes the raw file again without these rows, still unseen. Returns how many there were."""
    left_out, gone = 0, pa.array(sorted(numbers), pa.int64())
    for table in _batches(target.path) if numbers and target.path.exists() else ():
        out = pc.is_in(table["_row_number"], value_set=gone)
        left_out += pc.sum(out).as_py() or 0
        target.write(table.filter(pc.invert(out)))
    return left_out


def _batches(raw: Path) -> Iterator[pa.Table]:
    with pq.ParquetFile(raw) as file:
        for batch in file.iter_batches(batch_size=limits.BATCH_ROWS):
            yield pa.Table.from_batches([batch])


def _numbers_in_raw(rows: Rows, raw: Path, suppression: Suppression) -> set[int]:
    found: set[int] = set()
    for table in _batches(raw) if raw.exists() else ():
        mask = suppression.mask(rows, _columns(rows, table), table.num_rows)
        found |= set(table["_row_number"].filter(mask).to_pylist())
    return found


def _columns(rows: Rows, table: pa.Table) -> dict[str, pa.Array]:
    return {name: table[name].combine_chunks() for name in rows.columns}


def _numbers_in_quarantine(rows: Rows, entry: FileReport, refused: pa.Table, suppression: Suppression) -> set[int]:
    """Refused rows that name an erased person in their bytes, for a file that the archive cannot tell by row."""
    return {
        row["row_number"]
        for row in refused.select(["row_number", "raw_bytes"]).to_pylist()
        if suppression.in_text(rows, text_of(row["raw_bytes"], entry.encoding))
    }


def _erase_refused(home: Home, rows: Rows, entry: FileReport, suppression: Suppression) -> int:
    """A file that was refused as a whole: it goes if it names an erased person, or cannot be looked into."""
    path = archived(home, entry.sha256)
    if path is None:
        return 0
    content = path.read_bytes()
    texts = [content.decode(encoding, "replace") for encoding in ("utf-8", "gb18030", "utf-16")]
    if not content.startswith(_PACKED) and not any(suppression.in_text(rows, text) for text in texts):
        return 0
    _remove_original(home, entry.sha256)
    return 1


def _remove_original(home: Home, sha256: str) -> None:
    for path in (home.archive / sha256, reduced_path(home, sha256)):
        path.unlink(missing_ok=True)
    sync(home.archive)
