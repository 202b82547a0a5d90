"""CSV files that go out to people to be filled in, and come back: private to their user, safe for spreadsheets."""

import csv
import io
import os
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

from typer import BadParameter

from orchestration.cells import escaped, plain
from orchestration.landing import FileRefused
from orchestration.landing.encodings import settle_encoding


def write_sheet(to: Path, names: Sequence[str], rows: Iterable[Sequence[Any]]) -> None:
    """Writes the rows (0600), with a mark by which spreadsheets know UTF-8; no cell is a formula."""
    with os.fdopen(
        os.open(to, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w", encoding="utf-8-sig", newline=""
    ) as file:
        writer = csv.writer(file)
        writer.writerow(names)
        writer.writerows([escaped(value) for value in row] for row in rows)


def read_sheet(file: Path, columns: Sequence[str], command: str) -> Iterator[tuple[int, dict[str, str]]]:
    """Line number and cells of each row, trimmed, in any encoding and with any delimiter that a spreadsheet writes.

    Raises BadParameter for a file that cannot be read or lacks one of `columns`; `command` is what wrote it.
    """
    try:
        data = file.read_bytes()
        encoding, _, skip = settle_encoding("auto", data)
    except (OSError, FileRefused) as error:
        raise BadParameter(f"{file}: {error}") from None
    text = data[skip:].decode(encoding)
    header = text.partition("\n")[0]
    rows = csv.DictReader(io.StringIO(text, newline=""), delimiter=max(",;\t", key=header.count))
    if missing := [name for name in columns if name not in (rows.fieldnames or [])]:
        raise BadParameter(f"{file}: found no column {', '.join(missing)}; allowed: a file that `{command}` wrote")
    for row in rows:
        yield rows.line_num, {name: plain(row[name] or "").strip() for name in columns}
