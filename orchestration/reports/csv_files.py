"""CSV for spreadsheets and BI tools: UTF-8 with a byte-order mark, bilingual header, no cell that is a formula.

DuckDB writes the file, whatever its size. Numbers and dates are as in the published table.
"""

from collections.abc import Sequence
from pathlib import Path

import duckdb

from orchestration.cells import FORMULA, NEGATIVE
from orchestration.reports.fields import Field

MARK = "\ufeff"
_LITERAL_FORMULA, _LITERAL_NEGATIVE = (pattern.replace("'", "''") for pattern in (FORMULA, NEGATIVE))
# A telephone in E.164 is digits alone: no formula, and a dialler needs it as it is.
_TELEPHONE = r"\+[1-9][0-9]{6,14}"


def write_csv(
    con: duckdb.DuckDBPyConnection, path: Path, fields: Sequence[Field], relation: str, order_by: str
) -> None:
    """Writes the fields of `relation` (what stands after FROM) in order; with a header even without rows."""
    columns = [
        f'{_cell(field)} as "{(MARK if place == 0 else "") + field.header.replace(chr(34), "")}"'
        for place, field in enumerate(fields)
    ]
    target = str(path).replace("'", "''")
    con.execute(
        f"copy (select {', '.join(columns)} from {relation} order by {order_by}) to '{target}' (format csv, header)"
    )


def _cell(field: Field) -> str:
    """SQL of the cell; a text is written as `cells.escaped` writes it."""
    if field.kind != "text":
        return field.sql
    text = rf"replace(cast({field.sql} as varchar), chr(0), '\x00')"
    harmless = [_LITERAL_NEGATIVE, *([_TELEPHONE] if field.name == "phone" else [])]
    kept = " or ".join(f"regexp_full_match({text}, '{pattern}')" for pattern in harmless)
    return (
        f"case when regexp_matches({text}, '^{_LITERAL_FORMULA}') and not ({kept}) then '''' || {text} else {text} end"
    )
