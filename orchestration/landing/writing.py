"""Writes files whole or not at all: beside the target first, fsync, then `os.replace`.

Used for raw, quarantine, archive and the ledger. What the files hold is decided elsewhere.
"""

import errno
import os
import shutil
from pathlib import Path
from typing import Any, Self

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from orchestration.durable import sync

UNFINISHED = ".unfinished"
_SAMPLE_ROWS = 5_000


class ParquetTarget:
    """A Parquet file in the making, batch by batch. It appears under its name only by `publish`; `discard` leaves nothing.

    Nothing is on disk before the first row or `close`. Columns that repeat in the first rows are written with a dictionary.
    """

    def __init__(self, path: Path, schema: pa.Schema):
        self.path, self.rows = path, 0
        self._schema = schema
        self._unfinished = path.with_name(path.name + UNFINISHED)
        self._writer: pq.ParquetWriter | None = None
        self._file: Any = None

    @property
    def unfinished(self) -> Path:
        """Where the file is until it is published; complete after `close`."""
        return self._unfinished

    def write(self, table: pa.Table) -> None:
        if table.num_rows:
            self._open(table).write_table(table.cast(self._schema))
            self.rows += table.num_rows

    def close(self) -> Self:
        """Ends the file and puts it safely on disk, still under its unfinished name."""
        writer = self._open(pa.Table.from_batches([], self._schema))
        if not self._file.closed:
            writer.close()
            _sync_and_close(self._file)
        return self

    def publish(self) -> None:
        self.close()
        self._unfinished.replace(self.path)
        sync(self.path.parent)

    def discard(self) -> None:
        if self._writer and not self._file.closed:
            self._writer.close()
            self._file.close()
        self._unfinished.unlink(missing_ok=True)

    def _open(self, sample: pa.Table) -> pq.ParquetWriter:
        if self._writer is None:
            self._file = _create(self._unfinished)
            dictionary = [name for name in sample.column_names if _repeats(sample[name])]
            # Statistics would serve filters, and raw is always read whole.
            self._writer = pq.ParquetWriter(
                self._file,
                self._schema,
                compression="snappy",
                use_dictionary=dictionary,
                store_schema=False,
                write_statistics=False,
            )
        return self._writer


def _repeats(column: pa.ChunkedArray) -> bool:
    if pa.types.is_dictionary(column.type) or column.null_count == len(column):
        return True
    first = column.slice(0, _SAMPLE_ROWS)
    return pc.count_distinct(first).as_py() <= len(first) / 2


def publish_unfinished(path: Path) -> None:
    """Ends what `publish` of a complete file would have done, where a kill came before it."""
    unfinished = path.with_name(path.name + UNFINISHED)
    if unfinished.exists():
        unfinished.replace(path)
        sync(path.parent)


def write_text(path: Path, text: str) -> None:
    """Writes a small file atomically."""
    unfinished = path.with_name(path.name + UNFINISHED)
    file = _create(unfinished)
    file.write(text.encode())
    _sync_and_close(file)
    unfinished.replace(path)
    sync(path.parent)


def move(path: Path, target: Path) -> None:
    """Moves a file atomically, by copy where the two lie on different file systems. The target may exist."""
    target.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    try:
        path.replace(target)
    except OSError as error:
        if error.errno != errno.EXDEV:
            raise
        unfinished = target.with_name(target.name + UNFINISHED)
        with path.open("rb") as source:
            copy = _create(unfinished)
            shutil.copyfileobj(source, copy)
            _sync_and_close(copy)
        unfinished.replace(target)
        path.unlink()
    target.chmod(0o600)
    sync(target.parent)


def remove_unfinished(folder: Path) -> None:
    """Takes away what a killed run left behind."""
    for path in folder.glob("*" + UNFINISHED):
        path.unlink(missing_ok=True)


def _create(path: Path):  # type: ignore[no-untyped-def]
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    return os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600), "wb")


def _sync_and_close(file) -> None:  # type: ignore[no-untyped-def]
    file.flush()
    os.fsync(file.fileno())
    file.close()
