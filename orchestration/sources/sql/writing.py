"""Writes Parquet files of text columns, table by table, for their owner only. What is in them is decided elsewhere."""

import os
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType

import pyarrow as pa
import pyarrow.parquet as pq

NOTE = b"strata"
"""The key of a file's note about itself, in its schema's metadata."""


class TextFile:
    """A file in the making. Leaving the block ends it and puts it safely on disk; after an error it is of no use."""

    def __init__(self, path: Path, names: Sequence[str], note: bytes | None = None):
        self._schema = pa.schema([(name, pa.string()) for name in names], metadata={NOTE: note} if note else None)
        self._file = os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600), "wb")
        self._writer = pq.ParquetWriter(self._file, self._schema, compression="zstd")
        self.rows = 0

    def __enter__(self) -> "TextFile":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            self._writer.close()
            self._file.flush()
            os.fsync(self._file.fileno())
        finally:
            self._file.close()

    def write(self, table: pa.Table | pa.RecordBatch) -> None:
        """Columns by position; those that the table lacks at the end are null."""
        missing = [pa.nulls(table.num_rows, pa.string())] * (len(self._schema) - table.num_columns)
        self._writer.write_table(pa.Table.from_arrays([*table.columns, *missing], schema=self._schema))
        self.rows += table.num_rows
