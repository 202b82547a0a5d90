"""Labels: which true person or company a source record is, as the sample data or a user says. The linking never sees them.

They are the files `records*.parquet` and `records*.csv` of one folder, taken together. Messages name files and counts, never a
value.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import duckdb

if TYPE_CHECKING:
    from pathlib import Path

COLUMNS = ("source", "entity", "source_record_id", "true_person_id")
_NEEDED = f"needed: {', '.join(COLUMNS)}"
_READ = {
    ".parquet": "read_parquet($file)",
    ".csv": "read_csv($file, header = true, all_varchar = true, delim = ',', quote = '\"', comment = '', skip = 0)",
}


class LabelsRefused(ValueError):
    """Labels that nothing can be measured by: which file, what was found, what is needed."""


def read_labels(con: duckdb.DuckDBPyConnection, folder: Path) -> int:
    """Leaves the temporary table `labels` (record_id, person_id; grain: record) and returns the number of its rows.

    No files, or no folder, is an empty table. Raises LabelsRefused for a file that cannot be read or lacks a column or a value,
    and for a record that is labelled with different persons.
    """
    con.execute("create or replace temp table given (record_id varchar, person_id varchar, file varchar)")
    for file in sorted(folder.glob("records*")):
        if file.suffix in _READ:
            _read(con, file)
    _refuse_contradictions(con, folder)
    con.execute("create or replace temp table labels as select distinct record_id, person_id from given")
    con.execute("drop table given")
    row = con.execute("select count(*) from labels").fetchone()
    return int(row[0]) if row else 0


def _read(con: duckdb.DuckDBPyConnection, file: Path) -> None:
    rows, parameters = _READ[file.suffix], {"file": str(file)}
    parts = ", ".join(f"nullif(trim(cast({column} as varchar)), '') as {column}" for column in COLUMNS)
    try:
        columns = con.sql(f"from {rows}", params=parameters).columns
        if missing := [column for column in COLUMNS if column not in columns]:
            raise LabelsRefused(f"{file}: found {len(columns)} column(s) without {', '.join(missing)}; {_NEEDED}")
        con.execute(
            f"""
            insert into given
            select source || '/' || entity || '/' || source_record_id, true_person_id, $name
            from (select {parts} from {rows})
            """,
            parameters | {"name": file.name},
        )
    except duckdb.Error:  # its message may quote a row
        raise LabelsRefused(f"{file}: found what cannot be read as {file.suffix[1:]}; {_NEEDED}") from None
    gaps = con.execute(
        "select count(*) from given where file = ? and (record_id is null or person_id is null)", [file.name]
    ).fetchone()
    if gaps and gaps[0]:
        raise LabelsRefused(f"{file}: found {gaps[0]} row(s) that lack a value; {_NEEDED}")


def _refuse_contradictions(con: duckdb.DuckDBPyConnection, folder: Path) -> None:
    records, files = con.execute("""
        with contradicted as (select record_id from given group by record_id having min(person_id) <> max(person_id))
        select count(distinct record_id), string_agg(distinct file, ', ' order by file)
        from given semi join contradicted using (record_id)
    """).fetchone() or (0, "")
    if records:
        raise LabelsRefused(
            f"{folder}: {files}: found {records} record(s) labelled with different persons; needed: one each"
        )
