"""The proof: every file of the home is decoded, and nothing of the person is found in it.

Bytes prove nothing under compression, so each kind of file is opened as what it is: DuckDB and SQLite table by table, Parquet
column by column, workbooks, zip and gz member by member, and text in the encodings that it may be in. What is found is told by
place and count, never by value.
"""

import gzip
import html
import io
import os
import sqlite3
import zipfile
import zlib
from collections.abc import Iterable, Iterator
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, BinaryIO

import duckdb
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from orchestration.privacy.texts import Text, loose_pattern_of, pattern_of
from orchestration.settings import Home

_TEXT_TYPES = ("FLOAT", "DOUBLE", "BOOLEAN", "DATE", "TIME", "TIMESTAMP", "INTERVAL")
_ENCODINGS = ("gb18030", "utf-16-le", "latin-1")
_WORKBOOK = b"\xd0\xcf\x11\xe0"
_LEVELS = 4
_TEXTS_AT_ONCE = 150
"""An expression over twice as many outgrows the memory of RE2, and minutes become of seconds."""


@dataclass
class Proof:
    """What the search found. `traces`: place below the home → how many rows or lines; `unread`: what could not be opened."""

    files: int = 0
    traces: dict[str, int] = field(default_factory=dict)
    unread: list[str] = field(default_factory=list)

    @property
    def passed(self) -> bool:
        return not self.traces and not self.unread


def prove(home: Home, texts: Iterable[Text], left_out: Iterable[Path] = ()) -> Proof:
    """Looks for the texts in every file below the home, but for `left_out`. No file may be open for writing meanwhile."""
    told, proof, skipped = sorted(texts), Proof(), set(left_out)
    parts = [told[at : at + _TEXTS_AT_ONCE] for at in range(0, len(told), _TEXTS_AT_ONCE)]
    patterns = [(pattern_of(part), loose_pattern_of(part)) for part in parts]
    for path in _files(home.root):
        if path in skipped:
            continue
        proof.files += 1
        place = str(path.relative_to(home.root))
        try:
            count = sum(
                _count(path, *pattern) + _matches(pa.array([path.name, path.stem]), pattern[0]) for pattern in patterns
            )
        except (duckdb.Error, sqlite3.Error, pa.ArrowException, OSError, ValueError) as error:
            proof.unread.append(f"{place} ({type(error).__name__})")
            continue
        if count:
            proof.traces[place] = count
    return proof


def _files(root: Path) -> Iterator[Path]:
    for folder, _, names in os.walk(root):
        for name in sorted(names):
            path = Path(folder, name)
            if not path.is_symlink() and path.is_file():
                yield path


def _count(path: Path, pattern: str, loose: str) -> int:
    with path.open("rb") as file:
        head = file.read(16)
    if head[8:12] == b"DUCK":
        return _in_duckdb(path, pattern)
    if head.startswith(b"SQLite format 3"):
        return _in_sqlite(path, pattern, loose)
    if head.startswith(b"PAR1"):
        return sum(_matches(column, pattern) for column in _parquet(path))
    return sum(_matches(pa.array(lines, pa.string()), pattern) for lines in _texts(path.read_bytes(), _LEVELS))


def _matches(texts: pa.Array | pa.ChunkedArray, pattern: str) -> int:
    return pc.sum(pc.match_substring_regex(texts, pattern)).as_py() or 0


def _in_duckdb(path: Path, pattern: str) -> int:
    found = 0
    with duckdb.connect(path, read_only=True) as con:
        con.execute("set enable_progress_bar = false")
        tables = con.execute(
            "select schema_name, table_name from duckdb_tables() where database_name = current_database()"
        ).fetchall()
        for schema, table in tables:
            columns = con.execute(f'describe "{schema}"."{table}"').fetchall()
            told = [f'cast("{name}" as varchar)' for name, kind, *_ in columns if not kind.startswith(_TEXT_TYPES)]
            if told:
                sql = f'select count(*) from "{schema}"."{table}" where regexp_matches(concat_ws(chr(10), {", ".join(told)}), $p)'
                found += con.execute(sql, {"p": pattern}).fetchall()[0][0]
    return found


