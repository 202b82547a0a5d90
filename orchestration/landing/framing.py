"""Cuts decoded lines into records, by Python's strict csv semantics with a guard against runaway quotes.

A record that cannot be framed costs exactly its first line: reading resumes at the next one (push-back), so an unterminated
quote never swallows the good rows after it. Bytes, offsets and encodings are the business of `readers/delimited.py`.
"""

import csv
from bisect import bisect_left
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from itertools import islice
from typing import Any, NamedTuple

import numpy as np

from orchestration.landing import limits

LOOK_AHEAD = 50


class Dialect(NamedTuple):
    """How fields are told apart; the empty text stands for what a file does not have. `comment` begins a line that is no row."""

    separator: str
    quote: str
    escape: str = ""
    comment: str = ""


@dataclass
class Frame:
    """Records of some lines. Record i spans the lines `starts[i]` up to, not including, `ends[i]`.

    `faults`: (first line, line after the last, rule, reason). `rest`: the line where an unfinished record begins, if any.
    `end`: the line after the last one read. `suspect`: that line follows one that could not be framed.
    """

    rows: list[list[str]] = field(default_factory=list)
    starts: list[int] = field(default_factory=list)
    ends: list[int] = field(default_factory=list)
    faults: list[tuple[int, int, str, str]] = field(default_factory=list)
    rest: int | None = None
    end: int = 0
    suspect: bool = False


def frame_lines(lines: list[str], dialect: Dialect, width: int, final: bool) -> Frame:
    """The records of `lines` (line ends kept) that have `width` fields; all others are faults. `final`: nothing follows.

    Not final: a record still open at the end is left to the caller as `rest`, unless it has grown beyond the row cap.
    """
    frame = Frame()
    _frame_until(len(lines), frame, lines, dialect, width, final)
    return frame


def frame_doubtful(
    lines: list[str], plain: np.ndarray, dialect: Dialect, width: int, final: bool
) -> tuple[Frame, np.ndarray]:
    """As `frame_lines`, but only of the records that begin on lines that are not `plain`; and which lines are left.

    `plain`: true for each line that is one whole record wherever a record begins on it.
    """
    frame, left = Frame(), plain.copy()
    doubtful, certain = np.flatnonzero(~plain).tolist(), np.flatnonzero(plain).tolist()
    while frame.rest is None and (next_one := bisect_left(doubtful, frame.end)) < len(doubtful):
        first = doubtful[next_one]
        if frame.suspect:  # a record between ends the suspicion, a blank line does not
            frame.suspect = not any(line.rstrip("\r\n") for line in islice(lines, frame.end, first))
        frame.end = first
        following = bisect_left(certain, first)
        _frame_until(
            certain[following] if following < len(certain) else len(lines), frame, lines, dialect, width, final
        )
        left[first : frame.end] = False
    if frame.rest is not None:
        left[frame.rest :] = False
    return frame, left


def _frame_until(stop: int, frame: Frame, lines: list[str], dialect: Dialect, width: int, final: bool) -> None:
    """Goes on with `frame` until a record ends at line `stop` or after it."""
    while frame.end < stop:
        found = _read(lines, frame.end, stop, dialect)
        swallowed, frame.suspect = _sort(frame, lines, found, dialect, width, frame.suspect)
        if swallowed is not None:
            frame.end, frame.suspect = swallowed + 1, True
        elif found.message is None:
            frame.end = found.stopped
        elif not final and "unexpected end" in found.message and _may_end(lines, found.stopped, dialect, width):
            frame.rest = frame.end = found.stopped
            return
        else:
            frame.faults.append(_unframed(lines[found.stopped], found.stopped, found.message))
            frame.end, frame.suspect = found.stopped + 1, True


def open_csv(lines: Iterable[str], dialect: Dialect) -> Any:
    """A strict csv reader; without a quote character quotes are ordinary text."""
    csv.field_size_limit(limits.FIELD_CHARACTERS)
    options: dict[str, Any] = {"delimiter": dialect.separator, "escapechar": dialect.escape or None, "strict": True}
    if not dialect.quote:
        return csv.reader(lines, quoting=csv.QUOTE_NONE, quotechar=None, **options)
    return csv.reader(lines, quotechar=dialect.quote, **options)


def is_blank(row: list[str]) -> bool:
    """Whether a record is an empty line, or one of white space alone."""
    return not row or (len(row) == 1 and not row[0].strip())


class Lines:
    """The lines from `first` on, without the comments that stand between records."""

    def __init__(self, lines: list[str], first: int, comment: str):
        self._lines, self.position, self._comment = lines, first, comment
        self.start: int | None = None  # where the record begun begins

    def __iter__(self) -> Iterator[str]:
        while self.position < len(self._lines):
            line = self._lines[self.position]
            self.position += 1
            if self.start is None:
                if line.startswith(self._comment):
                    continue
                self.start = self.position - 1
            yield line


@dataclass
class _Read:
    rows: list[list[str]] = field(default_factory=list)
    starts: list[int] = field(default_factory=list)
    ends: list[int] = field(default_factory=list)
    stopped: int = 0
    message: str | None = None


