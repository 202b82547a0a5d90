"""Reads Parquet: typed columns become text, exactly and a column at a time.

Integers without `.0`, doubles by their shortest form, times as ISO text (with Z when they carry a zone), nested values as JSON,
null stays null. What values mean is `contract.py`.
"""

import json
from collections.abc import Iterator

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from orchestration.landing import limits
from orchestration.landing.batches import Batch, Fault, FileRefused, unique_names
from orchestration.landing.containers import LandedFile
from orchestration.settings.sources import Format

_UNITS = ("s", "ms", "us", "ns")


class ColumnarReading:
    """One Parquet file. Its rows have no bytes of their own; quarantine keeps them as JSON."""

    encoding, confidence = "parquet", None

    def __init__(self, file: LandedFile, form: Format):
        self._point = form.decimal
        try:
            self._file = pq.ParquetFile(file.plain())
            names = self._file.schema_arrow.names
        except (pa.ArrowException, OSError):
            raise FileRefused("format", "no readable Parquet file") from None
        if len(names) > limits.COLUMNS:
            raise FileRefused("header", f"{len(names)} columns, at most {limits.COLUMNS}")
        self.header: list[str] = unique_names(names)

    def batches(self) -> Iterator[Batch]:
        """The rows of the file, a row group or less at a time."""
        count = 0
        try:
            for received in self._file.iter_batches(batch_size=limits.BATCH_ROWS):
                columns = [as_text(column, self._point) for column in received.columns]
                batch = _batch(dict(zip(self.header, columns, strict=True)), count + 1)
                count += received.num_rows
                yield batch
        except (pa.ArrowException, OSError):
            raise FileRefused("format", "the Parquet file is damaged") from None


def _batch(columns: dict[str, pa.Array], first: int) -> Batch:
    rows = len(next(iter(columns.values()), []))
    numbers = pa.array(range(first, first + rows), pa.int64())
    batch = Batch(columns, numbers, lambda row: (int(numbers[row].as_py()), None, raw_row(columns, row)))
    spoilt = _rows_with_nul(columns)
    return set_aside(batch, spoilt, "nul", "a NUL character") if spoilt else batch


def as_text(column: pa.Array, point: str) -> pa.Array:
    """One column as text. `point`: the declared decimal sign, so that numbers read the same in every format of a source."""
    kind = column.type
    if pa.types.is_dictionary(kind):
        return as_text(column.dictionary_decode(), point)
    if pa.types.is_timestamp(kind):
        return _iso(column)
    if pa.types.is_floating(kind) or pa.types.is_decimal(kind):
        text = pc.cast(column, pa.string())
        return text if point == "." else pc.replace_substring(text, ".", point)
    if pa.types.is_nested(kind):
        texts = [
            None if value is None else json.dumps(value, ensure_ascii=False, default=str)
            for value in column.to_pylist()
        ]
        return pa.array(texts, pa.string())
    return pc.cast(column, pa.string())


def _iso(column: pa.Array) -> pa.Array:
    """ISO text with no more digits of a second than the column needs."""
    zone = "UTC" if column.type.tz else None
    for unit in _UNITS:
        try:
            return pc.cast(pc.cast(column, pa.timestamp(unit, zone)), pa.string())
        except pa.ArrowInvalid:
            continue
    raise FileRefused("format", "a column of times beyond the range of ISO text")


def _rows_with_nul(columns: dict[str, pa.Array]) -> set[int]:
    found: set[int] = set()
    for column in columns.values():
        flags = pc.fill_null(pc.match_substring(column, "\0"), False)
        if pc.any(flags).as_py():
            found.update(pc.indices_nonzero(flags).to_pylist())
    return found


def set_aside(batch: Batch, rows: set[int], rule: str, reason: str) -> Batch:
    """The batch without these rows (by index), which become faults."""
    faults = [
        Fault(int(batch.row_numbers[row].as_py()), *_at(batch, row), None, rule, reason, batch.place(row)[2])
        for row in sorted(rows)
    ]
    kept = without_rows(batch, rows)
    kept.faults = kept.faults + faults
    return kept


def without_rows(batch: Batch, rows: set[int]) -> Batch:
    """The batch without these rows (by index)."""
    kept = pa.array([row for row in range(batch.rows) if row not in rows], pa.int64())
    places = kept.to_pylist()
    columns = {name: column.take(kept) for name, column in batch.columns.items()}
    extra = batch.extra.take(kept) if batch.extra is not None else None
    return Batch(columns, batch.row_numbers.take(kept), lambda row: batch.place(places[row]), batch.faults, extra)


def _at(batch: Batch, row: int) -> tuple[int | None, int | None]:
    line, offset, _ = batch.place(row)
    return line, offset


def raw_row(columns: dict[str, pa.Array], row: int) -> bytes:
    """A row of a format without lines, as JSON in utf-8."""
    return json.dumps({name: column[row].as_py() for name, column in columns.items()}, ensure_ascii=False).encode(
        "utf-8", "replace"
    )
