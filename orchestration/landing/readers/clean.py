"""The fast way through CSV: a chunk without anything doubtful is parsed by pyarrow, a whole chunk at a time.

It only ever says the same as `framing.py`: whatever might be read in two ways makes it step aside (None), and the exact reader
takes the chunk. A differential test holds the two equal on every generated file. No rule about rows lives here.
"""

from codecs import BOM_UTF8

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv as pv

from orchestration.landing import limits
from orchestration.landing.framing import Dialect

_LINE_FEED, _RETURN = 10, 13


def parse_clean(data: bytes, dialect: Dialect, received: list[str]) -> list[pa.Array] | None:
    """The columns of whole lines in utf-8 below a header with the names `received`, or None when the exact reader must look.

    Doubtful: NUL, a lone carriage return, a byte order mark, quotes that do not open and close fields as RFC 4180 has it, line
    ends between quotes (they may be a quote run away), escapes, comments, a field or width out of the common, blank lines of
    white space, the header again, bytes that are no utf-8.
    """
    if b"\0" in data or data.startswith(BOM_UTF8) or _has_lone_return(data) or _has_specials(data, dialect):
        return None
    quote = dialect.quote if dialect.quote and dialect.quote.encode() in data else ""
    if quote and not _is_well_quoted(data, dialect.separator, quote):
        return None
    columns = _parse(data, dialect.separator, quote, len(received))
    if columns is None or pc.any(pc.equal(columns[0], received[0])).as_py():
        return None
    if len(data) > limits.FIELD_CHARACTERS and max(map(_longest, columns)) > limits.FIELD_CHARACTERS:
        return None
    return columns


def record_lines(data: bytes) -> np.ndarray:
    """The line of each record of a chunk that `parse_clean` took: every line that is not blank."""
    found = np.frombuffer(data, dtype=np.uint8)
    ends = np.flatnonzero(found == _LINE_FEED)
    if not data.endswith(b"\n"):
        ends = np.append(ends, len(data))
    lengths = np.diff(ends, prepend=-1) - 1 - (found[np.maximum(ends - 1, 0)] == _RETURN)
    return np.flatnonzero(lengths > 0)


def _parse(data: bytes, separator: str, quote: str, width: int) -> list[pa.Array] | None:
    names = [str(index) for index in range(width)]
    try:
        table = pv.read_csv(
            pa.BufferReader(data),
            pv.ReadOptions(use_threads=False, block_size=len(data) + 1, column_names=names),
            pv.ParseOptions(delimiter=separator, quote_char=quote or False),
            pv.ConvertOptions(column_types=dict.fromkeys(names, pa.string()), strings_can_be_null=False),
        )
    except (pa.ArrowInvalid, pa.ArrowKeyError):
        return None
    return [column.chunk(0) if column.num_chunks == 1 else column.combine_chunks() for column in table.columns]


def _is_well_quoted(data: bytes, separator: str, quote: str) -> bool:
    """Whether each quote opens a field, closes one, or is doubled inside one (every second quote opens, if this holds), and no
    line ends between an opening and a closing one."""
    found = np.frombuffer(data, dtype=np.uint8)
    at = np.flatnonzero(found == ord(quote))
    line_ends = np.flatnonzero(found == _LINE_FEED)
    if len(at) % 2 or (np.searchsorted(at, line_ends) % 2).any():
        return False
    opening, closing = at[0::2], at[1::2]
    doubled = np.append(opening[1:] == closing[:-1] + 1, False)
    borders = (ord(separator), _LINE_FEED)
    before = found[np.maximum(opening - 1, 0)]
    opens = np.isin(before, borders) | (opening == 0) | np.append(False, doubled[:-1])
    after = found[np.minimum(closing + 1, len(found) - 1)]
    closes = np.isin(after, (*borders, _RETURN)) | (closing == len(found) - 1) | doubled
    return bool(opens.all() and closes.all())


def _has_lone_return(data: bytes) -> bool:
    return b"\r" in data and data.count(b"\r") != data.count(b"\r\n")


def _has_specials(data: bytes, dialect: Dialect) -> bool:
    comment = dialect.comment.encode()
    return bool(
        (dialect.escape and dialect.escape.encode() in data)
        or (comment and (data.startswith(comment) or b"\n" + comment in data))
    )


def _longest(column: pa.Array) -> int:
    return pc.max(pc.binary_length(column)).as_py() or 0
