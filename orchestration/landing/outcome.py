"""What becomes of the rows of one file: the raw and the quarantine Parquet in the making, and the count that must add up.

Rows are given in as they are judged; nothing is visible before `publish`. Deciding about a row is not done here.
"""

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from orchestration.landing import limits
from orchestration.landing.batches import Fault, FileRefused
from orchestration.landing.tables import QUARANTINE_SCHEMA, quarantine_path, quarantine_table, raw_path, raw_schema
from orchestration.landing.writing import ParquetTarget
from orchestration.settings.home import Home
from orchestration.settings.sources import BlockRef


class NotConserved(Exception):
    """Rows were lost or doubled by the lander itself; the file is left where it is. Holds counts only."""


class Outcome:
    """Raw and quarantine of one file. Counts: rows_read, rows_loaded, rows_quarantined, rows_duplicate."""

    def __init__(self, home: Home, ref: BlockRef, name: str, sha256: str, load_id: str):
        self._ref, self._name, self._sha256, self._load_id = ref, name, sha256, load_id
        self._schema = raw_schema(ref.entity)
        self._quarantine_path = quarantine_path(home, ref, sha256)
        self._raw = ParquetTarget(raw_path(home, ref, sha256), self._schema)
        self._quarantine: ParquetTarget | None = None
        self.rows_read = self.rows_loaded = self.rows_quarantined = self.rows_duplicate = 0
        self._undecodable = 0

    def add(self, rows_read: int, good: pa.Table | None, faults: list[Fault]) -> None:
        """Takes in one batch: how many rows it had, those to load, those to set aside."""
        self.rows_read += rows_read
        if good is not None:
            self._raw.write(good)
        if faults:
            self._undecodable += sum(fault.rule == "encoding" for fault in faults)
            self._quarantine = self._quarantine or ParquetTarget(self._quarantine_path, QUARANTINE_SCHEMA)
            self._quarantine.write(quarantine_table(self._ref, self._name, self._sha256, self._load_id, faults))

    def check_encoding(self, encoding: str) -> None:
        """Raises FileRefused when so many rows do not decode that the declared encoding must be wrong."""
        if self._undecodable > limits.LARGEST_UNDECODABLE_SHARE * self.rows_read:
            raise FileRefused("encoding", f"{self._undecodable} of {self.rows_read} rows are not {encoding}")

    def publish(self, duplicates: list[int]) -> None:
        """Makes both files visible, without the rows of these numbers. Raises NotConserved when the rows do not add up."""
        if duplicates:
            self._leave_out(duplicates)
        self.rows_duplicate = len(duplicates)
        self.rows_loaded = pq.read_metadata(self._raw.close().unfinished).num_rows
        self.rows_quarantined = self._quarantine.rows if self._quarantine else 0
        if self.rows_read != self.rows_loaded + self.rows_quarantined + self.rows_duplicate:
            raise NotConserved(
                f"{self.rows_read} read, {self.rows_loaded} + {self.rows_quarantined} + {self.rows_duplicate}"
            )
        if self._quarantine:
            self._quarantine.publish()
        else:
            self._quarantine_path.unlink(missing_ok=True)  # of an earlier landing that was cut short
        self._raw.publish()

    def discard(self) -> None:
        """Leaves nothing behind that was not published."""
        self._raw.discard()
        if self._quarantine:
            self._quarantine.discard()

    def _leave_out(self, duplicates: list[int]) -> None:
        whole = self._raw.close()
        numbers = pa.array(duplicates, pa.int64())
        kept = ParquetTarget(whole.path.with_name(whole.path.name + ".kept"), self._schema)
        try:
            for batch in pq.ParquetFile(whole.unfinished).iter_batches(batch_size=limits.BATCH_ROWS):
                table = pa.Table.from_batches([batch])
                kept.write(table.filter(pc.invert(pc.is_in(table["_row_number"], value_set=numbers))))
            kept.close().unfinished.replace(whole.unfinished)
        finally:
            kept.discard()
