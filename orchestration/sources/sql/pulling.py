"""One pull from beginning to end: read in one snapshot, compare, write. How each of these is done lies beside it."""

import hashlib
from collections.abc import Iterator
from datetime import datetime

import pyarrow as pa
import sqlalchemy as sa

from orchestration.settings.home import Home
from orchestration.settings.readers import SqlReader
from orchestration.settings.sources import DELETED_AT, BlockRef
from orchestration.sources.report import PullError, PullReport
from orchestration.sources.sql import cursors, text
from orchestration.sources.sql.compare import Comparison
from orchestration.sources.sql.connection import snapshot
from orchestration.sources.sql.state import Mark, Place, file_name, moment_of
from orchestration.sources.sql.statements import Origin, origin
from orchestration.sources.sql.writing import TextFile


class Pull:
    """One attempt. It leaves a landing file and a new state, or nothing at all."""

    def __init__(self, home: Home, ref: BlockRef, reader: SqlReader, now: datetime):
        self._ref, self._reader, self._place = ref, reader, Place(home, ref)
        self._place.prepare()
        self._last = self._place.mark()
        self._moment = moment_of(now, self._last)
        self._keys, self._rows = self._place.work / "keys.parquet", self._place.work / "rows.parquet"

    def run(self) -> PullReport:
        try:
            if self._reader.cursor and self._reader.deletes == "ignore":
                return self._onward()
            return self._compared()
        finally:
            self._place.clear()

    def _onward(self) -> PullReport:
        """All rows from the highest cursor of the last pull on, less the overlap; ties are read again."""
        with snapshot(self._ref, self._reader) as connection:
            source = origin(connection, self._ref, self._reader)
            mark = self._mark(source)
            highest = connection.execute(source.highest()).scalar()
            mark = self._with_highest(mark, highest)
            with TextFile(self._place.part(mark), [*source.columns, DELETED_AT]) as target:
                for columns in text.pages(connection, source.rows(self._start(mark)), self._reader.page_rows):
                    target.write(text.text_table(source.columns, columns))
        if not target.rows:
            self._place.part(mark).unlink()
            return PullReport(0, 0, 0, None)
        self._keep(mark, iter(()))
        return PullReport(target.rows, target.rows, 0, mark.file)

    def _start(self, mark: Mark) -> object:
        last = self._last
        if not (last and last.reads_like(mark) and last.highest is not None and last.kind):
            return None
        return cursors.before(cursors.parsed(last.kind, last.highest), self._reader.overlap_seconds)

    def _with_highest(self, mark: Mark, highest: object) -> Mark:
        """The mark with the highest cursor; without any the one of the last pull holds on."""
        if highest is None:
            last = self._last if self._last and self._last.reads_like(mark) else mark
            return Mark(**{**vars(mark), "highest": last.highest, "kind": last.kind})
        kind = cursors.kind_of(highest)
        if kind not in cursors.KINDS:
            allowed = "numbers, days, times and texts"
            raise PullError(
                self._ref, f"reader.cursor has values of type {kind}; with deletes: ignore allowed: {allowed}"
            )
        return Mark(**{**vars(mark), "highest": text.as_text(highest), "kind": kind})

    def _compared(self) -> PullReport:
        """The rows that differ from those of the last pull, and the keys that are gone."""
        with snapshot(self._ref, self._reader) as connection:
            source = origin(connection, self._ref, self._reader)
            mark = self._mark(source)
            with Comparison(self._place.work, source.key) as comparison:
                rows_read = self._read(connection, source, mark, comparison)
                connection.rollback()  # the snapshot has served; the database need not keep it while files are written
                gone = comparison.gone if self._reader.deletes == "compare" else 0
                if not comparison.changed and not gone:
                    return PullReport(rows_read, 0, 0, None)
                changed = self._write(source, mark, comparison, gone)
                self._keep(mark, comparison.seen())
        return PullReport(rows_read, changed, gone, mark.file)

    def _read(self, connection: sa.Connection, source: Origin, mark: Mark, comparison: Comparison) -> int:
        """Brings into files all that the comparison needs. Returns how many rows the source has."""
        if source.cursor is None:
            rows_read = self._copy_rows(connection, source, source.rows())
            comparison.see_rows(self._rows)
            self._compare(mark, comparison)
            return rows_read
        rows_read, kinds = self._copy_keys(connection, source)
        comparison.see(self._keys)
        self._compare(mark, comparison)
        if comparison.changed:
            start = cursors.lowest(comparison.versions(), kinds) if comparison.changed < rows_read else None
            self._copy_rows(connection, source, source.rows(start, with_nulls=comparison.without_version))
        return rows_read

    def _compare(self, mark: Mark, comparison: Comparison) -> None:
        last = self._last if self._last and self._last.highest is None and self._last.key == mark.key else None
        comparison.against(self._place.state if last else None, versions=bool(last and last.reads_like(mark)))
        repeated = comparison.repeated_keys if self._reader.deletes == "compare" else 0
        if repeated:
            problem = f"{repeated} values of key stand in more than one row, so that changes and deletes cannot be told"
            raise PullError(self._ref, f"{problem}; name all columns that identify a row, or set deletes: ignore")

    def _copy_keys(self, connection: sa.Connection, source: Origin) -> tuple[int, set[str]]:
        """Key and cursor of every row to a file. Returns how many, and the types of the cursors."""
        kinds: set[str] = set()
        names = [*(f"k{index}" for index in range(len(source.key))), "version"]
        with TextFile(self._keys, names) as target:
            for columns in text.pages(connection, source.tracked(), self._reader.page_rows):
                kinds |= {cursors.kind_of(value) for value in columns[-1] if value is not None}
                target.write(text.text_table(names, columns))
        return target.rows, kinds

    def _copy_rows(self, connection: sa.Connection, source: Origin, statement: sa.Select) -> int:
        """Whole rows to a file, with what their versions are told by."""
        names = [f"c{index}" for index in range(len(source.columns))]
        with TextFile(self._rows, [*names, "version"]) as target:
            for columns in text.pages(connection, statement, self._reader.page_rows):
                table = text.text_table(names, columns)
                version = text.row_hashes(table) if source.cursor is None else table.column(source.cursor)
                target.write(table.append_column("version", version))
        return target.rows

    def _write(self, source: Origin, mark: Mark, comparison: Comparison, gone: int) -> int:
        """The landing file, whole but not yet by its own name: changed rows, then tombstones. Returns how many changed."""
        # Named inside too: a row that goes back to what it was makes a file like an earlier one, and equal bytes land once.
        with TextFile(self._place.part(mark), [*source.columns, DELETED_AT], mark.file.encode()) as target:
            if comparison.changed:
                for batch in comparison.changed_rows(self._rows, len(source.columns)):
                    target.write(batch)
            changed = target.rows
            for keys in comparison.gone_keys() if gone else ():
                target.write(self._tombstones(source, keys))
        if changed < comparison.changed:
            problem = "rows differed between two reads of one snapshot"
            raise PullError(
                self._ref, f"{problem}: a table without transactions (MyISAM), or a query with random parts"
            )
        return changed

    def _tombstones(self, source: Origin, keys: pa.RecordBatch) -> pa.Table:
        nothing, when = pa.nulls(keys.num_rows, pa.string()), self._moment.isoformat().replace("+00:00", "Z")
        columns = [nothing] * len(source.columns)
        for position, key in zip(source.key, keys.columns, strict=True):
            columns[position] = key
        return pa.table([*columns, pa.repeat(pa.scalar(when), keys.num_rows)], [*source.columns, DELETED_AT])

    def _keep(self, mark: Mark, seen: Iterator[pa.RecordBatch]) -> None:
        """The new state; with it the pull counts, and the file gets its name."""
        names = [*(f"k{index}" for index in range(len(mark.key))), "version"]
        with TextFile(self._place.unfinished, names, mark.note) as target:
            for batch in seen:
                target.write(batch)
        self._place.count()
        self._place.finish(mark)

    def _mark(self, source: Origin) -> Mark:
        reader = self._reader
        asked = reader.table or hashlib.sha256(str(reader.query).encode()).hexdigest()
        name, at = file_name(self._ref.block, self._moment), self._moment.isoformat()
        return Mark(asked, list(self._ref.settings.key), reader.cursor, list(source.columns), name, at)
