"""Reads CSV and TSV: header by name, rows framed by `framing.py`, every refused row with its bytes.

What is a row's own fault (framing, width, encoding, NUL, a repeated header) ends here; what its values mean is `contract.py`.
"""

import csv
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from functools import cache

import numpy as np
import pyarrow as pa

from orchestration.landing import limits
from orchestration.landing.batches import Batch, Fault, FileRefused, joined, unique_names
from orchestration.landing.containers import LandedFile
from orchestration.landing.framing import Dialect, Frame, Lines, frame_doubtful, frame_lines, is_blank, open_csv
from orchestration.landing.readers.clean import PlainLines, has_lone_return
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
        data = None if self._exact else chunk.utf8
        known = PlainLines(data, self._dialect, self._received) if data and not has_lone_return(data) else None
        columns = known.parse_all() if known else None
        if known and columns:
            return self._whole_batch(chunk, columns, known.filled)
        return joined(self.header, list(self._pieces(chunk, known)))

    def _whole_batch(self, chunk: Chunk, columns: list[pa.Array], filled: Callable[[], np.ndarray]) -> Batch:
        """A chunk whose lines are all plain."""
        rows = len(columns[0])
        numbers = pa.array(np.arange(self._count + 1, self._count + 1 + rows))
        self._count += rows
        lines = cache(filled)

        def place(row: int) -> tuple[int | None, int | None, bytes]:
            return chunk.place(int(lines()[row]), int(lines()[row]) + 1)

        return Batch(dict(zip(self.header, columns, strict=True)), numbers, place)

    def _pieces(self, chunk: Chunk, known: PlainLines | None) -> Iterator[Batch]:
        """The chunk a piece at a time; a record that a piece cuts begins the next one."""
        first, lines = 0, chunk.line_after(0, len(chunk.data))
        while first < lines:
            size = limits.PIECE_BYTES
            piece = self._framed(chunk, first, chunk.line_after(first, size), known)
            while piece.frame.rest == 0 and piece.last < lines:  # a record larger than the piece
                size *= 2
                piece = self._framed(chunk, first, chunk.line_after(first, size), known)
            yield self._piece_batch(chunk, piece)
            rest = piece.frame.rest
            if rest is not None and piece.last == lines:
                self._reader.keep(first + rest)
                return
            first = piece.last if rest is None else first + rest

    def _framed(self, chunk: Chunk, first: int, last: int, known: PlainLines | None) -> "_Piece":
        """The plain lines parsed together; the records of the doubtful ones framed exactly."""
        part, width = chunk.part(first, last), len(self.header)
        if known:
            plain = known.plain[first:last].copy()
            plain[list(part.bad)] = False
            frame, left = frame_doubtful(part.lines, plain, self._dialect, width, part.final)
            columns = known.parse(first, left) if left.any() else []
            if columns is not None:
                return _Piece(part, first, last, frame, columns, known.filled(first, left))
        frame = frame_lines(part.lines, self._dialect, width, part.final)
        return _Piece(part, first, last, frame, [], np.array([], np.int64))

    def _piece_batch(self, chunk: Chunk, piece: "_Piece") -> Batch:
        """The rows of a piece in the order of its lines."""
        frame, first = piece.frame, piece.first
        self._set_aside_spoilt(frame, piece.part)
        starts = np.concatenate([piece.lines, np.array(frame.starts, dtype=np.int64)])
        order = np.argsort(starts, kind="stable")
        starts = starts[order] + first
        ends = np.concatenate([piece.lines + 1, np.array(frame.ends, dtype=np.int64)])[order] + first
        spoilt = [(start + first, end + first, rule, reason) for start, end, rule, reason in frame.faults]
        numbers, fault_numbers = self._number(starts, spoilt)
        faults = [_fault(chunk, number, *each) for number, each in zip(fault_numbers, spoilt, strict=True)]
        fields = zip(*frame.rows, strict=True) if frame.rows else ([] for _ in self.header)
        columns = [pa.array(values, pa.string()) for values in fields]
        if piece.columns:
            both = zip(piece.columns, columns, strict=True)
            columns = [pa.concat_arrays(pair).take(pa.array(order)) for pair in both] if frame.rows else piece.columns

        def place(row: int) -> tuple[int | None, int | None, bytes]:
            return chunk.place(int(starts[row]), int(ends[row]))

        return Batch(dict(zip(self.header, columns, strict=True)), pa.array(numbers), place, faults)

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

    def _number(self, starts: np.ndarray, faults: list[Spoilt]) -> tuple[np.ndarray, list[int]]:
        """Row numbers of rows and faults that begin on these lines, together in the order of the file."""
        together = np.concatenate([starts, np.array([fault[0] for fault in faults], dtype=np.int64)])
        numbers = np.empty(len(together), dtype=np.int64)
        numbers[np.argsort(together, kind="stable")] = np.arange(self._count + 1, self._count + 1 + len(together))
        self._count += len(together)
        return numbers[: len(starts)], numbers[len(starts) :].tolist()

    def _oversize(self, chunk: Chunk) -> Batch:
        self._count += 1
        reason = f"a line of {chunk.length} bytes, at most {limits.ROW_BYTES}"
        fault = Fault(self._count, chunk.first_line, chunk.offset, None, "row_size", reason, chunk.data)
        empty = pa.array([], pa.int64())
        return Batch({name: pa.array([], pa.string()) for name in self.header}, empty, chunk_without_rows, [fault])


@dataclass
class _Piece:
    """The lines from `first` up to, not including, `last` of a chunk, as a chunk of their own: `columns` of the plain ones,
    which stand on `lines` of it, and the `frame` of the others."""

    part: Chunk
    first: int
    last: int
    frame: Frame
    columns: list[pa.Array]
    lines: np.ndarray


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
