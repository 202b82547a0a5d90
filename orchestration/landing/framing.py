"""Cuts decoded lines into records, by Python's strict csv semantics with a guard against runaway quotes.

A record that cannot be framed costs exactly its first line: reading resumes at the next one (push-back), so an unterminated
quote never swallows the good rows after it. Bytes, offsets and encodings are the business of `readers/delimited.py`.
"""

import csv
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from orchestration.landing import limits

LOOK_AHEAD = 50


@dataclass
class Frame:
    """Records of one chunk. Record i spans the lines `starts[i]` up to, not including, `ends[i]`.

    `faults`: (first line, line after the last, rule, reason). `rest`: the line where an unfinished record begins, if any.
    """

    rows: list[list[str]] = field(default_factory=list)
    starts: list[int] = field(default_factory=list)
    ends: list[int] = field(default_factory=list)
    faults: list[tuple[int, int, str, str]] = field(default_factory=list)
    rest: int | None = None


def frame_lines(lines: list[str], separator: str, quote: str, width: int, final: bool) -> Frame:
    """The records of `lines` (line ends kept) that have `width` fields; all others are faults. `final`: nothing follows.

    Not final: a record still open at the end is left to the caller as `rest`, unless it has grown beyond the row cap.
    """
    frame = Frame()
    first, suspect = 0, False
    while first < len(lines):
        rows, ends, message = _read(lines, first, separator, quote)
        stopped = ends[-1] if ends else first
        starts = [first, *ends[:-1]] if rows else []
        swallowed, suspect = _sort(frame, lines, rows, starts, ends, separator, quote, width, suspect)
        if swallowed is not None:
            first, suspect = swallowed + 1, True
        elif message is None:
            break
        elif not final and "unexpected end" in message and sum(map(len, lines[stopped:])) <= limits.ROW_BYTES:
            frame.rest = stopped
            break
        else:
            frame.faults.append(_unframed(lines[stopped], stopped, message))
            first, suspect = stopped + 1, True
    return frame


def open_csv(lines: Iterable[str], separator: str, quote: str) -> Any:
    """A strict csv reader; without a quote character quotes are ordinary text."""
    csv.field_size_limit(limits.FIELD_CHARACTERS)
    if not quote:
        return csv.reader(lines, delimiter=separator, quoting=csv.QUOTE_NONE, quotechar=None, strict=True)
    return csv.reader(lines, delimiter=separator, quotechar=quote, strict=True)


def is_blank(row: list[str]) -> bool:
    """Whether a record is an empty line, or one of white space alone."""
    return not row or (len(row) == 1 and not row[0].strip())


def _read(lines: list[str], first: int, separator: str, quote: str) -> tuple[list[list[str]], list[int], str | None]:
    """Reads from line `first` until the end or the first record that cannot be framed: rows, their ends, the complaint."""
    iterator = iter(lines)
    iterator.__setstate__(first)  # type: ignore[attr-defined]  # a slice would copy the rest at every push-back
    reader = open_csv(iterator, separator, quote)
    rows: list[list[str]] = []
    ends: list[int] = []
    try:
        for row in reader:
            rows.append(row)
            ends.append(reader.line_num)
    except csv.Error as error:
        return rows, [first + end for end in ends], str(error)
    return rows, [first + end for end in ends], None


def _sort(
    frame: Frame,
    lines: list[str],
    rows: list[list[str]],
    starts: list[int],
    ends: list[int],
    separator: str,
    quote: str,
    width: int,
    suspect: bool,
) -> tuple[int | None, bool]:
    """Puts rows into `frame`; returns the line of a record that swallowed others (reading resumes after it), and suspicion."""
    if not suspect and set(map(len, rows)) <= {width}:
        frame.rows += rows
        frame.starts += starts
        frame.ends += ends
        return None, False
    for row, start, end in zip(rows, starts, ends, strict=True):
        if is_blank(row) and (width > 1 or not row) and not lines[start].strip():
            continue
        if len(row) != width and _swallows(lines, start, end, separator, quote, width):
            frame.faults.append((start, start + 1, "framing", "a quote is not closed and would swallow rows"))
            return start, True
        if suspect and quote and end - start == 1 and lines[start].count(quote) % 2:
            frame.faults.append((start, end, "framing", "a stray quote after a record that could not be framed"))
        elif len(row) != width:
            frame.faults.append((start, end, "width", f"{len(row)} fields, expected {width}"))
        else:
            frame.rows.append(row)
            frame.starts.append(start)
            frame.ends.append(end)
            suspect = False
    return None, suspect


def _swallows(lines: list[str], start: int, end: int, separator: str, quote: str, width: int) -> bool:
    """Whether a record of several lines and a wrong width is a quote run away: without its first line a whole record
    follows, or most lines inside it are whole records."""
    if end - start < 2:
        return False
    following = [line for line in lines[start + 1 : end + LOOK_AHEAD] if line.strip()]
    reader = open_csv(following, separator, quote)
    try:
        fields = len(next(reader, []))
    except csv.Error:
        fields = 0
    if fields == width and not (reader.line_num == 1 and quote and following[0].count(quote) % 2):
        return True
    inner = lines[start + 1 : end - 1]
    return bool(inner) and 2 * sum(_is_whole(line, separator, quote, width) for line in inner) >= len(inner)


def _is_whole(line: str, separator: str, quote: str, width: int) -> bool:
    try:
        return [len(row) for row in open_csv([line], separator, quote)] == [width]
    except csv.Error:
        return False


def _unframed(line: str, start: int, message: str) -> tuple[int, int, str, str]:
    if "field larger" in message and len(line) > limits.FIELD_CHARACTERS:
        return start, start + 1, "field_size", f"a field of more than {limits.FIELD_CHARACTERS} characters"
    reason = "a quote is not closed" if "unexpected end" in message else "a quote stands where none may"
    return start, start + 1, "framing", reason
