"""Reads CSV and TSV: header by name, rows framed by `framing.py`, every refused row with its bytes.

What is a row's own fault (framing, width, encoding, NUL, a repeated header) ends here; what its values mean is `contract.py`.
"""

import csv
from collections.abc import Iterator

import numpy as np
import pyarrow as pa

from orchestration.landing import limits
from orchestration.landing.batches import Batch, Fault, FileRefused, unique_names
from orchestration.landing.containers import LandedFile
from orchestration.landing.framing import Frame, frame_lines, is_blank, open_csv
from orchestration.landing.readers.lines import Chunk, LineReader
from orchestration.settings.sources import Format

Spoilt = tuple[int, int, str, str]


class DelimitedReading:
    """One delimited file. Blank lines are no rows and are skipped; the first other line is the header."""

    def __init__(self, file: LandedFile, form: Format):
        self._separator, self._quote = form.separator, form.quote
        self._reader = LineReader(file.unpacked(), form.encoding)
        self.encoding, self.confidence = self._reader.encoding, self._reader.confidence
        self._chunks = iter(self._reader)
        chunk = next(self._chunks, None)
        if chunk is None:
            raise FileRefused("empty", "the file has no bytes")
        self._received, self._body = self._read_header(chunk)
        self.header: list[str] = unique_names(self._received)
        self._count = 0

    def batches(self) -> Iterator[Batch]:
        """The rows of the file, a chunk at a time."""
        self._reader.keep(self._body)  # the header's chunk comes again without the header
        for chunk in self._chunks:
            yield self._oversize(chunk) if chunk.oversize else self._batch(chunk)

    def _read_header(self, chunk: Chunk) -> tuple[list[str], int]:
        if chunk.oversize:
            raise FileRefused("header", f"the header is longer than {limits.ROW_BYTES} bytes")
        reader = open_csv(chunk.lines, self._separator, self._quote)
        try:
            row = next((row for row in reader if not is_blank(row)), None)
        except csv.Error:
            raise FileRefused("header", "the header cannot be framed") from None
        if any(line < reader.line_num for line in chunk.bad):
            raise FileRefused("encoding", f"the header is not {chunk.codec}")
        if row is None:
            raise FileRefused("empty", "the file has blank lines only")
        if len(row) > limits.COLUMNS:
            raise FileRefused("header", f"{len(row)} columns, at most {limits.COLUMNS}")
        return row, reader.line_num

    def _batch(self, chunk: Chunk) -> Batch:
        frame = frame_lines(chunk.lines, self._separator, self._quote, len(self.header), chunk.final)
        if frame.rest is not None:
            self._reader.keep(frame.rest)
        self._set_aside_spoilt(frame, chunk)
        numbers, fault_numbers = self._number(frame)
        faults = [
            _fault(chunk, number, start, end, rule, reason)
            for number, (start, end, rule, reason) in zip(fault_numbers, frame.faults, strict=True)
        ]
        fields = zip(*frame.rows, strict=True) if frame.rows else ([] for _ in self.header)
        columns = {name: pa.array(values, pa.string()) for name, values in zip(self.header, fields, strict=True)}
        return Batch(columns, pa.array(numbers), lambda row: chunk.place(frame.starts[row], frame.ends[row]), faults)

    def _set_aside_spoilt(self, frame: Frame, chunk: Chunk) -> None:
        """Moves rows with undecodable bytes or NUL, and repeated headers, from the rows of the frame to its faults."""
        if not (chunk.bad or b"\0" in chunk.data or frame.rows.count(self._received)):
            return
        frame.faults = [_by_encoding(fault, chunk) for fault in frame.faults]
        kept = []
        for index, row in enumerate(frame.rows):
            rule = self._spoilt(row, chunk, frame.starts[index], frame.ends[index])
            if rule:
                frame.faults.append((frame.starts[index], frame.ends[index], *rule))
            else:
                kept.append(index)
        frame.rows = [frame.rows[index] for index in kept]
        frame.starts = [frame.starts[index] for index in kept]
        frame.ends = [frame.ends[index] for index in kept]

    def _spoilt(self, row: list[str], chunk: Chunk, start: int, end: int) -> tuple[str, str] | None:
        if chunk.bad and not chunk.bad.isdisjoint(range(start, end)):
            return "encoding", f"bytes that are not {chunk.codec}"
        if row == self._received:
            return "repeated_header", "the header stands here again"
        if any("\0" in value for value in row):
            return "nul", "a NUL character"
        return None

    def _number(self, frame: Frame) -> tuple[np.ndarray, list[int]]:
        """Row numbers of the rows and of the faults, together in the order of the file."""
        starts = np.array(frame.starts + [fault[0] for fault in frame.faults], dtype=np.int64)
        numbers = np.empty(len(starts), dtype=np.int64)
        numbers[np.argsort(starts, kind="stable")] = np.arange(self._count + 1, self._count + 1 + len(starts))
        self._count += len(starts)
        return numbers[: len(frame.starts)], numbers[len(frame.starts) :].tolist()

    def _oversize(self, chunk: Chunk) -> Batch:
        self._count += 1
        reason = f"a line of {chunk.length} bytes, at most {limits.ROW_BYTES}"
        fault = Fault(self._count, chunk.first_line, chunk.offset, None, "row_size", reason, chunk.data)
        empty = pa.array([], pa.int64())
        return Batch({name: pa.array([], pa.string()) for name in self.header}, empty, chunk_without_rows, [fault])


def chunk_without_rows(_: int) -> tuple[int | None, int | None, bytes]:
    """The place of a row in a batch that has none."""
    raise IndexError


def _by_encoding(fault: Spoilt, chunk: Chunk) -> Spoilt:
    """A fault over undecodable bytes is one of encoding: its framing may be wrong only because of them."""
    start, end, _, _ = fault
    return (
        fault
        if chunk.bad.isdisjoint(range(start, end))
        else (start, end, "encoding", f"bytes that are not {chunk.codec}")
    )


def _fault(chunk: Chunk, number: int, start: int, end: int, rule: str, reason: str) -> Fault:
    line, offset, raw = chunk.place(start, end)
    return Fault(number, line, offset, None, rule, reason, raw)
