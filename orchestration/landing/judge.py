"""Judges batches in an in-memory DuckDB: the row contract, record keys and hashes, duplicates against what is loaded.

Set-based; it holds the latest version of each record of the block, and spills it when it outgrows its memory. Reading and writing
of files is the lander's; the rules are `contract.py`.
"""

import threading
from collections.abc import Collection
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from types import TracebackType
from typing import Any

import duckdb
import pyarrow as pa
import pyarrow.compute as pc

from orchestration.landing import limits
from orchestration.landing.batches import Batch, Fault
from orchestration.landing.casts import cast_macros
from orchestration.landing.contract import REASONS, Clock, Received, given_columns, judged_sql
from orchestration.settings.home import Home
from orchestration.settings.sources import DELETED_AT, BlockRef

_ROWS_OF_FILE = "SELECT _row_number AS n, hash(_record_key) AS k, _record_hash AS h FROM read_parquet(?)"


@dataclass
class Judged:
    """What became of one batch: `good` rows in the shape of raw, the others as `faults`.

    `fault_keys`: the hashes of the keys of `faults`, null where there is none.
    """

    rows: int
    good: pa.Table | None
    faults: list[Fault]
    fault_keys: list[int | None]
    warnings: dict[str, int] = field(default_factory=dict)
    last_event: datetime | None = None


