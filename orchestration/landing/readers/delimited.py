"""Reads CSV and TSV: header by name, rows framed by `framing.py`, every refused row with its bytes.

What is a row's own fault (framing, width, encoding, NUL, a repeated header) ends here; what its values mean is `contract.py`.
"""

import csv
from collections.abc import Iterator
from dataclasses import replace
from functools import cache

import numpy as np
import pyarrow as pa

from orchestration.landing import limits
from orchestration.landing.batches import Batch, Fault, FileRefused, joined, unique_names
from orchestration.landing.containers import LandedFile
from orchestration.landing.framing import Dialect, Frame, Lines, frame_lines, is_blank, open_csv
from orchestration.landing.readers.clean import parse_clean, record_lines
from orchestration.landing.readers.lines import Chunk, LineReader
from orchestration.settings.sources import Format

Spoilt = tuple[int, int, str, str]
NEVER = "\0"  # what no line of a text begins with that may have comments


class DelimitedReading:
    """One delimited file. Blank lines are no rows and are skipped; the first other line after `skip_lines` is the header,
    unless the format declares one. `exact`: never the fast way (the test that both agree asks for it)."""

    def __init__(self, file: LandedFile, form: Format, exact: bool = False):
        self._form, self._exact = form, exact
        self._dialect = Dialect(form.separator, form.quote, form.escape, form.comment)
        hold = form.footer_lines and form.footer_lines + limits.BLANK_LINES_AFTER_FOOTER
        self._reader = LineReader(file.unpacked(), form.encoding, hold)
        self.encoding, self.confidence = self._reader.encoding, self._reader.confidence
        self._chunks = iter(self._reader)
        self._received, self._body = self._find_header()
        self.header: list[str] = unique_names(self._received)
        self._count = 0

    def batches(self) -> Iterator[Batch]:
        """The rows of the file, a chunk at a time."""
        self._reader.keep(self._body)  # the header's chunk comes again without the header
        for chunk in self._chunks:
            batch = self._oversize(chunk) if chunk.oversize else self._batch(chunk)
            self._reader.expect(batch.rows, len(chunk.data))
            yield batch

    def _find_header(self) -> tuple[list[str], int]:
        """The header and the line after it. Where the first chunk does not hold all of it, more is read."""
        for chunk in self._chunks:
            try:
                return self._read_header(chunk)
            except FileRefused:
                if chunk.final or chunk.oversize or len(chunk.data) > limits.ROW_BYTES:
                    raise
                self._reader.keep(0)
        raise FileRefused("empty", "the file has no bytes")

    def _read_header(self, chunk: Chunk) -> tuple[list[str], int]:
        if chunk.oversize:
            raise FileRefused("header", f"the header is longer than {limits.ROW_BYTES} bytes")
        skip = self._form.skip_lines
        if self._form.header:
            return self._form.header, min(skip, chunk.count_lines)
        row, end = self._first_row(chunk, skip)
        if any(skip <= line < end for line in chunk.bad):
            raise FileRefused("encoding", f"the header is not {chunk.codec}")
        if len(row) > limits.COLUMNS:
            raise FileRefused("header", f"{len(row)} columns, at most {limits.COLUMNS}")
        return row, end

    def _first_row(self, chunk: Chunk, skip: int) -> tuple[list[str], int]:
        source = Lines(chunk.lines, skip, self._dialect.comment or NEVER)
        try:
            for row in open_csv(source, self._dialect):
                if not is_blank(row):
                    return row, source.position
                source.start = None
        except csv.Error:
            raise FileRefused("header", "the header cannot be framed") from None
        raise FileRefused("empty", "the file has blank lines only")

    def _batch(self, chunk: Chunk) -> Batch:
        if chunk.final and self._form.footer_lines:
            chunk = replace(chunk.part(0, self._footer(chunk)), final=True)  # no row follows the footer
        return self._clean_batch(chunk) or joined(self.header, list(self._pieces(chunk)))

    def _clean_batch(self, chunk: Chunk) -> Batch | None:
        data = None if self._exact else chunk.utf8
        columns = parse_clean(data, self._dialect, self._received) if data else None
        if data is None or columns is None:
            return None
        rows = len(columns[0])
        numbers = pa.array(np.arange(self._count + 1, self._count + 1 + rows))
        self._count += rows

        @cache
        def lines() -> np.ndarray:
            return record_lines(data)

        def place(row: int) -> tuple[int | None, int | None, bytes]:
            return chunk.place(int(lines()[row]), int(lines()[row]) + 1)

        return Batch(dict(zip(self.header, columns, strict=True)), numbers, place)

    def _pieces(self, chunk: Chunk) -> Iterator[Batch]:
        """The chunk a piece at a time, the clean ones the fast way; a record that a piece cuts begins the next one."""
        first, lines = 0, chunk.line_after(0, len(chunk.data))
        while first < lines:
            last = chunk.line_after(first, limits.PIECE_BYTES)
            clean = self._clean_batch(chunk.part(first, last))
            if clean:
                yield clean
                first = last
                continue
            piece, frame = self._framed(chunk, first, last)
            while frame.rest == 0 and last < lines:  # a record larger than the piece
                last = chunk.line_after(first, 2 * len(piece.data))
                piece, frame = self._framed(chunk, first, last)
            yield self._exact_batch(piece, frame)
            if frame.rest is not None and last == lines:
                self._reader.keep(first + frame.rest)
                return
            first = last if frame.rest is None else first + frame.rest

    def _framed(self, chunk: Chunk, first: int, last: int) -> tuple[Chunk, Frame]:
        piece = chunk.part(first, last)
        return piece, frame_lines(piece.lines, self._dialect, len(self.header), piece.final)

    def _exact_batch(self, chunk: Chunk, frame: Frame) -> Batch:
        self._set_aside_spoilt(frame, chunk)
        numbers, fault_numbers = self._number(frame)
        faults = [
            _fault(chunk, number, start, end, rule, reason)
            for number, (start, end, rule, reason) in zip(fault_numbers, frame.faults, strict=True)
        ]
        fields = zip(*frame.rows, strict=True) if frame.rows else ([] for _ in self.header)
        columns = {name: pa.array(values, pa.string()) for name, values in zip(self.header, fields, strict=True)}
        starts, ends = np.array(frame.starts, dtype=np.int64), np.array(frame.ends, dtype=np.int64)
        bare = replace(chunk)  # without the decoded lines
        return Batch(columns, pa.array(numbers), lambda row: bare.place(int(starts[row]), int(ends[row])), faults)

    def _footer(self, chunk: Chunk) -> int:
        """The line of the last chunk where its footer begins."""
        filled = [index for index, line in enumerate(chunk.lines) if line.strip()]
        return filled[-self._form.footer_lines] if len(filled) >= self._form.footer_lines else 0

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
