"""`strata quarantine`: refused rows, grouped and one by one, out to a CSV and back.

Only `show ID` prints a row's bytes, and only to the terminal; an export is its user's alone (0600).
"""

import os
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import uuid4

import duckdb
from rich.console import Console
from rich.table import Table

from orchestration.landing import (
    BlockReport,
    FileRefused,
    NotAnExport,
    discard,
    export_rows,
    read_ledger,
    read_quarantine,
    reread_block,
    take_mends,
)
from orchestration.runlock import run_lock
from orchestration.settings import Home, SourcesFile, load_settings
from orchestration.settings.sources import BlockRef, blocks

console = Console()

GROUPS = """
select source, entity, rule, "column", reason, count(*) as rows
from refused where state = 'open' group by all order by rows desc, source, entity, rule, "column", reason
"""
ROWS = """
select quarantine_id, source, entity, file, line_number, "column", rule, reason
from refused
where ($source is null or source = $source) and ($rule is null or rule = $rule)
order by source, entity, file, line_number, quarantine_id limit $limit
"""
ONE = "select * from refused where quarantine_id = $id"


def show_groups(home: Home) -> None:
    """Open rows by source, entity, rule, column and reason."""
    columns, rows = _query(home, GROUPS, {})
    _print(columns, rows, "nothing is in quarantine")


def show_rows(home: Home, quarantine_id: str | None, source: str | None, rule: str | None, limit: int) -> None:
    """Rows by source and rule; or, by its id, one row with its bytes."""
    if quarantine_id is None:
        columns, rows = _query(home, ROWS, {"source": source, "rule": rule, "limit": limit})
        _print(columns, rows, "no such row is in quarantine")
        return
    columns, rows = _query(home, ONE, {"id": quarantine_id})
    for row in rows:
        for name, value in zip(columns, row, strict=True):
            console.print(f"{name:>14}  {value!r}" if name == "raw_bytes" else f"{name:>14}  {value}", highlight=False)
    if not rows:
        console.print("no such row is in quarantine")


def export(home: Home, folder: Path, source: str | None, entity: str | None, rule: str | None) -> int:
    """Writes `<source>__<entity>.csv` for each block with open rows. Returns the exit code."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    refs = _chosen(load_settings().sources, source, entity)
    with run_lock(home, "strata quarantine export"):
        for ref in refs or ():
            text, rows = export_rows(home, ref, rule)
            if rows:
                path = folder / f"{ref.source}__{ref.block}.csv"
                with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as file:
                    file.write(text.encode("utf-8-sig"))
                console.print(f"{path}: {rows:,} rows", highlight=False)
    return 2 if refs is None else 0


def replay(home: Home, files: list[Path], source: str | None, entity: str | None) -> int:
    """Takes the mends of the files, reads again what is refused, and says what became of it. Returns the exit code."""
    sources = load_settings().sources
    refs = _chosen(sources, source, entity)
    if refs is None:
        return 2
    with run_lock(home, "strata quarantine replay"):
        mended: set[tuple[str, str]] = set()
        for file in files:
            try:
                taken = take_mends(home, sources, file.read_bytes())
            except (OSError, NotAnExport, FileRefused) as error:
                print(f"--file {file}: {error}", file=sys.stderr)
                return 2
            console.print(
                f"{file}: {taken.mended:,} rows taken, {taken.not_open:,} closed before, {taken.unknown:,} not of this home",
                highlight=False,
            )
            mended |= taken.blocks
        if files:  # nothing else has changed
            refs = [ref for ref in refs if (ref.source, ref.block) in mended]
        before = {(entry.source, entry.entity, entry.sha256): entry.rows_loaded for entry in read_ledger(home)}
        load_id = f"replay-{uuid4()}"
        reports = [reread_block(home, sources, ref.source, ref.block, load_id, datetime.now(UTC)) for ref in refs]
    _print_replay(reports, before)
    return 1 if any(report.failed for report in reports) else 0


def give_up(home: Home, ids: list[str]) -> int:
    """Closes rows. Returns the exit code: 1 when some were not open."""
    with run_lock(home, "strata quarantine discard"):
        closed = discard(home, ids)
    console.print(f"{closed:,} rows closed; they still count as quarantined")
    return 0 if closed == len(set(ids)) else 1


def _chosen(sources: SourcesFile, source: str | None, entity: str | None) -> list[BlockRef] | None:
    """The blocks of that source and name; None, with a word to the user, when there is none."""
    refs = [ref for ref in blocks(sources) if source in (None, ref.source) and entity in (None, ref.block)]
    if not refs:
        allowed = ", ".join(f"{ref.source}/{ref.block}" for ref in blocks(sources))
        print(f"--source, --entity: found {source or '*'}/{entity or '*'}; allowed: {allowed}", file=sys.stderr)
    return refs or None


def _print_replay(reports: list[BlockReport], before: dict[tuple[str, str, str], int]) -> None:
    files = [file for report in reports for file in report.files]
    gains = {file.sha256: file.rows_loaded - before.get((file.source, file.entity, file.sha256), 0) for file in files}
    for file in files:
        if file.reason:
            console.print(f"{file.file}: refused: {file.reason}", highlight=False)
        elif gains[file.sha256]:
            console.print(
                f"{file.file}: {gains[file.sha256]:,} rows loaded, {file.rows_quarantined:,} left", highlight=False
            )
    for name, kind in sorted(item for report in reports for item in report.failed.items()):
        console.print(f"{name}: could not be read again ({kind}); it is as it was", highlight=False)
    loaded, left = sum(gains.values()), sum(file.rows_quarantined for file in files)
    console.print(
        f"{len(files):,} files read again: {loaded:,} rows loaded, {left:,} left"
        + ("; `strata run` carries them on" if loaded else ""),
        highlight=False,
    )


def _query(home: Home, sql: str, parameters: dict[str, Any]) -> tuple[list[str], list[tuple[Any, ...]]]:
    with duckdb.connect() as con:
        con.register("refused", read_quarantine(home, with_bytes=True))
        result = con.execute(sql, parameters)
        return [column[0] for column in result.description], result.fetchall()


def _print(columns: list[str], rows: list[tuple[Any, ...]], if_none: str) -> None:
    if not rows:
        console.print(if_none)
        return
    table = Table(*columns)
    for row in rows:
        table.add_row(*("" if value is None else str(value) for value in row))
    console.print(table)
