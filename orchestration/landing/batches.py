"""What readers hand to the lander: batches of rows as text, refused rows, and the refusal of a whole file.

Every reader in `readers/` speaks these types. No format and no rule of a canonical entity is known here.
"""

import json
from bisect import bisect_right
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from itertools import accumulate
from typing import Protocol

import pyarrow as pa


class FileRefused(Exception):
    """A file that cannot be landed as a whole. `rule`: encoding, header, format, size or empty. The reason holds no values."""

    def __init__(self, rule: str, reason: str):
        super().__init__(f"{rule}: {reason}")
        self.rule, self.reason = rule, reason


class FileChanged(Exception):
    """The file grew or changed while it was read; it is left for the next landing."""


@dataclass(frozen=True)
class Fault:
    """One refused row. `row_number` counts data rows from 1, `line_number` lines (or sheet rows) of the file from 1."""

    row_number: int
    line_number: int | None
    byte_offset: int | None
    column: str | None
    rule: str
    reason: str
    raw: bytes


@dataclass
class Batch:
    """Rows that were framed, as text.

    `columns`: per column of the file one array of texts; `extra`: JSON text of what the file brought beyond the wanted columns,
    where the reader makes it itself (else the lander makes it from `columns`). `row_numbers`: int64. `place(i)` gives line
    number, byte offset and raw bytes of the i-th row, only asked for rows that go to quarantine. `faults`: rows that could
    not be framed.
    """

    columns: dict[str, pa.Array]
    row_numbers: pa.Array
    place: Callable[[int], tuple[int | None, int | None, bytes]]
    faults: list[Fault] = field(default_factory=list)
    extra: pa.Array | None = None

    @property
    def rows(self) -> int:
        return len(self.row_numbers)

    def fields(self, row: int) -> dict[str, str | None]:
        """One row by source column, what the reader put into `extra` included (nested values as JSON text)."""
        extra = json.loads(self.extra[row].as_py() or "{}") if self.extra is not None else {}
        texts = {name: value if isinstance(value, str) else json.dumps(value) for name, value in extra.items()}
        return {name: column[row].as_py() for name, column in self.columns.items()} | texts


class Reading(Protocol):
    """An opened file. `header` is None where every row names its own columns (JSON)."""

    @property
    def encoding(self) -> str: ...

    @property
    def confidence(self) -> float | None: ...

    @property
    def header(self) -> list[str] | None: ...

    def batches(self) -> Iterator[Batch]: ...


def joined(names: list[str], parts: list[Batch]) -> Batch:
    """Several batches of the same columns as one."""
    begins = list(accumulate((part.rows for part in parts), initial=0))

    def place(row: int) -> tuple[int | None, int | None, bytes]:
        part = bisect_right(begins, row) - 1
        return parts[part].place(row - begins[part])

    return Batch(
        {
            name: pa.concat_arrays([part.columns[name] for part in parts] or [pa.array([], pa.string())])
            for name in names
        },
        pa.concat_arrays([part.row_numbers for part in parts] or [pa.array([], pa.int64())]),
        place,
        [fault for part in parts for fault in part.faults],
    )


def unique_names(names: list[str]) -> list[str]:
    """Column names as given, trimmed; an empty one becomes `column_<n>`, a repeated one gets its number: `name (2)`."""
    seen: dict[str, int] = {}
    result = []
    for index, name in enumerate(names, 1):
        base = name.strip() or f"column_{index}"
        seen[base] = seen.get(base, 0) + 1
        result.append(base if seen[base] == 1 else f"{base} ({seen[base]})")
    return result
