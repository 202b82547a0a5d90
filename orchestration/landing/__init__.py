"""The lander: bytes in; Parquet, quarantine and ledger out. Pure, no Dagster.

Callers need only what is exported here. A new input format goes to `readers/`, a rule of rows to `contract.py`, a way to read
a value to `casts.py`, a cap to `limits.py`.
"""

from orchestration.landing.again import reread_block
from orchestration.landing.batches import FileRefused
from orchestration.landing.casts import cast_macros
from orchestration.landing.erase import ErasedRows, erase_landed, find_landed
from orchestration.landing.export import NotAnExport, export_rows, take_mends
from orchestration.landing.lander import land_block, pending_files
from orchestration.landing.ledger import (
    BlockReport,
    FileReport,
    last_event_day,
    ledger_table,
    read_block_ledger,
    read_ledger,
)
from orchestration.landing.naming import ORDER, PERSON, RECORD, REFERENCE, Rows, normal, rows_by_place
from orchestration.landing.quarantine import discard, read_block_quarantine, read_quarantine
from orchestration.landing.suppression import (
    Name,
    Suppression,
    SuppressionUnusable,
    find_secret,
    keep_keys,
    key_of,
    load_suppression,
)
from orchestration.landing.tables import write_schema_files

__all__ = [
    "ORDER",
    "PERSON",
    "RECORD",
    "REFERENCE",
    "BlockReport",
    "ErasedRows",
    "FileRefused",
    "FileReport",
    "Name",
    "NotAnExport",
    "Rows",
    "Suppression",
    "SuppressionUnusable",
    "cast_macros",
    "discard",
    "erase_landed",
    "export_rows",
    "find_landed",
    "find_secret",
    "keep_keys",
    "key_of",
    "land_block",
    "last_event_day",
    "ledger_table",
    "load_suppression",
    "normal",
    "pending_files",
    "read_block_ledger",
    "read_block_quarantine",
    "read_ledger",
    "read_quarantine",
    "reread_block",
    "rows_by_place",
    "take_mends",
    "write_schema_files",
]
