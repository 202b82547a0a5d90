"""Writes an Excel workbook row by row in constant memory: equal content gives equal bytes.

A text is always written as a text: never a formula, a number or a link. A sheet that is full goes on in the next one.
Columns are as wide as their first rows need; sheets print in landscape with the header on every page. Nothing here knows
what the columns mean.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time
from itertools import chain, islice
from pathlib import Path
from typing import Any
from unicodedata import east_asian_width

import xlsxwriter
from xlsxwriter.format import Format
from xlsxwriter.worksheet import Worksheet

from orchestration.reports.fields import Field

ROWS_A_SHEET = 1_048_575  # Excel's 1,048,576 less the header
LONGEST_TEXT = 32_767
# Widths are in characters of the usual letters. Texts take what the first rows need, within these bounds.
WIDTHS = {"integer": 12, "number": 12, "money": 16, "share": 10, "date": 12, "boolean": 10}
NARROWEST_TEXT, WIDEST_TEXT = 10, 60
ROWS_MEASURED = 500
LINE = 15  # height in points
PAGE_WIDTH = 180  # of an A4 sheet in landscape: small print that can still be read
FORMATS = {
    "text": "General", "integer": "#,##0", "number": "#,##0.00", "money": "#,##0.00", "share": "0.0%", "date": "yyyy-mm-dd",
    # Excel writes truth values in words of its own language; other programs take those of the format.
    "boolean": '"是 / yes";;"否 / no"',
}  # fmt: skip
# The names of a coded column come from the best to the worst; those of warnings from the worst.
BEST, MIDDLE, WORST = "#C6EFCE", "#FFF2CC", "#F8CBAD"
HIGH_IS_WORST = ("churn_band", "band")


@dataclass(frozen=True)
class Sheet:
    """One table of a workbook; `wide`: texts are whole sentences, wrapped in wide columns; `kept`: so many columns at
    the left stay in sight and are printed on every page."""

    title: str
    fields: Sequence[Field]
    rows: Iterable[Sequence[Any]]
    wide: bool = False
    kept: int = 0


def text_sheet(title: str, headers: Sequence[str], rows: Iterable[Sequence[Any]]) -> Sheet:
    """A sheet of sentences."""
    return Sheet(title, [Field(header, header, "text", "") for header in headers], rows, wide=True)


def write_workbook(path: Path, sheets: Iterable[Sheet], created: date, rows_a_sheet: int = ROWS_A_SHEET) -> None:
    """Writes the sheets. `created` stands in the properties; temporary files stay beside the workbook."""
    options = {
        "constant_memory": True,
        "tmpdir": str(path.parent),
        "strings_to_formulas": False,
        "strings_to_urls": False,
        "strings_to_numbers": False,
    }
    with xlsxwriter.Workbook(str(path), options) as book:
        book.set_properties({"created": datetime.combine(created, time())})
        style = _Style(book)
        for sheet in sheets:
            _write_sheets(book, style, sheet, rows_a_sheet)


class _Style:
    """The formats of one workbook."""

    def __init__(self, book: xlsxwriter.Workbook) -> None:
        self.header = book.add_format(
            {"bold": True, "bg_color": "#DDEBF7", "text_wrap": True, "valign": "top", "border": 1}
        )
        self.wrapped = book.add_format({"text_wrap": True, "valign": "top"})
        self.of_kind: dict[str, Format] = {
            kind: book.add_format({"num_format": form, "indent": int(kind == "text")}) for kind, form in FORMATS.items()
        }
        self.tints = {color: book.add_format({"bg_color": color}) for color in (BEST, MIDDLE, WORST)}


def _write_sheets(book: xlsxwriter.Workbook, style: _Style, sheet: Sheet, rows_a_sheet: int) -> None:
    rows, part = iter(sheet.rows), 0
    while True:
        part += 1
        title = sheet.title if part == 1 else f"{sheet.title} {part}"
        count = _write_sheet(book.add_worksheet(title[:31]), style, sheet, islice(rows, rows_a_sheet))
        following = next(rows, None) if count == rows_a_sheet else None
        if following is None:
            return
        rows = _with_first(following, rows)


def _with_first(first: Sequence[Any], rows: Iterator[Sequence[Any]]) -> Iterator[Sequence[Any]]:
    yield first
    yield from rows


def _write_sheet(worksheet: Worksheet, style: _Style, sheet: Sheet, rows: Iterable[Sequence[Any]]) -> int:
    """Returns the rows written."""
    first = list(islice(rows, ROWS_MEASURED))
    widths = [_width(field, place, first) for place, field in enumerate(sheet.fields)]
    worksheet.freeze_panes(1, sheet.kept)
    _set_print(worksheet, sheet, sum(widths))
    _set_height(worksheet, 0, [field.header for field in sheet.fields], widths)
    for place, field in enumerate(sheet.fields):
        worksheet.set_column(place, place, widths[place])
        worksheet.write_string(0, place, field.header, style.header)
    writers = [_writer(worksheet, style, field, sheet.wide) for field in sheet.fields]
    count = 0
    for count, row in enumerate(chain(first, rows), start=1):
        if sheet.wide:
            _set_height(worksheet, count, row, widths)
        for place, value in enumerate(row):
            if value is not None:
                writers[place](count, place, value)
    if sheet.fields:
        worksheet.autofilter(0, 0, count, len(sheet.fields) - 1)
        worksheet.print_area(0, 0, count, len(sheet.fields) - 1)  # a text that runs over the edge asks for no page
    for place, field in enumerate(sheet.fields):
        for name, color in _tints(field):
            rule = {"type": "cell", "criteria": "==", "value": f'"{name}"', "format": style.tints[color]}
            worksheet.conditional_format(1, place, max(count, 1), place, rule)
    return count


def _set_print(worksheet: Worksheet, sheet: Sheet, width: float) -> None:
    """Landscape on A4, small enough to read, row by row of pages; header and kept columns on each."""
    worksheet.set_landscape()
    worksheet.set_paper(9)
    worksheet.set_margins(left=0.4, right=0.4, top=0.5, bottom=0.6)
    worksheet.repeat_rows(0)
    if sheet.kept:
        worksheet.repeat_columns(0, sheet.kept - 1)
    worksheet.fit_to_pages(-(-int(width) // PAGE_WIDTH), 0)
    worksheet.print_across()
    worksheet.set_footer("&L&A&R&P / &N")


def _width(field: Field, place: int, rows: Sequence[Sequence[Any]]) -> int:
    if field.kind != "text":
        return WIDTHS[field.kind]
    longest = max((_letters(str(row[place])) for row in rows if row[place] is not None), default=0)
    return min(max(longest + 3, NARROWEST_TEXT), WIDEST_TEXT)


def _set_height(worksheet: Worksheet, row: int, texts: Sequence[Any], widths: Sequence[int]) -> None:
    """As many lines as the wrapped texts take: not every program works that out by itself."""
    lines = [_lines(str(text), width) for text, width in zip(texts, widths, strict=True) if text is not None]
    worksheet.set_row(row, LINE * max(lines, default=1))


def _lines(text: str, width: int) -> int:
    """The lines of a text that is wrapped between its words; a word that is too long is wrapped as well."""
    lines, filled = 1, 0
    for word in text.split(" "):
        needed = _letters(word) + 1
        if filled and filled + needed > width:
            lines, filled = lines + 1, 0
        lines, filled = lines + (needed - 1) // width, filled + needed % width
    return lines


def _letters(text: str) -> int:
    """Its width: a Chinese character is as wide as two letters."""
    return len(text) + sum(east_asian_width(letter) in "WF" for letter in text)


def _writer(worksheet: Worksheet, style: _Style, field: Field, wide: bool) -> Any:
    form = style.wrapped if wide else style.of_kind.get(field.kind)
    if field.kind == "text":
        return lambda row, place, value: worksheet.write_string(row, place, _text(value), form)
    if field.kind == "boolean":
        return lambda row, place, value: worksheet.write_boolean(row, place, value, form)
    if field.kind == "date":
        return lambda row, place, value: worksheet.write_datetime(row, place, value, form)
    return lambda row, place, value: worksheet.write_number(row, place, value, form)


def _text(value: Any) -> str:
    text = value if type(value) is str else str(value)
    return text if len(text) <= LONGEST_TEXT else f"{text[: LONGEST_TEXT - 1]}…"


def _tints(field: Field) -> list[tuple[str, str]]:
    names = [name.replace('"', '""') for name in field.codes if field.name.endswith(("tier", "band"))]
    if field.name in HIGH_IS_WORST:
        return list(zip(names, (WORST, MIDDLE), strict=False))
    last = len(names) - 1
    return [(name, BEST if place == 0 else WORST if place == last else MIDDLE) for place, name in enumerate(names)]
