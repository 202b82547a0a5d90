"""Reads landed files again from the archive: after a mapping changed, rows were mended, or the source corrected itself.

Each row ends once: what was loaded stays loaded, with the load it came by; what was refused and is good now joins it, with
the load of today; what a later file brought anew is closed as corrected. The file's raw, quarantine and manifest change
together or not at all. A file that is cut into other rows than before (`framing`) is read as if it were new, and rows that it
had already keep their load.
"""

from collections.abc import Callable, Iterable
from dataclasses import replace
from datetime import datetime
from functools import partial
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from orchestration.landing.archive import open_archived
from orchestration.landing.batches import Batch, FileRefused, Reading
from orchestration.landing.block import OpenBlock, open_block
from orchestration.landing.figures import read_rows
from orchestration.landing.judge import Judged
from orchestration.landing.ledger import LOADED, REFUSED, BlockReport, FileReport, commit, fingerprints, prepare
from orchestration.landing.mends import read_mends, with_mends
from orchestration.landing.outcome import Outcome, Stamps
from orchestration.landing.quarantine import read_file_quarantine
from orchestration.landing.reduced import rows_gone
from orchestration.landing.suppression import Sieve
from orchestration.landing.tables import (
    CORRECTED,
    IN_QUARANTINE,
    OPEN,
    QUARANTINE_SCHEMA,
    REPLAYED,
    quarantine_table,
    raw_path,
)
from orchestration.settings.home import Home
from orchestration.settings.sources import BlockRef, SourcesFile, block_ref

_KEPT = ["_row_number", "_record_hash", "_load_id", "_loaded_at"]


def is_outdated(entry: FileReport, ref: BlockRef) -> bool:
    """Whether a file landed under settings that would read it otherwise today."""
    marks = fingerprints(ref)
    return entry.mapping is not None and (entry.framing, entry.mapping) != (marks["framing"], marks["mapping"])


def reread_block(
    home: Home, sources_file: SourcesFile, source: str, block: str, load_id: str, now: datetime
) -> BlockReport:
    """Reads again every file of a block that was refused, has open rows in quarantine, or landed under other settings."""
    ref = block_ref(sources_file, source, block)
    report = BlockReport(source, block)
    with open_block(home, sources_file, ref, load_id, now) as opened:
        for entry in list(opened.ledger):
            if entry.rows_quarantined or entry.status == REFUSED or is_outdated(entry, ref):
                read_again(opened, entry, report)
    return report


def read_again(opened: OpenBlock, entry: FileReport, report: BlockReport) -> None:
    """Reads one file again and puts its new manifest into the ledger and the report. An error of ours leaves it as it was."""
    try:
        try:
            with open_archived(opened.home, entry.sha256, opened.ref.settings) as reading:
                told = _Rereading(opened, entry).run(reading)
        except FileRefused as refused:
            told = _refused(opened, entry, str(refused))
        opened.ledger[opened.ledger.index(entry)] = told
        report.files.append(told)
    except Exception as error:  # also when the archive has it no more; the error's text may hold values
        report.failed[entry.file] = type(error).__name__


def _refused(opened: OpenBlock, entry: FileReport, reason: str) -> FileReport:
    """The settings of today cannot read it: what is loaded stays, and the manifest says so."""
    status = LOADED if entry.rows_read else REFUSED
    told = replace(entry, reason=reason, status=status, **fingerprints(opened.ref))
    commit(opened.home, prepare(opened.home, told))
    return told