def _in_sqlite(path: Path, pattern: str, loose: str) -> int:
    """The rows of all tables, and the bytes of the file, where deleted rows may still be."""
    found = _matches(pa.array(path.read_bytes().decode("utf-8", "replace").splitlines(), pa.string()), loose)
    with closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True)) as con:
        for (table,) in con.execute("select name from sqlite_master where type = 'table'").fetchall():
            rows = ("\n".join(map(_plain, row)) for row in con.execute(f'select * from "{table}"'))
            found += _matches(pa.array(rows, pa.string()), pattern)
    return found


def _plain(value: Any) -> str:
    return value.decode("utf-8", "replace") if isinstance(value, bytes) else str(value)


def _parquet(path: Path | BinaryIO) -> Iterator[pa.Array]:
    """The rows as texts, a batch at a time; the lines of what is bytes; and what the file says of itself."""
    with pq.ParquetFile(path) as file:
        notes = file.metadata.metadata or {}
        yield pa.array([f"{key!r} {value.decode('utf-8', 'replace')}" for key, value in notes.items()], pa.string())
        for batch in file.iter_batches():
            columns = [text for column in batch.columns if (text := _text_column(column)) is not None]
            if columns:
                yield pc.binary_join_element_wise(*columns, "\n", null_handling="replace")
            for column in batch.columns:
                if pa.types.is_binary(column.type):
                    values = column.drop_null().to_pylist()
                    yield pa.array(
                        [line for value in values for lines in _texts(value, _LEVELS) for line in lines], pa.string()
                    )


def _text_column(column: pa.Array) -> pa.Array | None:
    """A column as text; None for what can hold no text of a person: bytes, which are read apart, fractions and times."""
    kind = column.type
    if pa.types.is_dictionary(kind):
        return _text_column(column.dictionary_decode())
    if pa.types.is_string(kind) or pa.types.is_large_string(kind) or pa.types.is_integer(kind):
        return pc.cast(column, pa.string())
    return pa.array([str(value) for value in column.to_pylist()], pa.string()) if pa.types.is_nested(kind) else None


def _texts(content: bytes, levels: int) -> Iterator[list[str]]:
    """The lines of a file's content, of what is packed in it, and of each encoding that it may be in."""
    if levels and content.startswith(b"\x1f\x8b"):
        yield from _texts(_unpacked(content), levels - 1)
    elif levels and content.startswith(b"PK\x03\x04"):
        with zipfile.ZipFile(io.BytesIO(content)) as members:
            for member in members.infolist():
                yield from _texts(members.read(member), levels - 1)
    elif levels and content.startswith(b"PAR1"):
        yield from (column.to_pylist() for column in _parquet(io.BytesIO(content)))
    elif levels and content.startswith(_WORKBOOK):
        yield from _workbook(content)
    else:
        for text in _decoded(content):
            yield [line for one in _written(text) for line in one.splitlines()]


def _unpacked(content: bytes) -> bytes:
    """Of a file that is cut off what there is."""
    try:
        return gzip.decompress(content)
    except (OSError, EOFError, zlib.error):
        return zlib.decompressobj(wbits=47).decompress(content)


def _workbook(content: bytes) -> Iterator[list[str]]:
    from python_calamine import load_workbook

    book = load_workbook(io.BytesIO(content))
    for name in book.sheet_names:
        yield ["\n".join(map(str, row)) for row in book.get_sheet_by_name(name).to_python()]


def _decoded(content: bytes) -> Iterator[str]:
    if content.startswith((b"\xff\xfe", b"\xfe\xff")):
        yield content.decode("utf-16", "replace")
        return
    try:
        yield content.decode("utf-8")
    except UnicodeDecodeError:
        yield content.decode("utf-8", "replace")
        for encoding in _ENCODINGS:
            yield content.decode(encoding, "replace")


def _written(text: str) -> Iterator[str]:
    """A text, and what it says where it is escaped as in XML."""
    yield text
    if "&#" in text or "&amp;" in text:
        yield html.unescape(text)
