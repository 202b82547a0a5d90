"""What becomes of the rows of one file: the raw and the quarantine Parquet in the making, and the count that must add up.

Rows are given in as they are judged; nothing is visible before `publish`. Deciding about a row is not done here.
"""

from datetime import datetime
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from orchestration.landing import limits
from orchestration.landing.batches import FileRefused
from orchestration.landing.judge import Judged
from orchestration.landing.tables import QUARANTINE_SCHEMA, quarantine_path, raw_path, raw_schema
from orchestration.landing.writing import ParquetTarget
from orchestration.settings.home import Home
from orchestration.settings.sources import BlockRef


class NotConserved(Exception):
    """Rows were lost or doubled by the lander itself; the file is left where it is. Holds counts only."""


class Stamps:
    """Which load a row belongs to. A file that lands has one; one that is read again keeps those its rows have.

    `kept`: the raw rows that are there, recognised by their column `by`.
    """

    def __init__(self, load_id: str, loaded_at: datetime, kept: pa.Table | None = None, by: str = "_row_number"):
        self._load_id, self._kept, self._by = load_id, kept, by
        self._loaded_at = pa.scalar(loaded_at.replace(tzinfo=None), pa.timestamp("us"))

    def of(self, good: pa.Table) -> dict[str, pa.Array]:
        """`_load_id` and `_loaded_at` of these rows."""
        rows = good.num_rows
        columns = {"_load_id": repeated(self._load_id, rows), "_loaded_at": pa.repeat(self._loaded_at, rows)}
        if self._kept is None:
            return columns
        at = pc.index_in(good[self._by], value_set=self._kept[self._by])
        return {
            "_load_id": pc.coalesce(self._kept["_load_id"].take(at), self._load_id),
            "_loaded_at": pc.coalesce(self._kept["_loaded_at"].take(at), self._loaded_at),
        }


class Outcome:
    """Raw and quarantine of one file. Counts: rows_read, rows_loaded, rows_quarantined, rows_duplicate, rows_erased."""

    def __init__(self, home: Home, ref: BlockRef, sha256: str, stamps: Stamps):
        self._ref, self._sha256, self._stamps = ref, sha256, stamps
        self._schema = raw_schema(ref.entity)
        self._raw = ParquetTarget(raw_path(home, ref, sha256), self._schema)
        self._quarantine = ParquetTarget(quarantine_path(home, ref, sha256), QUARANTINE_SCHEMA)
        self.rows_read = self.rows_loaded = self.rows_quarantined = self.rows_duplicate = self.rows_erased = 0
        self._undecodable, self._complete = 0, False

    def add(self, judged: Judged) -> None:
        """Takes in the good rows of one batch, and counts all of it."""
        self.rows_read += judged.rows
        self._undecodable += sum(fault.rule == "encoding" for fault in judged.faults)
        if judged.good is not None and judged.good.num_rows:
            self._raw.write(self._stamped(judged.good))

    def erase(self, rows: int) -> None:
        """Counts rows of erased persons, which are in neither file."""
        self.rows_read += rows
        self.rows_erased += rows

    def quarantine(self, rows: pa.Table, states: tuple[str, ...]) -> None:
        """Takes in rows for quarantine; those in one of `states` count as quarantined."""
        self._quarantine.write(rows)
        self.rows_quarantined += pc.sum(pc.is_in(rows["state"], value_set=pa.array(states))).as_py() or 0

    def check_encoding(self, encoding: str) -> None:
        """Raises FileRefused when so many rows do not decode that the declared encoding must be wrong."""
        if self._undecodable > limits.LARGEST_UNDECODABLE_SHARE * self.rows_read:
            raise FileRefused("encoding", f"{self._undecodable} of {self.rows_read} rows are not {encoding}")

    def end_raw(self) -> Path:
        """Ends the file of good rows; where it is, still unseen. What reading it took of memory goes back for what comes next."""
        ended = self._raw.close().unfinished
        pa.default_memory_pool().release_unused()
        return ended

    def close(self, left_out: pa.Array, rows_duplicate: int) -> None:
        """Puts both files safely on disk, still unseen, without the rows of these numbers.

        Raises NotConserved when the rows do not add up.
        """
        if len(left_out):
            self._leave_out(left_out)
        self.rows_duplicate = rows_duplicate
        self.rows_loaded = pq.read_metadata(self._raw.close().unfinished).num_rows
        accounts = (self.rows_loaded, self.rows_quarantined, self.rows_duplicate, self.rows_erased)
        if self.rows_read != sum(accounts):
            raise NotConserved(f"{self.rows_read} read, {' + '.join(map(str, accounts))}")
        if self._quarantine.rows:
            self._quarantine.close()
        else:
            self._quarantine.discard()
        self._complete = True

    def publish(self) -> None:
        """Makes both files visible."""
        if self._quarantine.rows:
            self._quarantine.publish()
        self._raw.publish()

    def discard(self) -> None:
        """Leaves nothing behind of what was not completed. What was is the next landing's to publish or to take away."""
        if not self._complete:
            self._raw.discard()
            self._quarantine.discard()

    def _stamped(self, good: pa.Table) -> pa.Table:
        constant = {"_source": self._ref.source, "_entity": self._ref.block, "_file_sha256": self._sha256}
        columns = {name: repeated(text, good.num_rows) for name, text in constant.items()}
        columns |= self._stamps.of(good)
        columns |= {name: good[name] for name in good.column_names}
        if not self._ref.settings.key:  # every row is its own record
            columns["_record_key"] = pc.binary_join_element_wise(
                self._sha256, good["_row_number"].cast(pa.string()), "/"
            )
        return pa.table({name: columns[name] for name in self._schema.names})

    def _leave_out(self, numbers: pa.Array) -> None:
        whole = self._raw.close()
        kept = ParquetTarget(whole.path.with_name(whole.path.name + ".kept"), self._schema)
        try:
            for batch in pq.ParquetFile(whole.unfinished).iter_batches(batch_size=limits.BATCH_ROWS):
                table = pa.Table.from_batches([batch])
                kept.write(table.filter(pc.invert(pc.is_in(table["_row_number"], value_set=numbers))))
            kept.close().unfinished.replace(whole.unfinished)
        finally:
            kept.discard()


def repeated(text: str, rows: int) -> pa.DictionaryArray:
    """One text for all rows, held once."""
    return pa.DictionaryArray.from_arrays(pa.repeat(pa.scalar(0, pa.int8()), rows), pa.array([text]))
