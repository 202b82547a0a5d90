"""Judges batches in an in-memory DuckDB: the row contract, record keys and hashes, duplicates against what is loaded.

Set-based; it holds one file's record hashes and the latest version of each record of the block. Reading and writing of files is
the lander's; the rules are `contract.py`.
"""

from collections import Counter
from datetime import datetime
from pathlib import Path
from types import TracebackType

import duckdb
import pyarrow as pa
import pyarrow.compute as pc

from orchestration.landing.batches import Batch, Fault
from orchestration.landing.casts import cast_macros
from orchestration.landing.contract import REASONS, Clock, Received, given_columns, judged_sql
from orchestration.settings.home import Home
from orchestration.settings.sources import BlockRef, SourcesFile

_MEMORY = "1GB"
_WARNINGS = [rule for rule in REASONS if rule != "required"]


class Judge:
    """One connection for one block. It reads only arrow tables and this home's raw files (R15)."""

    def __init__(self, home: Home, sources_file: SourcesFile, ref: BlockRef, now: datetime):
        self._ref, self._clock = ref, Clock(ref.timezone, now)
        self._keyed = bool(ref.settings.key)
        self._connection = duckdb.connect(config={"memory_limit": _MEMORY, "temp_directory": str(home.temporary)})
        for statement in cast_macros(sources_file):
            self._connection.execute(statement)
        self._connection.execute(f"SET allowed_directories = [{_quoted(home.raw)}]")
        self._connection.execute("SET enable_external_access = false")
        self._connection.execute("CREATE TABLE latest (k UBIGINT, h UBIGINT)")

    def __enter__(self) -> "Judge":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._connection.close()

    def remember(self, raw_files: list[Path]) -> None:
        """Takes in the latest loaded version of each record from the block's raw files; needed for blocks with a key only."""
        if self._keyed and raw_files:
            self._connection.execute(
                """INSERT INTO latest
                SELECT hash(_record_key), hash(arg_max(_record_hash, (_loaded_at, _row_number)))
                FROM read_parquet(?) GROUP BY _record_key""",
                [[str(path) for path in raw_files]],
            )

    def open_file(self, sha256: str, load_id: str, loaded_at: datetime) -> "JudgedFile":
        """Begins a file; the one before it must be ended."""
        self._connection.execute("CREATE OR REPLACE TABLE rows_of_file (n BIGINT, k UBIGINT, h UBIGINT)")
        return JudgedFile(self._connection, self._ref, self._clock, (sha256, load_id, loaded_at))