def _read(lines: list[str], first: int, stop: int, dialect: Dialect) -> _Read:
    """Reads from line `first` until a record ends at `stop` or after, or cannot be framed: rows, their lines, the complaint."""
    if dialect.comment:
        return _read_around_comments(lines, first, stop, dialect)
    iterator = iter(lines)
    iterator.__setstate__(first)  # type: ignore[attr-defined]  # a slice would copy the rest at every push-back
    reader = open_csv(iterator, dialect)
    found, enough = _Read(), stop - first
    try:
        for row in reader:
            found.rows.append(row)
            found.ends.append(reader.line_num)
            if reader.line_num >= enough:
                break
    except csv.Error as error:
        found.message = str(error)
    found.ends = [first + end for end in found.ends] if first else found.ends
    found.starts = [first, *found.ends[:-1]] if found.rows else []
    found.stopped = found.ends[-1] if found.ends else first
    return found


def _read_around_comments(lines: list[str], first: int, stop: int, dialect: Dialect) -> _Read:
    source, found = Lines(lines, first, dialect.comment), _Read(stopped=first)
    reader = open_csv(source, dialect)
    try:
        for row in reader:
            found.rows.append(row)
            found.starts.append(first if source.start is None else source.start)
            found.ends.append(source.position)
            source.start, found.stopped = None, source.position
            if source.position >= stop:
                return found
        found.stopped = len(lines)  # comments may follow the last record
    except csv.Error as error:
        found.message = str(error)
        found.stopped = found.stopped if source.start is None else source.start
    return found


def _sort(
    frame: Frame, lines: list[str], found: _Read, dialect: Dialect, width: int, suspect: bool
) -> tuple[int | None, bool]:
    """Puts rows into `frame`; returns the line of a record that swallowed others (reading resumes after it), and suspicion."""
    all_on_one_line = not found.rows or found.ends[-1] - found.starts[0] == len(found.rows)
    if not suspect and all_on_one_line and set(map(len, found.rows)) <= {width}:
        frame.rows += found.rows
        frame.starts += found.starts
        frame.ends += found.ends
        return None, False
    for row, start, end in zip(found.rows, found.starts, found.ends, strict=True):
        if is_blank(row) and (width > 1 or not row) and not lines[start].strip():
            continue
        if end - start > 1 and dialect.quote and _swallows(lines, start, end, dialect, width, len(row) == width):
            frame.faults.append((start, start + 1, "framing", "a quote is not closed and would swallow rows"))
            return start, True
        if suspect and dialect.quote and end - start == 1 and _quotes(lines[start], dialect) % 2:
            frame.faults.append((start, end, "framing", "a stray quote after a record that could not be framed"))
        elif len(row) != width:
            frame.faults.append((start, end, "width", f"{len(row)} fields, expected {width}"))
        else:
            frame.rows.append(row)
            frame.starts.append(start)
            frame.ends.append(end)
            suspect = False
    return None, suspect


def _may_end(lines: list[str], start: int, dialect: Dialect, width: int) -> bool:
    """Whether a record that is open at the end of what was read may still close: not when it is beyond the row cap, nor when
    the many lines after its first are all whole records, which its quote would swallow."""
    if sum(map(len, lines[start:])) > limits.ROW_BYTES:
        return False
    if width <= 2 or len(lines) - start <= LOOK_AHEAD:
        return True
    inside = _whole_records(lines, start + 1, start + 1 + LOOK_AHEAD, dialect, width)
    return len(inside) < LOOK_AHEAD or not all(inside)


def _swallows(lines: list[str], start: int, end: int, dialect: Dialect, width: int, fits: bool) -> bool:
    """Whether a record of several lines is a quote run away.

    It is when whole records follow its first line: all of them in a record that `fits` its width (of two columns or one, many a
    text would seem so), the first of them or most lines inside in one that does not.
    """
    inside = _whole_records(lines, start + 1, end, dialect, width)
    if fits:
        return width > 2 and bool(inside) and all(inside)
    if inside[:1] == [True]:
        return True
    inner = lines[start + 1 : end - 1]
    return bool(inner) and 2 * sum(_is_whole(line, dialect, width) for line in inner) >= len(inner)


def _whole_records(lines: list[str], first: int, end: int, dialect: Dialect, width: int) -> list[bool]:
    """For each record read from line `first` until `end` is reached whether it has the width and its quotes pair up."""
    following = [line for line in lines[first : end + LOOK_AHEAD] if line.strip()]
    wanted = sum(bool(line.strip()) for line in lines[first:end])
    reader, read, found = open_csv(following, dialect), 0, []
    try:
        while read < wanted:
            row = next(reader)
            text = "".join(following[read : reader.line_num])
            found.append(len(row) == width and _quotes(text, dialect) % 2 == 0)
            read = reader.line_num
    except (csv.Error, StopIteration):
        found.append(False)
    return found


def _quotes(text: str, dialect: Dialect) -> int:
    """How many quotes a text has, escaped ones aside."""
    return text.count(dialect.quote) - (text.count(dialect.escape + dialect.quote) if dialect.escape else 0)


def _is_whole(line: str, dialect: Dialect, width: int) -> bool:
    return _whole_records([line], 0, 1, dialect, width) == [True]


def _unframed(line: str, start: int, message: str) -> tuple[int, int, str, str]:
    if "field larger" in message and len(line) > limits.FIELD_CHARACTERS:
        return start, start + 1, "field_size", f"a field of more than {limits.FIELD_CHARACTERS} characters"
    reason = "a quote is not closed" if "unexpected end" in message else "a quote stands where none may"
    return start, start + 1, "framing", reason
