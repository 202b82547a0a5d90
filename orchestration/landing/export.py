"""Quarantined rows as CSV for people, and back: the columns of the source beside where and why each row was refused.

Cells that a spreadsheet would take for formulas are written with an apostrophe before them, which is taken off on the way back.
"""

import csv
import io
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from orchestration.cells import escaped, plain
from orchestration.landing.archive import open_archived
from orchestration.landing.encodings import settle_encoding
from orchestration.landing.ledger import FileReport, fingerprints, read_block_ledger
from orchestration.landing.mends import Fields, write_mends
from orchestration.landing.quarantine import read_file_quarantine, read_quarantine
from orchestration.landing.tables import OPEN
from orchestration.settings.home import Home
from orchestration.settings.sources import BlockRef, SourcesFile, blocks

PLACE = ("quarantine_id", "file", "line_number", "column", "rule", "reason")
COLUMNS = (*PLACE, "row_as_received")


class NotAnExport(ValueError):
    """A file that is given to be replayed and was not exported from quarantine. The text says what is missing."""


def export_rows(home: Home, ref: BlockRef, rule: str | None = None) -> tuple[str, int]:
    """The open rows of a block (of one rule) as CSV text, and how many there are. Grain: refused row."""
    rows: list[dict[str, Any]] = []
    for entry in read_block_ledger(home, ref.source, ref.block):
        if entry.rows_quarantined:
            rows += _rows_of(home, ref, entry, rule)
    names = list(dict.fromkeys(name for row in rows for name in row["fields"]))
    buffer = io.StringIO()
    writer = csv.writer(buffer, lineterminator="\r\n")
    writer.writerow([*COLUMNS, *names])
    for row in rows:
        writer.writerow(map(escaped, [*(row[name] for name in COLUMNS), *(row["fields"].get(name) for name in names)]))
    return buffer.getvalue(), len(rows)


@dataclass
class Taken:
    """What became of a file of mended rows. `files`: (source, block) → files with mends; `not_open`: rows closed before."""

    mended: int = 0
    not_open: int = 0
    unknown: int = 0
    blocks: set[tuple[str, str]] = field(default_factory=set)


def take_mends(home: Home, sources_file: SourcesFile, data: bytes) -> Taken:
    """Keeps the rows of an exported and mended CSV as mends; reading the block again lands them.

    Raises NotAnExport, or FileRefused when its encoding cannot be told.
    """
    wanted = dict(_mended_rows(data))
    found = read_quarantine(home, with_bytes=True)
    found = found.filter(pc.is_in(found["quarantine_id"], value_set=pa.array(list(wanted), pa.string())))
    waiting = found.filter(pc.equal(found["state"], OPEN)).select(
        ["quarantine_id", "source", "entity", "sha256", "row_number"]
    )
    taken = Taken(waiting.num_rows, found.num_rows - waiting.num_rows, len(wanted) - found.num_rows)
    refs = {(ref.source, ref.block): ref for ref in blocks(sources_file)}
    by_file: dict[tuple[str, str, str], dict[int, Fields]] = {}
    for row in waiting.to_pylist():
        place = (row["source"], row["entity"], row["sha256"])
        by_file.setdefault(place, {})[row["row_number"]] = wanted[row["quarantine_id"]]
    for (source, block, sha256), mends in by_file.items():
        ref = refs[(source, block)]
        header = _header(home, ref, sha256)
        fitted = {number: _fitted(fields, header) for number, fields in mends.items()}
        write_mends(home, ref, sha256, fingerprints(ref)["framing"], fitted)
        taken.blocks.add((source, block))
    return taken


def _rows_of(home: Home, ref: BlockRef, entry: FileReport, rule: str | None) -> list[dict[str, Any]]:
    refused = read_file_quarantine(home, ref, entry.sha256)
    chosen = pc.equal(refused["state"], OPEN)
    refused = refused.filter(chosen if rule is None else pc.and_(chosen, pc.equal(refused["rule"], rule)))
    fields = _fields(home, ref, entry, refused["row_number"]) if refused.num_rows else {}
    encoding = entry.encoding if entry.encoding not in (None, "workbook", "parquet") else "utf-8"
    return [
        {
            **{name: row[name] for name in PLACE},
            "row_as_received": (row["raw_bytes"] or b"").decode(str(encoding), "backslashreplace").rstrip("\r\n"),
            "fields": fields.get(row["row_number"], {}),
        }
        for row in refused.to_pylist()
    ]


def _fields(home: Home, ref: BlockRef, entry: FileReport, numbers: pa.ChunkedArray) -> dict[int, Fields]:
    """The columns of those rows that can be framed, from the archive; none when the file is cut into other rows today."""
    if entry.framing != fingerprints(ref)["framing"]:
        return {}
    found: dict[int, Fields] = {}
    wanted = numbers.combine_chunks()
    with open_archived(home, entry.sha256, ref.settings) as reading:
        for batch in reading.batches():
            for at in pc.indices_nonzero(pc.is_in(batch.row_numbers, value_set=wanted)).to_pylist():
                found[batch.row_numbers[at].as_py()] = batch.fields(at)
        blank: Fields = dict.fromkeys(reading.header or [], "")
    return dict.fromkeys(wanted.to_pylist(), blank) | found


def _header(home: Home, ref: BlockRef, sha256: str) -> list[str] | None:
    with open_archived(home, sha256, ref.settings) as reading:
        return reading.header


def _fitted(fields: Fields, header: list[str] | None) -> Fields:
    """The cells that belong to the row's own file: others are empty because the export has the columns of all files."""
    return {name: value for name, value in fields.items() if value or name in (header or [])}


def _mended_rows(data: bytes) -> Iterator[tuple[str, Fields]]:
    encoding, _, skip = settle_encoding("auto", data)
    rows = csv.reader(io.StringIO(data[skip:].decode(encoding), newline=""))
    header = next(rows, [])
    if "quarantine_id" not in header or set(header) <= set(COLUMNS):
        raise NotAnExport("found no column quarantine_id with columns of the source beside it; allowed: a file that "
                          "`strata quarantine export` wrote, with its columns kept")  # fmt: skip
    for row in rows:
        cells = dict(zip(header, map(plain, row), strict=False))
        if cells.get("quarantine_id"):
            yield str(cells.pop("quarantine_id")), {name: cells[name] for name in cells if name not in COLUMNS}
