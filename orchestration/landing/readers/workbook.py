"""Reads xlsx and xls: one sheet, values as people see them in a text file.

Dates as ISO text, whole numbers without `.0`, empty cells as null. The sheet is the declared one, else the first. What values
mean is `contract.py`.
"""

import zipfile
import zlib
from collections.abc import Iterator
from datetime import date, datetime, time, timedelta
from itertools import islice
from typing import Any

import pyarrow as pa
from python_calamine import CalamineError, CalamineWorkbook

from orchestration.landing import limits
from orchestration.landing.batches import Batch, Fault, FileRefused, unique_names
from orchestration.landing.containers import ZIP, LandedFile
from orchestration.landing.readers.columnar import raw_row, set_aside
from orchestration.landing.readers.sheet_extent import LARGEST_CELLS, beyond_cells
from orchestration.settings.sources import Format

_LARGEST_EXACT = 10**15


class WorkbookReading:
    """One sheet of a workbook; its first row that is not empty is the header. `line_number` is the row of the sheet."""

    encoding, confidence = "workbook", None

    def __init__(self, file: LandedFile, form: Format):
        self._point = form.decimal
        _check_bomb(file)
        try:
            book = CalamineWorkbook.from_filelike(file.plain())
            if form.sheet and form.sheet not in book.sheet_names:
                raise FileRefused("format", "the workbook has no sheet of the declared name")
            sheet = book.get_sheet_by_name(form.sheet) if form.sheet else book.get_sheet_by_index(0)
            self._rows = enumerate(sheet.to_python(skip_empty_area=False), 1)
        except (CalamineError, OSError, ValueError, IndexError):
            raise FileRefused("format", "no readable workbook") from None
        self.header: list[str] = unique_names(self._read_header())
        self._count = 0

    def batches(self) -> Iterator[Batch]:
        """The rows of the sheet; empty ones are skipped."""
        filled = ((line, row) for line, row in self._rows if any(cell not in ("", None) for cell in row))
        while rows := list(islice(filled, limits.BATCH_ROWS)):
            yield self._batch(rows)

    def _read_header(self) -> list[str]:
        for _, row in self._rows:
            names = [str(cell_text(cell, ".") or "") for cell in row]
            while names and not names[-1].strip():
                names.pop()
            if names:
                return names
        raise FileRefused("empty", "the sheet has no filled row")

    def _batch(self, rows: list[tuple[int, list[Any]]]) -> Batch:
        width, point = len(self.header), self._point
        fitting = [(line, row) for line, row in rows if all(cell in ("", None) for cell in row[width:])]
        texts = [[cell_text(cell, point) for cell in row[:width]] + [None] * (width - len(row)) for _, row in fitting]
        fields = zip(*texts, strict=True) if texts else ([] for _ in self.header)
        columns = {name: pa.array(values, pa.string()) for name, values in zip(self.header, fields, strict=True)}
        numbers = {line: self._count + index for index, (line, _) in enumerate(rows, 1)}
        self._count += len(rows)
        lines = [line for line, _ in fitting]
        faults = [_too_wide(numbers[line], line, row, width) for line, row in rows if line not in set(lines)]
        batch = Batch(
            columns,
            pa.array([numbers[line] for line in lines], pa.int64()),
            lambda row: (lines[row], None, raw_row(columns, row)),
            faults,
        )
        spoilt = {index for index, row in enumerate(texts) if any(value and "\0" in value for value in row)}
        return set_aside(batch, spoilt, "nul", "a NUL character") if spoilt else batch


def cell_text(cell: Any, point: str) -> str | None:
    """A cell as text; None when it is empty. `point`: the declared decimal sign."""
    if cell is None or cell == "":
        return None
    if isinstance(cell, str):
        return cell
    if isinstance(cell, bool):
        return "true" if cell else "false"
    if isinstance(cell, float):
        whole = cell.is_integer() and abs(cell) < _LARGEST_EXACT
        return str(int(cell)) if whole else repr(cell).replace(".", point)
    if isinstance(cell, datetime):
        return cell.isoformat(sep=" ")
    return (
        cell.isoformat() if isinstance(cell, date | time) else str(cell) if isinstance(cell, int | timedelta) else None
    )


def _too_wide(number: int, line: int, row: list[Any], width: int) -> Fault:
    names = [f"column_{index}" for index in range(1, len(row) + 1)]
    columns = {name: pa.array([cell_text(cell, ".")], pa.string()) for name, cell in zip(names, row, strict=True)}
    return Fault(
        number, line, None, None, "width", f"values beyond the {width} columns of the header", raw_row(columns, 0)
    )


def _check_bomb(file: LandedFile) -> None:
    if file.bytes > limits.WHOLE_FILE_BYTES:
        raise FileRefused("size", f"{file.bytes} bytes, at most {limits.WHOLE_FILE_BYTES} for a workbook")
    stream = file.plain()
    is_zip = stream.read(4) == ZIP
    stream.seek(0)
    if not is_zip:
        return
    try:
        unpacked = sum(member.file_size for member in zipfile.ZipFile(stream).infolist())
    except zipfile.BadZipFile:
        raise FileRefused("format", "no readable workbook") from None
    if unpacked > limits.WHOLE_FILE_BYTES or unpacked > max(
        limits.EXPANSION_FLOOR_BYTES, file.bytes * limits.EXPANSION_RATIO
    ):
        raise FileRefused("size", f"unpacks to {unpacked} bytes")
    try:
        too_far = beyond_cells(zipfile.ZipFile(stream))
    except (zipfile.BadZipFile, zlib.error, OSError, EOFError, RuntimeError, NotImplementedError):
        raise FileRefused("format", "no readable workbook") from None
    if too_far:
        raise FileRefused("size", f"a sheet of more than {LARGEST_CELLS} cells")
    stream.seek(0)
