"""The shapes of what the lander writes: raw Parquet of a canonical entity, quarantine Parquet.

Readers of raw and quarantine rely on these columns. No row is judged here.
"""

import hashlib
from collections.abc import Sequence
from pathlib import Path
from typing import Protocol

import pyarrow as pa
import pyarrow.parquet as pq

from orchestration.landing.batches import Fault
from orchestration.landing.writing import ParquetTarget
from orchestration.settings.entities import ENTITIES, Entity
from orchestration.settings.home import Home
from orchestration.settings.sources import BlockRef

_REPEATED = pa.dictionary(pa.int8(), pa.string())  # in the Parquet file it is plain text, held once
TECHNICAL = (
    ("_extra", pa.string()),
    ("_source", _REPEATED),
    ("_entity", _REPEATED),
    ("_file_sha256", _REPEATED),
    ("_row_number", pa.int64()),
    ("_load_id", _REPEATED),
    ("_loaded_at", pa.timestamp("us")),
    ("_record_key", pa.string()),
    ("_record_hash", pa.int64()),
    ("_tombstone_at", pa.timestamp("us")),
)
"""`_record_key`: the key's values as text, or file and row where the block has no key. `_tombstone_at`: set on rows that say
their record is gone from its source, and nothing else; null on all others."""

QUARANTINE_SCHEMA = pa.schema(
    [
        *((name, pa.string()) for name in ("quarantine_id", "source", "entity", "file", "sha256")),
        ("line_number", pa.int64()),
        ("byte_offset", pa.int64()),
        *((name, pa.string()) for name in ("column", "rule", "reason", "state", "load_id")),
        ("raw_bytes", pa.binary()),
        ("row_number", pa.int64()),
        ("key_hash", pa.uint64()),
    ]
)
"""`key_hash`: of the record's key, where the row could be framed. Only `raw_bytes` holds values of the row."""

OPEN, REPLAYED, CORRECTED, DISCARDED, EXPIRED = "open", "replayed", "corrected", "discarded", "expired"
IN_QUARANTINE = (OPEN, DISCARDED, EXPIRED)
"""States of rows that count as quarantined. A replayed row is loaded; a corrected one came in anew in a later file."""


class Place(Protocol):
    """What says where the files of a block are: a BlockRef, or what is left of one that is no longer configured."""

    @property
    def source(self) -> str: ...

    @property
    def block(self) -> str: ...

    @property
    def canonical(self) -> str: ...


def raw_schema(entity: Entity) -> pa.Schema:
    """All canonical columns as text, then the technical ones. Grain: one version of one source record."""
    return pa.schema([*((name, pa.string()) for name in entity.column_names), *TECHNICAL])


def raw_path(home: Home, ref: Place, sha256: str) -> Path:
    return home.raw / ref.canonical / ref.source / ref.block / f"{sha256}.parquet"


def quarantine_path(home: Home, ref: Place, sha256: str) -> Path:
    return home.quarantine / ref.source / ref.block / f"{sha256}.parquet"


def write_schema_files(home: Home) -> None:
    """One empty `raw/<canonical>/_schema.parquet` an entity, so that readers of raw never meet an empty folder."""
    for entity in ENTITIES.values():
        path = home.raw / entity.name / "_schema.parquet"
        if not path.exists() or pq.read_schema(path).names != raw_schema(entity).names:
            ParquetTarget(path, raw_schema(entity)).publish()


def quarantine_table(
    ref: BlockRef, file: str, sha256: str, load_id: str, faults: list[Fault], keys: Sequence[int | None]
) -> pa.Table:
    """Refused rows as quarantine rows. Grain: one refused row of one file."""
    rows = [
        {
            "quarantine_id": quarantine_id(sha256, fault.row_number),
            "source": ref.source,
            "entity": ref.block,
            "file": file,
            "sha256": sha256,
            "line_number": fault.line_number,
            "byte_offset": fault.byte_offset,
            "column": fault.column,
            "rule": fault.rule,
            "reason": fault.reason,
            "state": OPEN,
            "load_id": load_id,
            "raw_bytes": fault.raw,
            "row_number": fault.row_number,
            "key_hash": key,
        }
        for fault, key in zip(faults, keys, strict=True)
    ]
    return pa.Table.from_pylist(rows, schema=QUARANTINE_SCHEMA)


def quarantine_id(sha256: str, row_number: int) -> str:
    """The id of a refused row: the same whenever and wherever the file is read."""
    return hashlib.sha256(f"{sha256}/{row_number}".encode()).hexdigest()
