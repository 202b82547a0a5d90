"""Reading and closing quarantined rows. Which rows get there, and which leave by being read again, is decided elsewhere."""

from collections.abc import Collection
from datetime import datetime
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from orchestration.landing.ledger import FileReport
from orchestration.landing.tables import DISCARDED, EXPIRED, OPEN, QUARANTINE_SCHEMA, Place, quarantine_path
from orchestration.landing.writing import UNFINISHED, ParquetTarget
from orchestration.settings.home import Home
from orchestration.settings.sources import BlockRef

RESTRICTED = ("raw_bytes", "row_number", "key_hash")


def read_quarantine(home: Home, *, with_bytes: bool = False) -> pa.Table:
    """All refused rows, files in name order. Grain: refused row. Raw bytes only on demand: they hold personal data."""
    columns = [name for name in QUARANTINE_SCHEMA.names if with_bytes or name not in RESTRICTED]
    empty = pa.schema([QUARANTINE_SCHEMA.field(name) for name in columns]).empty_table()
    files = sorted(home.quarantine.glob("*/*/*.parquet"))
    return pa.concat_tables([empty, *(pq.read_table(path, columns=columns) for path in files)])


def read_block_quarantine(home: Home, ref: BlockRef) -> pa.Table:
    """Rule, column, reason and state of every refused row of a block."""
    columns = ["rule", "column", "reason", "state"]
    empty = pa.schema([QUARANTINE_SCHEMA.field(name) for name in columns]).empty_table()
    files = sorted(quarantine_path(home, ref, "0").parent.glob("*.parquet"))
    return pa.concat_tables([empty, *(pq.read_table(path, columns=columns) for path in files)])


def read_file_quarantine(home: Home, ref: Place, sha256: str) -> pa.Table:
    """The refused rows of one file, with their bytes, in the order of the file."""
    path = quarantine_path(home, ref, sha256)
    return pq.read_table(path, schema=QUARANTINE_SCHEMA) if path.exists() else QUARANTINE_SCHEMA.empty_table()


def read_unfinished_quarantine(home: Home, ref: BlockRef, sha256: str) -> pa.Table:
    """The refused rows of a file that is about to land: complete, and not yet under their name."""
    path = quarantine_path(home, ref, sha256)
    path = path.with_name(path.name + UNFINISHED)
    return pq.read_table(path, schema=QUARANTINE_SCHEMA) if path.exists() else QUARANTINE_SCHEMA.empty_table()


def discard(home: Home, ids: Collection[str]) -> int:
    """Closes open rows that nobody will mend; they still count as quarantined. Returns how many there were."""
    closed = 0
    for path in sorted(home.quarantine.glob("*/*/*.parquet")):
        rows = pq.read_table(path, schema=QUARANTINE_SCHEMA)
        chosen = pc.and_(pc.is_in(rows["quarantine_id"], value_set=pa.array(list(ids))), pc.equal(rows["state"], OPEN))
        if pc.any(chosen).as_py():
            closed += pc.sum(chosen).as_py()
            _rewrite(path, _with(rows, "state", pc.if_else(chosen, DISCARDED, rows["state"])))
    return closed


def expire(home: Home, ref: BlockRef, ledger: list[FileReport], before: datetime) -> None:
    """Takes the bytes of rows that were refused before this instant; what is left says where and why."""
    old = [entry for entry in ledger if entry.rows_quarantined and datetime.fromisoformat(entry.loaded_at) < before]
    for entry in old:
        rows = read_file_quarantine(home, ref, entry.sha256)
        waiting = pc.equal(rows["state"], OPEN)
        if pc.any(waiting).as_py():
            bare = _with(rows, "raw_bytes", pa.nulls(rows.num_rows, pa.binary()))
            _rewrite(
                quarantine_path(home, ref, entry.sha256),
                _with(bare, "state", pc.if_else(waiting, EXPIRED, rows["state"])),
            )


def _rewrite(path: Path, rows: pa.Table) -> None:
    target = ParquetTarget(path, QUARANTINE_SCHEMA)
    target.write(rows)
    target.publish()


def _with(rows: pa.Table, name: str, values: pa.Array) -> pa.Table:
    return rows.set_column(rows.schema.get_field_index(name), name, values)
