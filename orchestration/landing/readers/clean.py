"""The fast way through CSV: a chunk without anything doubtful is parsed by pyarrow, a whole chunk at a time.

It only ever says the same as `framing.py`: whatever might be read in two ways makes it step aside (None), and the exact reader
takes the chunk. A differential test holds the two equal on every generated file. No rule about rows lives here.
"""

from codecs import BOM_UTF8
from functools import cached_property

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv as pv

from orchestration.landing import limits
from orchestration.landing.framing import Dialect

_LINE_FEED, _RETURN = 10, 13


class PlainLines:
    """Whole lines in utf-8 below a header with the names `received`, and which of them can only be read in one way.

    Lines end with a line feed here: `has_lone_return` must be false.
    """

    def __init__(self, data: bytes, dialect: Dialect, received: list[str]):
        self._data, self._dialect, self._received, self._width = data, dialect, received, len(received)

    @cached_property
    def plain(self) -> np.ndarray:
        """For each line whether it is one whole record of the header's width, or blank, wherever a record begins on it.

        Not plain: NUL, a byte order mark, an escape, a comment, quotes that do not open and close fields within the line as
        RFC 4180 has it, another width, a line beyond the cap of a field.
        """
        dialect, (starts, ends, lengths) = self._dialect, self._spans
        found = np.frombuffer(self._data, dtype=np.uint8)
        separators = np.flatnonzero(found == ord(dialect.separator))
        counts = np.diff(np.searchsorted(separators, ends), prepend=0)
        plain = lengths <= limits.FIELD_CHARACTERS
        quotes = np.flatnonzero(found == ord(dialect.quote)) if dialect.quote else separators[:0]
        if len(quotes):
            before = np.searchsorted(quotes, starts)
            plain &= self._are_well_quoted(found, quotes, before)
            line = np.repeat(np.arange(len(ends)), counts)
            between = (np.searchsorted(quotes, separators) - before[line]) % 2 == 1
            counts = np.bincount(line[~between], minlength=len(ends))
        plain &= (counts == self._width - 1) | (lengths == 0)
        for mark in (b"\0", BOM_UTF8, dialect.escape.encode()):
            plain[np.searchsorted(ends, _places(self._data, mark))] = False
        return plain & ~np.isin(starts, _places(self._data, dialect.comment.encode()))

    def parse_all(self) -> list[pa.Array] | None:
        """The columns of all lines, or None where one is not plain, is the header again or no utf-8."""
        data, dialect = self._data, self._dialect
        if b"\0" in data or data.startswith(BOM_UTF8) or _has_specials(data, dialect):
            return None
        if dialect.quote and dialect.quote.encode() in data and not self.plain.all():
            return None
        columns = self._parse(data)
        if columns and len(data) > limits.FIELD_CHARACTERS and max(map(_longest, columns)) > limits.FIELD_CHARACTERS:
            return None
        return columns

    def parse(self, first: int, left: np.ndarray) -> list[pa.Array] | None:
        """The columns of the lines from `first` on that are `left`, which must be plain; None where one is the header again."""
        starts, ends, _ = self._spans
        runs = first + np.flatnonzero(np.diff(left, prepend=False, append=False)).reshape(-1, 2)
        return self._parse(b"".join([self._data[starts[start] : ends[end - 1] + 1] for start, end in runs.tolist()]))

    def filled(self, first: int = 0, left: np.ndarray | None = None) -> np.ndarray:
        """Of the lines from `first` on (that are `left`) those that are not blank, counted from there: those with a record."""
        filled = self._spans[2] > 0
        return np.flatnonzero(filled if left is None else left & filled[first : first + len(left)])

    @cached_property
    def _spans(self) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Of each line where it begins, where its line end stands, and its length without that."""
        found = np.frombuffer(self._data, dtype=np.uint8)
        ends = np.flatnonzero(found == _LINE_FEED)
        if not self._data.endswith(b"\n"):
            ends = np.append(ends, len(found))
        starts = np.append(0, ends[:-1] + 1)
        return starts, ends, ends - starts - ((ends > starts) & (found[np.maximum(ends - 1, 0)] == _RETURN))

    def _are_well_quoted(self, found: np.ndarray, quotes: np.ndarray, before: np.ndarray) -> np.ndarray:
        """For each line whether each of its quotes opens a field, closes one, or is doubled inside one: every second one opens,
        if this holds. `before`: how many quotes stand before the line."""
        separator, (starts, ends, _) = ord(self._dialect.separator), self._spans
        line = np.searchsorted(ends, quotes)
        opens = (np.arange(len(quotes)) - before[line]) % 2 == 0
        adjacent = np.append(quotes[1:] == quotes[:-1] + 1, False)
        preceding, following = found[np.maximum(quotes - 1, 0)], found[np.minimum(quotes + 1, len(found) - 1)]
        may_open = (quotes == starts[line]) | (preceding == separator) | np.append(False, adjacent[:-1])
        may_close = np.isin(following, (separator, _LINE_FEED, _RETURN)) | (quotes == len(found) - 1) | adjacent
        well = np.diff(before, append=len(quotes)) % 2 == 0
        well[line[~np.where(opens, may_open, may_close)]] = False
        return well

    def _parse(self, data: bytes) -> list[pa.Array] | None:
        names = [str(index) for index in range(self._width)]
        quote = self._dialect.quote if self._dialect.quote and self._dialect.quote.encode() in data else False
        try:
            table = pv.read_csv(
                pa.BufferReader(data),
                pv.ReadOptions(use_threads=False, block_size=len(data) + 1, column_names=names),
                pv.ParseOptions(delimiter=self._dialect.separator, quote_char=quote),
                pv.ConvertOptions(column_types=dict.fromkeys(names, pa.string()), strings_can_be_null=False),
            )
        except (pa.ArrowInvalid, pa.ArrowKeyError):
            return None
        columns = [column.chunk(0) if column.num_chunks == 1 else column.combine_chunks() for column in table.columns]
        return None if pc.any(pc.equal(columns[0], self._received[0])).as_py() else columns


def _places(data: bytes, mark: bytes) -> list[int]:
    places, at = [], data.find(mark) if mark else -1
    while at >= 0:
        places.append(at)
        at = data.find(mark, at + 1)
    return places


def has_lone_return(data: bytes) -> bool:
    """Whether a carriage return ends a line by itself."""
    return b"\r" in data and data.count(b"\r") != data.count(b"\r\n")


def _has_specials(data: bytes, dialect: Dialect) -> bool:
    comment = dialect.comment.encode()
    return bool(
        (dialect.escape and dialect.escape.encode() in data)
        or (comment and (data.startswith(comment) or b"\n" + comment in data))
    )


def _longest(column: pa.Array) -> int:
    return pc.max(pc.binary_length(column)).as_py() or 0
