"""Which row goes into which landing file, and the writing of them chunk by chunk in bounded memory.

File names carry the day of the export, so that they sort by it:
`<source>/<block>/<block>_2025-03-31[_S01][_p2].csv`. Text files
grow with every chunk; workbooks and Parquet files are kept until they are large enough, then written as a part.
"""

from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pyarrow as pa

from orchestration.sample import render
from orchestration.sample.chunk import DAY, Span
from orchestration.sample.dirt import Soiled, as_bytes, break_line
from orchestration.sample.layout import LAYOUTS, Layout
from orchestration.sample.rows import concat

PART_ROWS = 100_000
STRETCHED = {0: 0, 1: 3, 3: 6, 6: 6}
"""Months a file of a small sample spans, by the months in its layout: hundreds of tiny files would only cost time."""
DAILY_DAYS = 14


@dataclass
class LandingFiles:
    """The landing folder under construction. `rows_of`: rows written by file; `broken`, `repeats`: the truth about
    dirt."""

    folder: Path
    span: Span
    is_small: bool = False
    rows_of: dict[str, int] = field(default_factory=dict)
    broken: list[tuple[str, str, str, int, int, str, str]] = field(default_factory=list)
    repeats: dict[tuple[str, str], int] = field(default_factory=dict)
    _kept: dict[tuple[str, str, str], list[Soiled]] = field(default_factory=dict)
    _parts: dict[str, int] = field(default_factory=dict)

    def add(self, soiled: Soiled) -> None:
        """Writes (or keeps for a later part) the rows of one block and chunk."""
        rows, layout = soiled.rows, LAYOUTS[soiled.rows.source, soiled.rows.block]
        self.repeats[rows.source, rows.block] = self.repeats.get((rows.source, rows.block), 0) + int(
            soiled.repeat.sum()
        )
        for name, places in _split(soiled, STRETCHED[layout.period] if self.is_small else layout.period, self.span):
            piece = Soiled(rows.take(places), soiled.fault[places], soiled.repeat[places])
            stem = f"{rows.source}/{rows.block}/{rows.block}_{name}"
            if layout.is_text:
                self._append(f"{stem}.{layout.type}", piece, layout)
            else:
                self._keep((rows.source, rows.block, stem), piece, layout)

    def close(self) -> None:
        """Writes what was kept."""
        for (source, block, stem), pieces in sorted(self._kept.items(), key=lambda item: item[0]):
            if pieces:
                self._write_part(stem, pieces, LAYOUTS[source, block])
        self._kept.clear()

    def _append(self, name: str, piece: Soiled, layout: Layout) -> None:
        path = self.folder / name
        written = self._count(name, piece, layout)
        header = render.header(piece.rows, layout)
        body = render.lines(piece.rows, layout)
        text = _broken_text(body, header, piece, layout)
        path.parent.mkdir(parents=True, exist_ok=True)
        encoding = layout.encoding.removesuffix("-sig")
        start = b"" if written or not header else (header + "\n").encode(layout.encoding)
        with path.open("ab" if written else "wb") as file:
            file.write(start + as_bytes(text, encoding))

    def _keep(self, key: tuple[str, str, str], piece: Soiled, layout: Layout) -> None:
        kept = self._kept.setdefault(key, [])
        kept.append(piece)
        if sum(len(p.fault) for p in kept) > PART_ROWS:
            self._write_part(key[2], kept, layout)
            kept.clear()

    def _write_part(self, stem: str, pieces: list[Soiled], layout: Layout) -> None:
        self._parts[stem] = self._parts.get(stem, 0) + 1
        name = f"{stem}_p{self._parts[stem]}.{layout.type}"
        rows = concat([piece.rows for piece in pieces])
        whole = Soiled(rows, np.concatenate([p.fault for p in pieces]), np.concatenate([p.repeat for p in pieces]))
        self._count(name, whole, layout)
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        if layout.type == "xlsx":
            render.write_workbook(path, rows, layout)
        else:
            render.write_parquet(path, rows)

    def _count(self, name: str, piece: Soiled, layout: Layout) -> int:
        """Notes rows and faults of the piece; returns how many rows the file had before."""
        written = self.rows_of.get(name, 0)
        has_header = layout.type not in ("jsonl", "parquet")
        for place in np.flatnonzero(piece.fault >= 0):
            fault, number = layout.breaks[piece.fault[place]], written + int(place) + 1
            self.broken.append(
                (piece.rows.source, piece.rows.block, name, number, number + has_header, fault.rule, fault.column)
            )
        self.rows_of[name] = written + len(piece.fault)
        return written


def _broken_text(body: pa.Array, header: str, piece: Soiled, layout: Layout) -> str:
    """All lines with their ends, broken where a fault concerns the line."""
    lines = body.to_pylist()
    for place in np.flatnonzero(piece.fault >= 0):
        fault = layout.breaks[piece.fault[place]]
        if not fault.column:
            lines[place] = break_line(lines[place], header, fault, layout)
    return "\n".join(lines) + "\n"


def _split(soiled: Soiled, period: int, span: Span) -> list[tuple[str, np.ndarray]]:
    """File names (their varying part) and the places of the rows that go there, in writing order."""
    day = _export_day(soiled, period, span)
    label = np.zeros(len(day), dtype=np.int64) if soiled.rows.label is None else soiled.rows.label + 1
    key = day * 1000 + label
    order = np.argsort(key, kind="stable")
    starts = np.flatnonzero(np.diff(key[order], prepend=-1))
    pieces = np.split(order, starts[1:])
    return [(_name(int(key[piece[0]])), piece) for piece in pieces if len(piece)]


def _name(key: int) -> str:
    day, label = np.datetime64(key // 1000, "D"), key % 1000
    return f"{day}_S{label:02d}" if label else str(day)


def _export_day(soiled: Soiled, period: int, span: Span) -> np.ndarray:
    """The last day of the period a row belongs to (days since 1970, business time); the first store sends daily at
    the end."""
    at = soiled.rows.at.clip(span.start, span.end - 1)
    if period == 0:
        return np.full(len(at), (span.start + 8 * 3600) // DAY)
    local = (at + 8 * 3600) // DAY
    months = local.astype("datetime64[D]").astype("datetime64[M]").astype(np.int64)
    following = ((months // period + 1) * period).astype("datetime64[M]").astype("datetime64[D]").astype(np.int64)
    last = np.minimum(following - 1, (span.end + 8 * 3600) // DAY - 1)
    daily = (
        np.zeros(len(at), dtype=bool)
        if soiled.rows.label is None
        else (soiled.rows.label == 0) & (at >= span.end - DAILY_DAYS * DAY)
    )
    return np.where(daily, local, last)
