"""Values of a database as text, exactly: what is written of a row, and what it is told apart by.

Rows come page by page and become Arrow tables of text. Nothing here knows which rows are wanted.
"""

import hashlib
import json
from collections.abc import Iterator, Sequence
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from typing import Any

import pyarrow as pa
import sqlalchemy as sa

MYSQL_TIMESTAMP = 7  # an instant; MySQL's DATETIME is a time on the wall


def pages(connection: sa.Connection, statement: sa.Executable, page_rows: int) -> Iterator[list[list[Any]]]:
    """The result column by column, `page_rows` rows at a time, from a cursor on the server's side."""
    result = connection.execute(statement, execution_options={"yield_per": page_rows})
    instants = _instants(connection, result)
    for rows in result.partitions():
        columns = [list(column) for column in zip(*rows, strict=True)]
        for index in instants:
            columns[index] = [_in_utc(value) for value in columns[index]]
        yield columns


def text_table(names: Sequence[str], columns: Sequence[Sequence[Any]]) -> pa.Table:
    return pa.table(
        {name: pa.array(map(as_text, column), pa.string()) for name, column in zip(names, columns, strict=True)}
    )


def as_text(value: Any) -> str | None:
    """One value: Decimal without exponent, times in ISO form with their offset, bytes as hex, nested values as JSON."""
    match value:
        case None:
            return None
        case str():
            return value
        case bool():
            return "true" if value else "false"
        case int():
            return str(value)
        case Decimal():
            return format(value, "f")
        case float():
            return repr(value)
        case datetime():
            return value.isoformat(" ")
        case date() | time():
            return value.isoformat()
        case bytes() | bytearray() | memoryview():
            return bytes(value).hex()
        case timedelta():
            return _clock(value)
        case list() | tuple() | dict():
            return json.dumps(value, ensure_ascii=False, default=as_text)
        case set() | frozenset():
            return ",".join(sorted(value))
    return str(value)


def row_hashes(table: pa.Table) -> pa.Array:
    """A hash a row over all its texts. JSON keeps null, the empty text and the borders between columns apart."""
    rows = zip(*(column.to_pylist() for column in table.columns), strict=True)
    return pa.array(
        [hashlib.blake2b(json.dumps(row).encode(), digest_size=16).hexdigest() for row in rows], pa.string()
    )


def _instants(connection: sa.Connection, result: sa.CursorResult[Any]) -> list[int]:
    if connection.dialect.name != "mysql" or result.cursor is None:
        return []
    return [index for index, column in enumerate(result.cursor.description) if column[1] == MYSQL_TIMESTAMP]


def _in_utc(value: Any) -> Any:
    return value.replace(tzinfo=UTC) if isinstance(value, datetime) else value


def _clock(value: timedelta) -> str:
    """MySQL's TIME, which may be negative and longer than a day."""
    sign, span = ("-", -value) if value < timedelta() else ("", value)
    minutes, seconds = divmod(span.days * 86_400 + span.seconds, 60)
    hours, minutes = divmod(minutes, 60)
    return f"{sign}{hours:02}:{minutes:02}:{seconds:02}" + (f".{span.microseconds:06}" if span.microseconds else "")
