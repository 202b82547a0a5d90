"""Rows that a person mended: what each quarantined row should have been, kept beside the archive.

A mend belongs to a row of a file as it was cut then (`framing`). The archive stays as it came; reading a file again puts the
mends in the place of its rows, so raw can always be made anew from the archive and the mends.
"""

import json
from collections.abc import Iterable, Iterator
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from orchestration.landing.batches import Batch
from orchestration.landing.readers.columnar import without_rows
from orchestration.landing.tables import Place
from orchestration.landing.writing import ParquetTarget
from orchestration.settings.home import Home
from orchestration.settings.sources import BlockRef

Fields = dict[str, str | None]
_SCHEMA = pa.schema([("row_number", pa.int64()), ("framing", pa.string()), ("fields", pa.string())])


def read_mends(home: Home, ref: BlockRef, sha256: str, framing: str | None) -> dict[int, Fields]:
    """Row number → source column → text, of one file as it is cut now."""
    path = _path(home, ref, sha256)
    rows = pq.read_table(path, schema=_SCHEMA).to_pylist() if path.exists() else []
    return {row["row_number"]: json.loads(row["fields"]) for row in rows if row["framing"] == framing}


def write_mends(home: Home, ref: BlockRef, sha256: str, framing: str | None, mends: dict[int, Fields]) -> None:
    """Keeps these mends; a later one of the same row takes the place of the earlier."""
    kept = read_mends(home, ref, sha256, framing) | mends
    rows = [
        {"row_number": number, "framing": framing, "fields": json.dumps(fields, ensure_ascii=False)}
        for number, fields in sorted(kept.items())
    ]
    target = ParquetTarget(_path(home, ref, sha256), _SCHEMA)
    target.write(pa.Table.from_pylist(rows, schema=_SCHEMA))
    target.publish()


def drop_mends(home: Home, place: Place, sha256: str, numbers: set[int]) -> None:
    """Forgets the mends of these rows."""
    path = _path(home, place, sha256)
    if numbers and path.exists():
        rows = pq.read_table(path, schema=_SCHEMA)
        gone = pc.is_in(rows["row_number"], value_set=pa.array(sorted(numbers), pa.int64()))
        if pc.any(gone).as_py():
            target = ParquetTarget(path, _SCHEMA)
            target.write(rows.filter(pc.invert(gone)))
            target.publish()


def with_mends(batches: Iterable[Batch], mends: dict[int, Fields], places: dict[int, tuple]) -> Iterator[Batch]:
    """The batches with the mended rows taken out, and these in batches of their own at the end.

    `places`: row number → line number, byte offset, raw bytes of the rows as they came.
    """
    numbers = pa.array(sorted(mends), pa.int64())
    for batch in batches:
        batch.faults = [fault for fault in batch.faults if fault.row_number not in mends]
        found = pc.is_in(batch.row_numbers, value_set=numbers)
        yield without_rows(batch, set(pc.indices_nonzero(found).to_pylist())) if pc.any(found).as_py() else batch
    if mends:
        yield _mended(mends, numbers, places)


def _mended(mends: dict[int, Fields], numbers: pa.Array, places: dict[int, tuple]) -> Batch:
    names = sorted({name for fields in mends.values() for name in fields})
    rows = [mends[number] for number in numbers.to_pylist()]
    columns = {name: pa.array([row.get(name) for row in rows], pa.string()) for name in names}
    return Batch(columns, numbers, lambda row: places[numbers[row].as_py()])


def _path(home: Home, ref: Place, sha256: str) -> Path:
    return home.mends / ref.source / ref.block / f"{sha256}.parquet"
