"""Cursor values: from the text of a state file back to what a database compares, and the bound of the next read.

Order is only trusted where Python's and the database's agree: whole and decimal numbers, days, times. A text is ordered by
the database's collation, so that no bound is made of it here.
"""

from collections.abc import Callable, Collection, Iterable
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any

_PARSERS: dict[str, Callable[[str], Any]] = {
    "int": int,
    "Decimal": Decimal,
    "datetime": datetime.fromisoformat,
    "date": date.fromisoformat,
}
KINDS = (*_PARSERS, "str")
"""What a cursor can be where the highest one alone is remembered."""


def kind_of(value: Any) -> str:
    return type(value).__name__


def parsed(kind: str, text: str) -> Any:
    return _PARSERS.get(kind, str)(text)


def lowest(texts: Iterable[str], kinds: Collection[str]) -> Any:
    """The lowest of these cursors, or None when their order is not certain: then all rows are to be read."""
    kind = next(iter(kinds)) if len(kinds) == 1 else ""
    if kind not in _PARSERS:
        return None
    try:
        return min((_PARSERS[kind](text) for text in texts), default=None)
    except ArithmeticError:  # NaN, which has a place in a database's order and none in Python's
        return None


def before(value: Any, seconds: int) -> Any:
    """Where to read on from: times less the overlap, days less the days it touches, all else at the value itself."""
    if isinstance(value, datetime):
        return value - timedelta(seconds=seconds)
    if isinstance(value, date):
        return value - timedelta(days=-(-seconds // 86_400))
    return value
