"""How large the sheets of a packed workbook are, found without opening it.

The workbook library sets aside memory for every cell up to the farthest one, and ends the process when there is not enough: one
cell in the last corner would be fatal. Reading values is `workbook.py`.
"""

import re
import zipfile

LARGEST_CELLS = 30_000_000
_CELL = re.compile(rb'\sr="([A-Z]{1,3})([0-9]{1,7})"')
_STEP, _OVERLAP = 1_000_000, 32


def beyond_cells(archive: zipfile.ZipFile) -> bool:
    """Whether a sheet of the workbook reaches so far that its cells, empty ones included, are more than LARGEST_CELLS."""
    sheets = [name for name in archive.namelist() if name.startswith("xl/worksheets/") and name.endswith(".xml")]
    return any(_extent(archive, name) > LARGEST_CELLS for name in sheets)


def _extent(archive: zipfile.ZipFile, name: str) -> int:
    columns, rows, rest = {b"A"}, 1, b""
    with archive.open(name) as sheet:
        while data := sheet.read(_STEP):
            found = _CELL.findall(rest + data)
            columns.update(letters for letters, _ in found)
            rows = max(rows, max((int(row) for _, row in found), default=1))
            rest = data[-_OVERLAP:]
    return rows * max(map(_number, columns))


def _number(letters: bytes) -> int:
    number = 0
    for letter in letters:
        number = number * 26 + letter - 64
    return number
