"""What every criterion is made of: codes, bilingual texts, and bands without gap or overlap."""

from collections.abc import Sequence
from decimal import Decimal
from itertools import pairwise
from typing import Annotated, TypeVar

from pydantic import Field

from orchestration.settings.loader import Strict

Positive = Annotated[int, Field(gt=0)]
Code = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]{0,39}$")]


class Text(Strict):
    """One text in the two languages of the product."""

    zh: str
    en: str


class Interval(Strict):
    """A half-open interval [at_least, below); an absent end is open."""

    code: Code
    label: Text
    at_least: Decimal | None = None
    below: Decimal | None = None


AnyInterval = TypeVar("AnyInterval", bound=Interval)


def check_intervals(intervals: Sequence[AnyInterval]) -> list[AnyInterval]:
    """The intervals from low to high. Raises ValueError for a gap, an overlap, an open inner end or a doubled code."""
    if len({interval.code for interval in intervals}) != len(intervals):
        raise ValueError("each band needs its own code")
    ordered = sorted(
        intervals, key=lambda interval: Decimal("-Infinity") if interval.at_least is None else interval.at_least
    )
    if ordered[0].at_least is not None or ordered[-1].below is not None:
        raise ValueError("the lowest band has no 'at_least' and the highest no 'below', so that no value falls outside")
    for lower, upper in pairwise(ordered):
        if lower.below is None or upper.at_least is None or lower.below != upper.at_least:
            is_gap = lower.below is not None and upper.at_least is not None and lower.below < upper.at_least
            raise ValueError(
                f"{'gap' if is_gap else 'overlap'} between band '{lower.code}' (below {lower.below}) "
                f"and band '{upper.code}' (at_least {upper.at_least})"
            )
    return ordered