class Judge:
    """One in-memory database for one block. It reads only arrow tables and this home's raw files (R15)."""

    def __init__(self, home: Home, ref: BlockRef, now: datetime):
        self._ref, self._clock = ref, Clock(ref.timezone, now)
        self.keyed = bool(ref.settings.key)
        settings: dict[str, Any] = {
            "threads": 1,
            "memory_limit": limits.JUDGE_MEMORY,
            "temp_directory": str(home.temporary),
        }
        self._connection = duckdb.connect(config=settings)
        self._of_thread = threading.local()
        self._accepted: Path | None = None
        for statement in cast_macros([ref]):
            self._connection.execute(statement)
        self._connection.execute(f"SET allowed_directories = [{_quoted(home.raw)}]")
        self._connection.execute("SET enable_external_access = false; SET preserve_insertion_order = false")
        self._connection.execute("CREATE TABLE latest (k UBIGINT, h BIGINT)")

    def __enter__(self) -> "Judge":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._connection.close()

    def remember(self, raw_files: list[Path]) -> None:
        """Takes in the latest loaded version of each record from the block's raw files; needed for blocks with a key only."""
        self._connection.execute("DELETE FROM latest")
        if self.keyed and raw_files:
            self._connection.execute(
                """INSERT INTO latest
                SELECT hash(_record_key), arg_max(_record_hash, (_loaded_at, _row_number))
                FROM read_parquet(?) GROUP BY _record_key""",
                [[str(path) for path in raw_files]],
            )

    def judge(self, batch: Batch) -> Judged:
        """The rows of a batch that keep the contract, and the others as faults. Several threads may call it at a time."""
        if not batch.rows:
            return Judged(len(batch.faults), None, batch.faults, [None] * len(batch.faults))
        received, relation = _relation(batch, self._ref)
        sql, parameters = judged_sql(self._ref, received, self._clock)
        told = self._tell(sql, parameters, relation)
        columns, row_numbers, faults = self._canonical(batch, received), batch.row_numbers, batch.faults
        keys: list[int | None] = [None] * len(faults)
        if told["_fault"].null_count < batch.rows:
            broken = pc.is_valid(told["_fault"])
            faults = faults + self._faults(batch, told["_fault"])
            keys += told["_fault_key"].filter(broken).to_pylist()
            kept = pc.invert(broken)
            columns, row_numbers, told = columns.filter(kept), row_numbers.filter(kept), told.filter(kept)
        return Judged(
            batch.rows + len(batch.faults),
            self._raw(columns, row_numbers, told),
            faults,
            keys,
            {name[9:]: pc.sum(told[name]).as_py() or 0 for name in told.column_names if name.startswith("_warning_")},
            pc.max(told["_event"]).as_py() if "_event" in told.column_names else None,
        )

    def _tell(self, sql: str, parameters: list[str], relation: pa.Table) -> pa.Table:
        if not hasattr(self._of_thread, "cursor"):
            self._of_thread.cursor = self._connection.cursor()
        cursor = self._of_thread.cursor
        cursor.register("received", relation)
        try:
            return cursor.execute(sql, parameters).to_arrow_table()
        finally:
            cursor.unregister("received")

    def _canonical(self, batch: Batch, received: Received) -> pa.Table:
        """The canonical columns as received; those the file does not bring are null."""
        constants, mapping = self._ref.settings.constants, self._ref.settings.columns
        given = {column.name for column in given_columns(self._ref, received)}
        arrays = {}
        for name in self._ref.entity.column_names:
            if name in constants:
                arrays[name] = pa.repeat(pa.scalar(constants[name]), batch.rows)
            else:
                arrays[name] = batch.columns[mapping[name]] if name in given else pa.nulls(batch.rows, pa.string())
        return pa.table(arrays)

    def _faults(self, batch: Batch, found: pa.ChunkedArray) -> list[Fault]:
        """The rows that break the contract; `column` is the source's own name, since that is what is to be mended."""
        block, faults = self._ref.settings, []
        for index in pc.indices_nonzero(pc.is_valid(found)).to_pylist():
            rule, name = found[index].as_py().split(":")
            column = block.columns.get(name, ", ".join(block.key) if name == "key" else name)
            line, offset, raw = batch.place(index)
            number = batch.row_numbers[index].as_py()
            faults.append(Fault(number, line, offset, column, rule, REASONS[rule], raw))
        return faults

    def _raw(self, columns: pa.Table, row_numbers: pa.Array, told: pa.Table) -> pa.Table:
        """The good rows with all that raw says of a row; what is the same for a whole load is the writer's to add."""
        rows = len(row_numbers)
        given = set(told.column_names)
        technical = {
            "_extra": told["_extra"] if "_extra" in given else pa.repeat(pa.scalar("{}"), rows),
            "_row_number": row_numbers,
            "_record_key": told["_record_key"] if self.keyed else pa.nulls(rows, pa.string()),
            "_record_hash": told["_record_hash"],
            "_tombstone_at": told["_tombstone_at"] if "_tombstone_at" in given else pa.nulls(rows, pa.timestamp("us")),
        }
        return pa.table({**{name: columns[name] for name in columns.column_names}, **technical})

    def duplicates(self, raw_file: Path) -> pa.Array:
        """Row numbers of a file's rows equal to an earlier row of it, or to the latest loaded version of their record.

        A false duplicate would need 127 equal bits.
        """
        if not self.keyed:
            return pa.array([], pa.int64())
        self._accept_now()
        path = [str(raw_file)]
        self._connection.execute(
            f"""CREATE OR REPLACE TEMP TABLE repeated AS
            SELECT hash(k, h) AS kh FROM ({_ROWS_OF_FILE}) GROUP BY kh HAVING count(*) > 1""",
            path,
        )
        ways = {
            "latest": f"SELECT n FROM ({_ROWS_OF_FILE}) SEMI JOIN latest USING (k, h)",
            "repeated": f"""SELECT n FROM (SELECT n, min(n) OVER (PARTITION BY k, h) AS first FROM ({_ROWS_OF_FILE})
                SEMI JOIN repeated ON hash(k, h) = kh) WHERE n > first""",
        }
        found = [
            _column(self._connection.execute(sql, path), "n") for table, sql in ways.items() if self._has_rows(table)
        ]
        return pc.unique(pa.concat_arrays(found)) if found else pa.array([], pa.int64())

    def _has_rows(self, table: str) -> bool:
        return bool(self._connection.execute(f"SELECT 1 FROM {table} LIMIT 1").fetchone())

    def remember_later(self, raw_files: list[Path]) -> None:
        """Takes in which records these files brought: those that landed after the file that is read again."""
        self._connection.execute("CREATE OR REPLACE TABLE later (k UBIGINT)")
        if self.keyed and raw_files:
            paths = [[str(path) for path in raw_files]]
            self._connection.execute("INSERT INTO later SELECT DISTINCT hash(_record_key) FROM read_parquet(?)", paths)

    def rows_later(self, raw_file: Path, row_numbers: pa.ChunkedArray) -> pa.Array:
        """Of these rows of a file the numbers of those whose record a later file brought."""
        self._connection.register("asked", pa.table({"n": row_numbers}))
        found = self._connection.execute(
            f"SELECT n FROM ({_ROWS_OF_FILE}) SEMI JOIN asked USING (n) SEMI JOIN later USING (k)", [str(raw_file)]
        )
        return _column(found, "n")

    def keys_later(self, refused: pa.Table) -> pa.ChunkedArray:
        """For each refused row whether a later file brought its record."""
        self._connection.register("refused", refused.select(["row_number", "key_hash"]))
        found = self._connection.execute("SELECT row_number FROM refused SEMI JOIN later ON key_hash = k")
        return pc.is_in(refused["row_number"], value_set=_column(found, "row_number"))

    def accept(self, raw_file: Path) -> None:
        """A file is landed: for the next one its rows are the latest versions of their records."""
        self._accepted = raw_file

    def _accept_now(self) -> None:
        raw_file, self._accepted = self._accepted, None
        if raw_file is None:
            return
        self._connection.execute(
            f"CREATE OR REPLACE TEMP TABLE landed AS SELECT k, arg_max(h, n) AS h FROM ({_ROWS_OF_FILE}) GROUP BY k",
            [str(raw_file)],
        )
        self._connection.execute("DELETE FROM latest WHERE k IN (SELECT k FROM landed)")
        self._connection.execute("INSERT INTO latest SELECT k, h FROM landed")


def _column(found: duckdb.DuckDBPyConnection, name: str) -> pa.Array:
    column = found.to_arrow_table()[name].combine_chunks()
    return column if isinstance(column, pa.Array) else pa.concat_arrays(column.chunks)


def _relation(batch: Batch, ref: BlockRef) -> tuple[Received, pa.Table]:
    """The batch under column names of ours, since those of the file are not to be trusted in a statement."""
    expected = {*ref.settings.columns.values(), *ref.settings.key}
    marked: Collection[str] = {DELETED_AT} if ref.settings.reader.kind != "files" else ()
    wanted = {name: f"w{index}" for index, name in enumerate(batch.columns) if name in expected}
    others = {name: f"x{index}" for index, name in enumerate(batch.columns) if name not in {*expected, *marked}}
    deleted = {name: "deleted" for name in batch.columns if name in marked}
    arrays = {
        "_row_number": batch.row_numbers,
        **{short: batch.columns[name] for name, short in (wanted | others | deleted).items()},
        **({"extra": batch.extra} if batch.extra is not None else {}),
    }
    return Received(wanted, others, batch.extra is not None, "deleted" if deleted else None), pa.table(arrays)


def _quoted(path: Path) -> str:
    return "'" + str(path).replace("'", "''") + "'"
