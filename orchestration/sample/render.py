"""Rows as bytes: lines of CSV, TSV and JSON by vectorised joins, workbooks by xlsxwriter, Parquet by pyarrow.

The same rows always give the same bytes. Which row goes into which file is decided in `files.py`.
"""

import json
from datetime import datetime
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import xlsxwriter

from orchestration.sample.layout import Layout
from orchestration.sample.rows import Rows
from orchestration.sample.text import Text

NUMBER = r"^-?(0|[1-9]\d*)(\.\d+)?$"
SHEETS = {"contacts": "联系人", "accounts": "客户", "opportunities": "商机", "leads": "Leads"}
NO_DATE = datetime(2000, 1, 1)


def lines(rows: Rows, layout: Layout) -> Text:
    """One line a row, without its line end."""
    return _json_lines(rows, layout) if layout.type == "jsonl" else _separated_lines(rows, layout)


def header(rows: Rows, layout: Layout) -> str:
    """The first line of a file of these rows (empty for JSON)."""
    return "" if layout.type == "jsonl" else layout.delimiter.join(rows.columns)


def _separated_lines(rows: Rows, layout: Layout) -> Text:
    special = f'[{layout.delimiter}"\n\r]'
    return pc.binary_join_element_wise(
        *(_quoted(column, special) for column in rows.columns.values()), layout.delimiter
    )


def _quoted(column: Text, special: str) -> Text:
    column = pc.fill_null(column, "")
    needs = pc.match_substring_regex(column, special)
    if not pc.any(needs).as_py():
        return column
    doubled = pc.replace_substring(column, '"', '""')
    return pc.if_else(needs, pc.binary_join_element_wise('"', doubled, '"', ""), column)


def _json_lines(rows: Rows, layout: Layout) -> Text:
    parts: list[Text | str] = []
    for place, (name, column) in enumerate(rows.columns.items()):
        parts += [
            ("{" if place == 0 else ", ") + json.dumps(name, ensure_ascii=False) + ": ",
            _json_value(column, name in layout.numbers),
        ]
    return pc.binary_join_element_wise(*parts, "}", "")


def _json_value(column: Text, is_number: bool) -> Text:
    escaped = pc.replace_substring(pc.replace_substring(column, "\\", "\\\\"), '"', '\\"')
    quoted = pc.binary_join_element_wise('"', escaped, '"', "")
    if is_number:
        quoted = pc.if_else(pc.match_substring_regex(column, NUMBER), column, quoted)
    return pc.fill_null(quoted, "null")


def write_workbook(path: Path, rows: Rows, layout: Layout) -> None:
    """One sheet, text cells but for the layout's numbers, with a fixed creation date."""
    book = xlsxwriter.Workbook(
        path, {"strings_to_numbers": False, "strings_to_formulas": False, "strings_to_urls": False}
    )
    book.set_properties({"created": NO_DATE})
    sheet = book.add_worksheet(SHEETS.get(rows.block, rows.block))
    sheet.write_row(0, 0, list(rows.columns))
    for place, (name, column) in enumerate(rows.columns.items()):
        for line, value in enumerate(column.to_pylist(), start=1):
            if value is not None and name in layout.numbers and value.replace(".", "", 1).isdigit():
                sheet.write_number(line, place, float(value))
            elif value is not None:
                sheet.write_string(line, place, value)
    book.close()


def write_parquet(path: Path, rows: Rows) -> None:
    """All columns as text."""
    pq.write_table(pa.table(dict(rows.columns)), path, compression="zstd")