class JudgedFile:
    """The state of one file: counts of warnings, the latest event, and the hashes of its rows."""

    def __init__(
        self, connection: duckdb.DuckDBPyConnection, ref: BlockRef, clock: Clock, stamp: tuple[str, str, datetime]
    ):
        self._connection, self._ref, self._clock = connection, ref, clock
        self._sha256, self._load_id, self._loaded_at = stamp
        self._keyed = bool(ref.settings.key)
        self.warnings: Counter[str] = Counter()
        self.last_event: datetime | None = None

    def judge(self, batch: Batch) -> tuple[pa.Table, list[Fault]]:
        """The rows of a batch that keep the contract, in the shape of raw, and the others as faults."""
        received, relation = _relation(batch, self._ref)
        sql, parameters = judged_sql(self._ref, received, self._clock, self._sha256)
        self._connection.register("received", relation)
        try:
            judged = self._connection.execute(sql, parameters).to_arrow_table()
        finally:
            self._connection.unregister("received")
        columns, row_numbers, faults = self._canonical(batch, received), batch.row_numbers, []
        if judged["_fault"].null_count < batch.rows:
            faults = self._faults(batch, judged["_fault"])
            kept = pc.is_null(judged["_fault"])
            columns, row_numbers, judged = columns.filter(kept), row_numbers.filter(kept), judged.filter(kept)
        self._count(judged)
        if self._keyed:
            self._note(row_numbers, judged)
        return self._raw(columns, row_numbers, judged), faults

    def duplicates(self) -> list[int]:
        """Row numbers of rows equal to an earlier row of the file, or to the latest loaded version of their record."""
        found = self._connection.execute(
            """SELECT n FROM rows_of_file SEMI JOIN latest USING (k, h)
            UNION
            SELECT n FROM (SELECT n, min(n) OVER (PARTITION BY k, h) AS first FROM rows_of_file SEMI JOIN (
                SELECT k, h FROM rows_of_file GROUP BY k, h HAVING count(*) > 1) USING (k, h)) WHERE n > first
            ORDER BY n"""
        ).fetchall()
        return [row[0] for row in found]

    def accept(self, duplicates: list[int]) -> None:
        """The file is landed: its rows are now the latest versions of their records."""
        self._connection.register("left_out", pa.table({"n": pa.array(duplicates, pa.int64())}))
        self._connection.execute(
            """CREATE OR REPLACE TEMP TABLE landed AS
            SELECT k, arg_max(h, n) AS h FROM rows_of_file ANTI JOIN left_out USING (n) GROUP BY k"""
        )
        self._connection.unregister("left_out")
        self._connection.execute("DELETE FROM latest WHERE k IN (SELECT k FROM landed)")
        self._connection.execute("INSERT INTO latest SELECT k, h FROM landed")

    def _canonical(self, batch: Batch, received: Received) -> pa.Table:
        """The canonical columns as received; those the file does not bring are null."""
        constants, mapping = self._ref.settings.constants, self._ref.settings.columns
        given = {column.name for column in given_columns(self._ref, received)}
        arrays = {}
        for name in self._ref.entity.column_names:
            if name in constants:
                arrays[name] = _repeated(constants[name], batch.rows).dictionary_decode()
            else:
                arrays[name] = batch.columns[mapping[name]] if name in given else pa.nulls(batch.rows, pa.string())
        return pa.table(arrays)

    def _count(self, judged: pa.Table) -> None:
        for rule in _WARNINGS:
            count = pc.sum(judged[f"_warning_{rule}"]).as_py() or 0
            if count:
                self.warnings[rule] += count
        self.last_event = max(filter(None, (self.last_event, pc.max(judged["_event"]).as_py())), default=None)

    def _note(self, row_numbers: pa.Array, judged: pa.Table) -> None:
        """A false duplicate would need 128 equal bits, so two hashes of 64 stand for the two sha256."""
        columns = {"n": row_numbers, "k": judged["_record_key"], "h": judged["_record_hash"]}
        self._connection.register("good", pa.table(columns))
        self._connection.execute("INSERT INTO rows_of_file SELECT n, hash(k), hash(h) FROM good")
        self._connection.unregister("good")

    def _faults(self, batch: Batch, found: pa.ChunkedArray) -> list[Fault]:
        """The rows that break the contract; `column` is the source's own name, since that is what is to be mended."""
        block, faults = self._ref.settings, []
        for index in pc.indices_nonzero(pc.is_valid(found)).to_pylist():
            rule, name = found[index].as_py().split(":")
            column = block.columns.get(name, ", ".join(block.key) if name == "key" else name)
            line, offset, raw = batch.place(index)
            faults.append(Fault(batch.row_numbers[index].as_py(), line, offset, column, rule, REASONS[rule], raw))
        return faults

    def _raw(self, columns: pa.Table, row_numbers: pa.Array, judged: pa.Table) -> pa.Table:
        rows = len(row_numbers)
        loaded_at = pa.scalar(self._loaded_at.replace(tzinfo=None), pa.timestamp("us"))
        technical = {
            "_extra": judged["_extra"],
            "_source": _repeated(self._ref.source, rows),
            "_entity": _repeated(self._ref.block, rows),
            "_file_sha256": _repeated(self._sha256, rows),
            "_row_number": row_numbers,
            "_load_id": _repeated(self._load_id, rows),
            "_loaded_at": pa.repeat(loaded_at, rows),
            "_record_key": judged["_record_key"],
            "_record_hash": judged["_record_hash"],
        }
        return pa.table({**{name: columns[name] for name in columns.column_names}, **technical})


def _repeated(text: str, rows: int) -> pa.DictionaryArray:
    """One text for all rows, held once."""
    return pa.DictionaryArray.from_arrays(pa.repeat(pa.scalar(0, pa.int32()), rows), pa.array([text]))


def _relation(batch: Batch, ref: BlockRef) -> tuple[Received, pa.Table]:
    """The batch under column names of ours, since those of the file are not to be trusted in a statement."""
    expected = {*ref.settings.columns.values(), *ref.settings.key}
    wanted = {name: f"w{index}" for index, name in enumerate(batch.columns) if name in expected}
    others = {name: f"x{index}" for index, name in enumerate(batch.columns) if name not in expected}
    arrays = {
        "_row_number": batch.row_numbers,
        **{short: batch.columns[name] for name, short in (wanted | others).items()},
        **({"extra": batch.extra} if batch.extra is not None else {}),
    }
    nullable = frozenset(name for name in wanted if batch.columns[name].null_count)
    return Received(wanted, others, nullable, batch.extra is not None), pa.table(arrays)


def _quoted(path: Path) -> str:
    return "'" + str(path).replace("'", "''") + "'"
