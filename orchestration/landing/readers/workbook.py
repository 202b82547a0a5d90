"""Reads xlsx and xls: values as people see them in a text file, formulas by their results.

Dates as ISO text, whole numbers without `.0`, empty cells as null. The sheet is the declared one, else the first. What values
mean is `contract.py`.
"""

import zipfile
import zlib
from collections import deque
from collections.abc import Iterator
from datetime import date, datetime, time, timedelta
from itertools import islice, zip_longest
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


ALL_SHEETS = "*"
Row = tuple[int, list[Any]]


class WorkbookReading:
    """One sheet of a workbook, or all of them one after another (`sheet: "*"`), which must have one header.

    The first row with a cell that is not empty, after `skip_lines`, begins the header. `line_number` is the row of the sheet.
    """

    encoding, confidence = "workbook", None

    def __init__(self, file: LandedFile, form: Format):
        self._form, self._point = form, form.decimal
        _check_bomb(file)
        try:
            self._book = CalamineWorkbook.from_filelike(file.plain())
        except (CalamineError, OSError, ValueError):
            raise FileRefused("format", "no readable workbook") from None
        names = self._book.sheet_names
        if form.sheet and form.sheet != ALL_SHEETS and form.sheet not in names:
            raise FileRefused("format", "the workbook has no sheet of the declared name")
        self._sheets = names if form.sheet == ALL_SHEETS else [form.sheet or names[0]]
        opened = [(self._rows(name), name) for name in self._sheets]
        headers = [(rows, self._read_header(rows, name)) for rows, name in opened]
        filled = [(rows, header) for rows, header in headers if header]
        if not filled:
            raise FileRefused("empty", "the sheet has no filled row")
        if any(header != filled[0][1] for _, header in filled):
            raise FileRefused("header", "the sheets have different headers")
        self._opened = [rows for rows, _ in filled]
        self.header: list[str] = unique_names(filled[0][1])
        self._count = 0

    def batches(self) -> Iterator[Batch]:
        """The rows of the sheets; empty ones are skipped, and so are the declared last ones."""
        for sheet in self._opened:
            rows = ((line, row) for line, row in sheet if any(cell not in ("", None) for cell in row))
            kept = _without_last(rows, self._form.footer_lines)
            while some := list(islice(kept, limits.BATCH_ROWS)):
                yield self._batch(some)

    def _rows(self, name: str) -> Iterator[Row]:
        try:
            sheet = self._book.get_sheet_by_name(name)
            return ((line, row) for line, row in enumerate(sheet.iter_rows(), 1) if line > self._form.skip_lines)
        except (CalamineError, OSError, ValueError):
            raise FileRefused("format", "no readable workbook") from None

    def _read_header(self, rows: Iterator[Row], name: str) -> list[str]:
        """The names of the columns, those of several header rows joined: a merged cell stands before each name below it."""
        first = next(((line, row) for line, row in rows if any(str(cell or "").strip() for cell in row)), None)
        if first is None:
            return []
        stacked = [first, *islice(rows, self._form.header_rows - 1)]
        texts = [_unmerged(line, row, self._merged(name), stacked) for line, row in stacked]
        names = [" ".join(dict.fromkeys(part for part in parts if part)) for parts in zip_longest(*texts, fillvalue="")]
        while names and not names[-1]:
            names.pop()
        return names

    def _merged(self, name: str) -> list[tuple[int, int, int, int]]:
        """Top, left, bottom, right (from 0) of the merged cells, in columns as rows have them (without empty ones before)."""
        sheet = self._book.get_sheet_by_name(name) if self._form.header_rows > 1 else None
        if sheet is None or not sheet.start:
            return []
        left_out = sheet.start[1]
        ranges = sheet.merged_cell_ranges or []
        return [(top, left - left_out, bottom, right - left_out) for (top, left), (bottom, right) in ranges]

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


def _unmerged(line: int, row: list[Any], merged: list[tuple[int, int, int, int]], stacked: list[Row]) -> list[str]:
    """The texts of a header row, where a merged cell gives its text to all that it covers."""
    rows, texts = dict(stacked), [(cell_text(cell, ".") or "").strip() for cell in row]
    for top, left, bottom, right in merged:
        if top <= line - 1 <= bottom and 0 <= left < len(rows.get(top + 1, [])):
            text = (cell_text(rows[top + 1][left], ".") or "").strip()
            texts[left : right + 1] = [text] * (right + 1 - left)
    return texts


def _without_last(rows: Iterator[Row], count: int) -> Iterator[Row]:
    held: deque[Row] = deque()
    for row in rows:
        held.append(row)
        if len(held) > count:
            yield held.popleft()


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
