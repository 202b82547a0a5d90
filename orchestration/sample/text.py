"""Vectorised building blocks for text columns: codes, money, times, picks from word lists. Arrow in, Arrow out.

Add a helper here when two channels need the same formatting. Nothing here knows a channel, a person or a file.
"""

from collections.abc import Sequence
from typing import Any, TypeAlias

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

Text: TypeAlias = pa.Array
"""One text column; null means the value is absent."""


def texts(values: Sequence[Any] | np.ndarray) -> Text:
    """A text column of Python strings (None stays null)."""
    return pa.array(values, pa.string())


def constant(value: str | None, length: int) -> Text:
    """The same text `length` times."""
    return pa.nulls(length, pa.string()) if value is None else pa.repeat(pa.scalar(value, pa.string()), length)


def pick(words: Sequence[str | None] | Text, index: np.ndarray) -> Text:
    """`words[index]`; a negative index gives null."""
    source = words if isinstance(words, pa.Array) else texts(words)
    return source.take(pa.array(index, pa.int64(), mask=index < 0))


def whole(numbers: np.ndarray, width: int = 0) -> Text:
    """Integers as text, padded with zeros to `width`."""
    column = pa.array(numbers, pa.int64()).cast(pa.string())
    return pc.utf8_lpad(column, width, "0") if width else column


def code(prefix: str, numbers: np.ndarray, width: int = 7) -> Text:
    """Identifiers such as `AC0000012`."""
    return join("", prefix, whole(numbers, width))


def join(separator: str, *parts: Text | str) -> Text:
    """The parts of each row joined; null where any part is null."""
    return pc.binary_join_element_wise(*parts, separator)


def money(cents: np.ndarray, decimal: str = ".") -> Text:
    """Hundredths as an amount with two digits after the decimal mark."""
    size = np.abs(cents)
    sign = pick(["", "-"], (cents < 0).astype(np.int64))
    return join("", sign, whole(size // 100), decimal, whole(size % 100, 2))


def moments(seconds: np.ndarray, pattern: str, timezone: str = "UTC") -> Text:
    """Seconds since 1970 (UTC) as local time by a strftime pattern, `epoch_ms` or `epoch_s`; negative gives null."""
    if pattern in ("epoch_ms", "epoch_s"):
        return keep(whole(seconds * 1000 if pattern == "epoch_ms" else seconds), seconds >= 0)
    stamps = pa.array(seconds, pa.int64(), mask=seconds < 0).cast(pa.timestamp("s", "UTC"))
    return pc.strftime(stamps.cast(pa.timestamp("s", timezone)), pattern)


def days(numbers: np.ndarray, pattern: str = "%Y-%m-%d") -> Text:
    """Days since 1970 as dates (days before 1970 are fine: people are born then)."""
    return pc.strftime(pa.array(numbers, pa.int32()).cast(pa.date32()).cast(pa.timestamp("s")), pattern)


def keep(column: Text, where: np.ndarray) -> Text:
    """The column with null wherever `where` is false."""
    return pc.if_else(pa.array(where), column, pa.scalar(None, pa.string()))


def choose(where: np.ndarray, yes: Text, no: Text) -> Text:
    """Row by row one column or the other."""
    return pc.if_else(pa.array(where), yes, no)


def draw(rng: np.random.Generator, weights: Sequence[float] | np.ndarray, length: int) -> np.ndarray:
    """`length` indexes drawn by (not normalised) weights."""
    bounds = np.cumsum(np.asarray(weights, dtype=float))
    return np.searchsorted(bounds, rng.random(length) * bounds[-1], side="right").clip(0, len(bounds) - 1)
