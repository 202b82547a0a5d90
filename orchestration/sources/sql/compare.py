"""Compares what a database holds now with what was pulled before, in DuckDB over files: more rows than memory are no matter.

A row is a key (`k0`, `k1`, …) and a `version`: its cursor as text, or the hash of all it holds. Rows that are read whole lie
in a file of their own, as `c0`, `c1`, … and `version`. Names of the source never enter a statement.
"""

from collections.abc import Iterator
from pathlib import Path
from types import TracebackType

import duckdb
import pyarrow as pa

MEMORY = "512MB"
ROWS = 20_000
"""How many rows leave the comparison at a time."""


class Comparison:
    """One comparison. First `see` what is there now, then `against` what was pulled before; then ask."""

    def __init__(self, folder: Path, key: tuple[int, ...]):
        self._positions = key
        self._names = [f"k{index}" for index in range(len(key))]
        self._keys = ", ".join(self._names)
        self._connection = duckdb.connect(
            config={
                "memory_limit": MEMORY,
                "temp_directory": str(folder),
                "threads": 2,
                "preserve_insertion_order": False,
            }
        )

    def __enter__(self) -> "Comparison":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._connection.close()

    def see(self, keys: Path) -> None:
        self._view("seen", f"SELECT {self._keys}, version FROM {_file(keys)}")

    def see_rows(self, rows: Path) -> None:
        """The keys of rows that were read whole."""
        self._view("seen", f"SELECT {self._keys_of_rows}, version FROM {_file(rows)}")

    def against(self, known: Path | None, *, versions: bool) -> None:
        """Finds what changed and what is gone. `versions`: whether the known versions say anything about the rows."""
        empty = ", ".join(f"NULL::VARCHAR AS {name}" for name in (*self._names, "version"))
        self._view("known", f"SELECT * FROM {_file(known)}" if known else f"SELECT {empty} WHERE false")
        same = f"SELECT {self._keys}, version FROM known WHERE {str(versions).lower()}"
        self._table("changed", f"SELECT {self._keys}, version FROM seen EXCEPT {same}")
        self._table(
            "gone", f"SELECT {self._keys} FROM known WHERE {self._has_key} EXCEPT SELECT {self._keys} FROM seen"
        )

    @property
    def changed(self) -> int:
        return self._number("SELECT count(*) FROM changed")

    @property
    def gone(self) -> int:
        return self._number("SELECT count(*) FROM gone")

    @property
    def repeated_keys(self) -> int:
        """Keys that more than one row has. A key without any value identifies nothing, and is not counted."""
        return self._number(
            f"SELECT count(*) FROM (SELECT 1 FROM seen WHERE {self._has_key} GROUP BY {self._keys} HAVING count(*) > 1)"
        )

    @property
    def without_version(self) -> bool:
        """Whether a changed row has no cursor."""
        return bool(self._number("SELECT count(*) FROM changed WHERE version IS NULL"))

    def versions(self) -> Iterator[str]:
        """The cursors of changed rows."""
        self._connection.execute("SELECT DISTINCT version FROM changed WHERE version IS NOT NULL")
        while found := self._connection.fetchmany(ROWS):
            yield from (version for (version,) in found)

    def changed_rows(self, rows: Path, columns: int) -> Iterator[pa.RecordBatch]:
        """Of the rows that were read whole, those that changed."""
        names = ", ".join(f"r.c{index}" for index in range(columns))
        pairs = [(f"r.c{position}", f"h.{name}") for position, name in zip(self._positions, self._names, strict=True)]
        same = " AND ".join(
            f"{row} IS NOT DISTINCT FROM {change}" for row, change in [*pairs, ("r.version", "h.version")]
        )
        return self._batches(f"SELECT {names} FROM {_file(rows)} AS r SEMI JOIN changed AS h ON {same}")

    def gone_keys(self) -> Iterator[pa.RecordBatch]:
        return self._batches(f"SELECT {self._keys} FROM gone")

    def seen(self) -> Iterator[pa.RecordBatch]:
        return self._batches(f"SELECT {self._keys}, version FROM seen")

    @property
    def _keys_of_rows(self) -> str:
        return ", ".join(f"c{position} AS {name}" for position, name in zip(self._positions, self._names, strict=True))

    @property
    def _has_key(self) -> str:
        return f"coalesce({self._keys}) IS NOT NULL"

    def _batches(self, sql: str) -> Iterator[pa.RecordBatch]:
        yield from self._connection.execute(sql).fetch_record_batch(ROWS)

    def _number(self, sql: str) -> int:
        row = self._connection.execute(sql).fetchone()
        return int(row[0]) if row else 0

    def _view(self, name: str, sql: str) -> None:
        self._connection.execute(f"CREATE VIEW {name} AS {sql}")

    def _table(self, name: str, sql: str) -> None:
        self._connection.execute(f"CREATE TABLE {name} AS {sql}")


def _file(path: Path) -> str:
    return "read_parquet('" + str(path).replace("'", "''") + "')"