class _Rereading:
    """One file on its way from its old state to the new one."""

    def __init__(self, opened: OpenBlock, entry: FileReport):
        self._opened, self._entry = opened, entry
        self._home, self._ref, self._judge = opened.home, opened.ref, opened.judge
        self._marks = fingerprints(self._ref)
        self._same_rows = entry.framing == self._marks["framing"] and entry.rows_read > 0
        raw = raw_path(self._home, self._ref, entry.sha256)
        self._kept = pq.ParquetFile(raw).read(_KEPT) if raw.exists() else None
        found = read_file_quarantine(self._home, self._ref, entry.sha256)
        self._old = found if self._same_rows else found.slice(0, 0)
        self._open = pc.equal(self._old["state"], OPEN)
        self._faults: list[pa.Table] = []
        by = "_row_number" if self._same_rows else "_record_hash"
        stamps = Stamps(opened.load_id, opened.next_moment(), self._kept, by)
        self._outcome = Outcome(self._home, self._ref, entry.sha256, stamps)

    def run(self, reading: Reading) -> FileReport:
        sieve = self._opened.sieve(reading)
        try:
            left = sieve.over(reading) if sieve else reading
            mended = self._mended(sieve)
            figures = read_rows(left, self._ref, self._judge, self._outcome, self._collect, mended, self._admit)
            self._leave_out(sieve, len(rows_gone(reading)))
            closed, left_out = self._close_rows()
            self._outcome.quarantine(closed, IN_QUARANTINE)
            corrected = pc.sum(pc.equal(closed["state"], CORRECTED)).as_py() or 0
            repeated = self._entry.rows_duplicate - self._corrected_before() if self._same_rows else len(left_out)
            self._outcome.close(left_out, repeated + corrected)
            told = figures.told(reading, self._outcome)
            entry = replace(self._entry, status=LOADED, reason=None, **self._marks, **told)
            pending = prepare(self._home, entry)
            self._outcome.publish()
            commit(self._home, pending)
            return entry
        except BaseException:
            self._outcome.discard()
            raise

    def _leave_out(self, sieve: Sieve | None, gone_before: int) -> None:
        """Rows of persons who were erased are in no account but that of erased rows."""
        numbers = sieve.numbers if sieve else set()
        self._outcome.erase(gone_before + len(numbers))
        if numbers:
            erased = pc.is_in(self._old["row_number"], value_set=pa.array(sorted(numbers), pa.int64()))
            self._old, self._open = self._old.filter(pc.invert(erased)), self._open.filter(pc.invert(erased))

    def _mended(self, sieve: Sieve | None) -> Callable[[Iterable[Batch]], Iterable[Batch]]:
        mends = read_mends(self._home, self._ref, self._entry.sha256, self._marks["framing"])
        columns = ("row_number", "line_number", "byte_offset", "raw_bytes")
        rows = self._old.select(columns).to_pylist() if mends else []
        places = {row["row_number"]: tuple(row[name] for name in columns[1:]) for row in rows}
        known = {number: fields for number, fields in mends.items() if number in places}
        mended = partial(with_mends, mends=known, places=places)
        return mended if sieve is None else lambda batches: sieve(mended(batches))

    def _admit(self, judged: Judged) -> Judged:
        """Of the good rows those that were loaded or are waiting; the others were repetitions and stay so."""
        if not self._same_rows or judged.good is None:
            return judged
        waiting = self._old.filter(self._open)["row_number"]
        known = (
            waiting if self._kept is None else pa.chunked_array([*waiting.chunks, *self._kept["_row_number"].chunks])
        )
        admitted = pc.is_in(judged.good["_row_number"], value_set=known.combine_chunks())
        return replace(judged, good=judged.good.filter(admitted))

    def _collect(self, judged: Judged) -> None:
        entry = self._entry
        self._faults.append(
            quarantine_table(
                self._ref, entry.file, entry.sha256, self._opened.load_id, judged.faults, judged.fault_keys
            )
        )

    def _close_rows(self) -> tuple[pa.Table, pa.Array]:
        """The quarantine of the file as it is now, and the numbers of good rows that are not to be loaded."""
        faults = pa.concat_tables([QUARANTINE_SCHEMA.empty_table(), *self._faults])
        duplicates = self._duplicates()
        if not self._same_rows:
            return faults, duplicates
        waiting = self._old.filter(self._open)
        settled = self._old.filter(pc.invert(self._open))
        still = _among(waiting, faults)
        mended = waiting.filter(pc.invert(still))
        left_out = pa.concat_arrays([duplicates, self._brought_anew(mended["row_number"])])
        left_out = left_out.filter(pc.is_in(left_out, value_set=mended["row_number"].combine_chunks()))
        came_otherwise = pc.is_in(mended["row_number"], value_set=left_out)
        told_again = faults.filter(_among(faults, waiting))
        corrected = self._judge.keys_later(told_again)
        newly = faults.filter(pc.and_(self._was_loaded(faults), pc.invert(_among(faults, self._old))))
        closed = [
            settled,
            _in_state(mended.filter(came_otherwise), CORRECTED),
            _in_state(mended.filter(pc.invert(came_otherwise)), REPLAYED),
            _in_state(told_again.filter(corrected), CORRECTED),
            told_again.filter(pc.invert(corrected)),
            newly,
        ]
        return pa.concat_tables(closed).sort_by("row_number"), left_out

    def _duplicates(self) -> pa.Array:
        """Compared with the rest of the block only if there is anything new to load."""
        fresh = not self._same_rows or pc.any(self._open).as_py()
        others = [other for other in self._opened.ledger if other.rows_loaded and other.sha256 != self._entry.sha256]
        later = [other for other in others if other.loaded_at > self._entry.loaded_at]
        self._judge.remember(self._raw_files(others if fresh else []))
        self._judge.remember_later(self._raw_files(later if fresh else []))
        return self._judge.duplicates(self._outcome.end_raw()) if fresh else pa.array([], pa.int64())

    def _raw_files(self, entries: list[FileReport]) -> list[Path]:
        return [raw_path(self._home, self._ref, entry.sha256) for entry in entries]

    def _brought_anew(self, numbers: pa.ChunkedArray) -> pa.Array:
        """Good rows whose record a later file brought: without a time of its own the older row must not count as the newer."""
        if "updated_at" in self._ref.settings.columns:
            return pa.array([], pa.int64())
        return self._judge.rows_later(self._outcome.end_raw(), numbers)

    def _was_loaded(self, faults: pa.Table) -> pa.ChunkedArray:
        loaded = pa.array([], pa.int64()) if self._kept is None else self._kept["_row_number"].combine_chunks()
        return pc.is_in(faults["row_number"], value_set=loaded)

    def _corrected_before(self) -> int:
        return pc.sum(pc.equal(self._old["state"], CORRECTED)).as_py() or 0


def _among(rows: pa.Table, others: pa.Table) -> pa.ChunkedArray:
    return pc.is_in(rows["row_number"], value_set=others["row_number"].combine_chunks())


def _in_state(rows: pa.Table, state: str) -> pa.Table:
    at = rows.schema.get_field_index("state")
    return rows.set_column(at, "state", pa.repeat(pa.scalar(state), rows.num_rows))
