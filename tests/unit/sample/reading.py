"""Reads landed files back with plain libraries, knowing of the reader's side only `sources.yml`."""

import csv
import io
import json
from collections.abc import Iterator
from pathlib import Path

import pyarrow.parquet as pq
from python_calamine import CalamineWorkbook

from orchestration.settings.home import Home
from orchestration.settings.loader import load_model
from orchestration.settings.sources import BlockRef, SourcesFile, blocks

SOURCES = Path(__file__).resolve().parents[3] / "orchestration" / "config" / "sources.yml"


def all_blocks() -> list[BlockRef]:
    return blocks(load_model(SOURCES, SourcesFile))


def read_rows(home: Home, ref: BlockRef) -> Iterator[tuple[str, int, dict[str, str | None]]]:
    """File (below landing), row number from 1 and values of every row that can be read at all."""
    for path in sorted(home.landing.glob(ref.path)):
        for number, row in enumerate(_rows(path, ref), start=1):
            if row is not None:
                yield str(path.relative_to(home.landing)), number, row


def _rows(path: Path, ref: BlockRef) -> Iterator[dict[str, str | None] | None]:
    kind = ref.settings.format.type
    if kind == "parquet":
        yield from pq.read_table(path).to_pylist()
    elif kind == "xlsx":
        header, *lines = CalamineWorkbook.from_path(path).get_sheet_by_index(0).to_python()
        yield from ({str(n): str(v) or None for n, v in zip(header, line, strict=True)} for line in lines)
    elif kind == "jsonl":
        yield from (_json(line) for line in path.read_text("utf-8").splitlines())
    else:
        text = path.read_bytes().decode(ref.settings.format.encoding, errors="replace")
        header, *lines = text.splitlines()
        names = next(csv.reader(io.StringIO(header), delimiter=ref.settings.format.separator))
        for line in lines:
            values = next(csv.reader(io.StringIO(line), delimiter=ref.settings.format.separator))
            yield {n: v or None for n, v in zip(names, values, strict=False)} if len(values) == len(names) else None


def _json(line: str) -> dict[str, str | None] | None:
    try:
        return {name: None if value is None else str(value) for name, value in json.loads(line).items()}
    except ValueError:
        return None
