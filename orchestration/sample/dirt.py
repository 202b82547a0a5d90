"""Dirt, planted and counted: broken rows (one rule each), exact repeats, rows that arrive late.

A new kind of fault is a `Break` in `layout.py`; a fault of a whole line is spelled in `break_line`. Good rows are
never touched.
"""

from dataclasses import dataclass

import numpy as np

from orchestration.sample.chunk import DAY, Chunk
from orchestration.sample.layout import Break, Layout
from orchestration.sample.rows import Rows, concat
from orchestration.sample.text import constant, join

ROWS_A_BREAK = 5000
REPEATED, REPEATED_LATER, LATE = 0.002, 0.0007, 0.004
MONTH = 31 * DAY
BAD_BYTE = "\ue000"
"""Stands for a byte that is no text; the writer puts 0xFF in its place."""


@dataclass(frozen=True)
class Soiled:
    """Rows with dirt between them. `fault`: place in layout.breaks (-1: none); `repeat`: an exact copy of a row
    before it."""

    rows: Rows
    fault: np.ndarray
    repeat: np.ndarray


def soil(chunk: Chunk, rows: Rows, layout: Layout) -> Soiled:
    """The rows with broken copies and exact copies among them, in the order in which they are written."""
    rng, size = chunk.rng(f"dirt/{rows.source}/{rows.block}"), len(rows)
    sources = [_fault_sources(chunk, rng, size) for _ in layout.breaks]
    broken = [_broken(rows.take(chosen), fault, layout) for chosen, fault in zip(sources, layout.breaks, strict=True)]
    at = _arrival(chunk, rng, rows.at, layout)
    again, arrives = _copies(chunk, rng, at, layout)
    copies = rows.take(again).arriving(arrives)
    all_rows = concat([rows.arriving(at), *broken, copies])
    fault = np.concatenate(
        [np.full(size, -1), *(np.full(len(s), n) for n, s in enumerate(sources)), np.full(len(copies), -1)]
    )
    place = np.concatenate([np.arange(size), *(s + 0.5 for s in sources), again + 0.25])
    order = np.lexsort((place, all_rows.at))
    return Soiled(all_rows.take(order), fault[order], (np.arange(len(fault)) >= len(fault) - len(copies))[order])


def _fault_sources(chunk: Chunk, rng: np.random.Generator, size: int) -> np.ndarray:
    """The rows of which broken copies are made: at least one for each rule in the first chunk."""
    count = min(size, size // ROWS_A_BREAK + (chunk.number == 0))
    return np.sort(rng.choice(size, count, replace=False))


def _broken(rows: Rows, fault: Break, layout: Layout) -> Rows:
    """Copies with an id of their own and the one wrong value; line faults are made when the line is written."""
    if layout.identifier:
        rows = rows.with_column(layout.identifier, join("", "X", rows.columns[layout.identifier]))
    return rows.with_column(fault.column, constant(fault.value or None, len(rows))) if fault.column else rows


def _copies(chunk: Chunk, rng: np.random.Generator, at: np.ndarray, layout: Layout) -> tuple[np.ndarray, np.ndarray]:
    """Which rows are repeated, and when the copy arrives: right behind the row, or with a later month's file.

    Only blocks whose records never change are delivered again later: an old version after a newer one is no duplicate.
    """
    luck = rng.random(len(at))
    later = (luck > 1 - REPEATED_LATER) & (layout.period == 1) & layout.is_final & (at + MONTH < chunk.span.end)
    chosen = np.flatnonzero(((luck < REPEATED) | later) & layout.repeats)
    return chosen, np.where(later[chosen], at[chosen] + MONTH, at[chosen])


def _arrival(chunk: Chunk, rng: np.random.Generator, at: np.ndarray, layout: Layout) -> np.ndarray:
    """When each row reaches its file: a few rows of monthly blocks come a month late."""
    late = (rng.random(len(at)) < LATE) & (layout.period == 1) & (at + MONTH < chunk.span.end)
    return np.where(late, at + MONTH, at)


def break_line(line: str, header: str, fault: Break, layout: Layout) -> str:
    """The line with a fault of the whole line."""
    if fault.rule == "width":
        return f"{line}{layout.delimiter}surplus"
    if fault.rule == "framing":
        return f'"{line}'
    if fault.rule == "repeated_header":
        return header
    if fault.rule == "json":
        return line[: len(line) // 2]
    if fault.rule == "encoding":
        return line + BAD_BYTE
    return line


def as_bytes(text: str, encoding: str) -> bytes:
    """Encoded text with the bad bytes in it."""
    return bytes([0xFF]).join(part.encode(encoding) for part in text.split(BAD_BYTE))
