"""What is left of an archived file that held erased persons: the file as it was read, without their rows.

Its columns as text by their own names, the numbers of its rows, the bytes of those that were refused, and which numbers are gone.
So a changed mapping is read from it as from the original; how it is cut into rows can no longer change. Where such files are is
`archive.py`; which rows go is decided elsewhere.
"""

import json
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from orchestration.landing import limits
from orchestration.landing.batches import Batch, Fault, Reading
from orchestration.landing.containers import LandedFile
from orchestration.landing.readers.columnar import raw_row

_PLACE = [("row_number", pa.int64()), ("line_number", pa.int64()), ("byte_offset", pa.int64()), ("raw", pa.binary())]
_FAULT = [("column", pa.string()), ("rule", pa.string()), ("reason", pa.string())]
_NOTE = b"strata"


@dataclass(frozen=True)
class Place:
    """Where a refused row stood, and its bytes."""

    line_number: int | None
    byte_offset: int | None
    raw: bytes


@dataclass
class _Note:
    """What a reduced file says of itself. `names`: of its columns in the source, in the order of c0, c1, …; `gone`: the numbers
    of the rows that it lacks."""

    encoding: str
    confidence: float | None
    header: list[str] | None
    names: list[str]
    has_extra: bool
    gone: list[int]


def rows_gone(reading: Reading) -> set[int]:
    """The numbers of the rows that are gone from an opened file."""
    return reading.gone if isinstance(reading, ReducedReading) else set()


def places_of(refused: pa.Table) -> dict[int, Place]:
    """The places of rows in quarantine by number."""
    rows = refused.select(["row_number", "line_number", "byte_offset", "raw_bytes"]).to_pylist()
    return {
        row["row_number"]: Place(row["line_number"], row["byte_offset"], row["raw_bytes"])
        for row in rows
        if row["raw_bytes"] is not None
    }


def write_rows(
    path: Path, reading: Reading, batches: Iterable[Batch], gone: Collection[int], places: Mapping[int, Place]
) -> None:
    """Writes `batches`, what is left of `reading`. `gone`, `places`: as for `archive.write_reduced`."""
    writer = _Writer(path, reading, gone, places)
    for batch in batches:
        writer.add(batch)
    writer.close()


class _Writer:
    """Writes batches as they come, and the note at the end: only then it is known how many rows are gone."""

    def __init__(self, path: Path, reading: Reading, gone: Collection[int], places: Mapping[int, Place]):
        self._path, self._reading, self._gone, self._places = path, reading, gone, places
        self._names = list(reading.header or [])
        self._has_extra = False
        self._writer: pq.ParquetWriter | None = None

    def add(self, batch: Batch) -> None:
        if self._writer is None:
            self._names, self._has_extra = list(batch.columns), batch.extra is not None
        writer = self._open()
        for table in (self._rows(batch), self._faults(batch)):
            if table.num_rows:
                writer.write_table(table.cast(_schema(len(self._names))))

    def close(self) -> None:
        reading = self._reading
        gone = sorted(rows_gone(reading) | set(self._gone))
        note = _Note(reading.encoding, reading.confidence, reading.header, self._names, self._has_extra, gone)
        self._open().add_key_value_metadata({_NOTE: json.dumps(vars(note), ensure_ascii=False)})
        self._open().close()

    def _open(self) -> pq.ParquetWriter:
        if self._writer is None:
            schema = _schema(len(self._names))
            self._writer = pq.ParquetWriter(self._path, schema, compression="zstd", write_statistics=False)
        return self._writer

    def _rows(self, batch: Batch) -> pa.Table:
        kept = pc.invert(pc.is_in(batch.row_numbers, value_set=pa.array(list(self._gone), pa.int64())))
        numbers = batch.row_numbers.filter(kept)
        places = [self._places.get(number) for number in numbers.to_pylist()]
        columns: dict[str, Any] = {
            "row_number": numbers,
            "line_number": pa.array([place and place.line_number for place in places], pa.int64()),
            "byte_offset": pa.array([place and place.byte_offset for place in places], pa.int64()),
            "raw": pa.array([place and place.raw for place in places], pa.binary()),
            **{name: pa.nulls(len(numbers), kind) for name, kind in _FAULT},
            "extra": batch.extra.filter(kept) if batch.extra is not None else pa.nulls(len(numbers), pa.string()),
        }
        return pa.table(columns | {f"c{at}": batch.columns[name].filter(kept) for at, name in enumerate(self._names)})

    def _faults(self, batch: Batch) -> pa.Table:
        faults = [fault for fault in batch.faults if fault.row_number not in self._gone]
        return pa.Table.from_pylist([vars(fault) for fault in faults], schema=_schema(len(self._names)))


class ReducedReading:
    """What is left of a file. `wanted`: the columns that are mapped now, which in JSON may be others than then."""

    def __init__(self, file: LandedFile, wanted: list[str]):
        self._file = pq.ParquetFile(file.plain())
        self._note = _Note(**json.loads(self._file.metadata.metadata[_NOTE]))
        self._wanted = list(dict.fromkeys(wanted))
        self.encoding, self.confidence = self._note.encoding, self._note.confidence
        self.header, self.gone = self._note.header, set(self._note.gone)

    def batches(self) -> Iterator[Batch]:
        for stored in self._file.iter_batches(batch_size=limits.BATCH_ROWS):
            table = pa.Table.from_batches([stored])
            good = pc.is_null(table["rule"])
            batch = self._batch(table.filter(good))
            batch.faults = [Fault(**row) for row in table.filter(pc.invert(good)).select(_FAULT_NAMES).to_pylist()]
            yield batch

    def _batch(self, table: pa.Table) -> Batch:
        columns = {name: _whole(table[f"c{at}"]) for at, name in enumerate(self._note.names)}
        extra = _whole(table["extra"]) if self._note.has_extra else None
        if self.header is None and set(columns) != set(self._wanted):
            columns, extra = self._sorted_anew(columns, extra)
        raws, lines, offsets = table["raw"], table["line_number"], table["byte_offset"]

        def place(row: int) -> tuple[int | None, int | None, bytes]:
            return lines[row].as_py(), offsets[row].as_py(), raws[row].as_py() or raw_row(columns, row)

        return Batch(columns, _whole(table["row_number"]), place, [], extra)

    def _sorted_anew(
        self, columns: dict[str, pa.Array], extra: pa.Array | None
    ) -> tuple[dict[str, pa.Array], pa.Array]:
        """JSON rows by the columns that are mapped now; all else is extra."""
        rows = [
            {name: column[at].as_py() for name, column in columns.items() if column[at].is_valid}
            | (json.loads(extra[at].as_py() or "{}") if extra is not None else {})
            for at in range(len(next(iter(columns.values()), [])))
        ]
        found = {name: pa.array([_text(row.pop(name, None)) for row in rows], pa.string()) for name in self._wanted}
        return found, pa.array([json.dumps(row, ensure_ascii=False) for row in rows], pa.string())


_FAULT_NAMES = ["row_number", "line_number", "byte_offset", "column", "rule", "reason", "raw"]


def _schema(columns: int) -> pa.Schema:
    texts = [("extra", pa.string()), *((f"c{at}", pa.string()) for at in range(columns))]
    return pa.schema([*_PLACE, *_FAULT, *texts])


def _whole(column: pa.ChunkedArray) -> pa.Array:
    found = column.combine_chunks()
    return found if isinstance(found, pa.Array) else pa.concat_arrays(found.chunks)


def _text(value: Any) -> str | None:
    return value if value is None or isinstance(value, str) else json.dumps(value, ensure_ascii=False)
