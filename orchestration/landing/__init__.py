"""The lander: bytes in; Parquet, quarantine and ledger out. Pure, no Dagster.

Callers need only what is exported here. A new input format goes to `readers/`, a rule of rows to `contract.py`, a way to read
a value to `casts.py`, a cap to `limits.py`.
"""

from orchestration.landing.casts import cast_macros
from orchestration.landing.lander import land_block, pending_files
from orchestration.landing.ledger import (
    BlockReport,
    FileReport,
    last_event_day,
    ledger_table,
    read_block_ledger,
    read_ledger,
)
from orchestration.landing.quarantine import read_quarantine
from orchestration.landing.tables import write_schema_files

__all__ = [
    "BlockReport",
    "FileReport",
    "cast_macros",
    "land_block",
    "last_event_day",
    "ledger_table",
    "pending_files",
    "read_block_ledger",
    "read_ledger",
    "read_quarantine",
    "write_schema_files",
]
