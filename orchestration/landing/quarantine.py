"""Reading the quarantine: every refused row with its place and reason. Writing it belongs to the landing of a file."""

import pyarrow as pa
import pyarrow.parquet as pq

from orchestration.landing.tables import QUARANTINE_SCHEMA
from orchestration.settings.home import Home


def read_quarantine(home: Home, *, with_bytes: bool = False) -> pa.Table:
    """All refused rows, files in name order. Grain: refused row. Raw bytes only on demand: they hold personal data."""
    columns = [name for name in QUARANTINE_SCHEMA.names if with_bytes or name != "raw_bytes"]
    empty = pa.schema([QUARANTINE_SCHEMA.field(name) for name in columns]).empty_table()
    files = sorted(home.quarantine.glob("*/*/*.parquet"))
    return pa.concat_tables([empty, *(pq.read_table(path, columns=columns) for path in files)])
