"""What a figure of a page is made of. Which figures there are is in churn_figures.py and effect_figures.py, how they are
drawn in charts.py."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import altair as alt

LEAST_CELL = 5  # nothing is told of fewer customers
Say = Callable[[str, str], str]
Row = dict[str, Any]


@dataclass(frozen=True)
class Figure:
    """One figure: its title and what it says, in both languages; the numbers, as rows of its columns; and how it is drawn,
    which is nothing where there is no number. `columns`: key of a row → header."""

    zh: str
    en: str
    note_zh: str
    note_en: str
    columns: dict[str, str]
    rows: list[Row]
    chart: alt.TopLevelMixin | None


def bilingual(zh: str, en: str) -> str:
    return zh if zh == en else f"{zh} {en}"
