"""Cells of files that people open in a spreadsheet: what it would take for a formula has an apostrophe before it."""

import re
from typing import Any

FORMULA = r"'*[=+\-@\t\r＝＋－＠]"
"""How a text begins that a spreadsheet would take for a formula."""
NEGATIVE = r"-[0-9]+([.,][0-9]+)?"
"""A number below zero, which is none."""

_FORMULA, _NEGATIVE = re.compile(FORMULA), re.compile(NEGATIVE)


def escaped(value: Any) -> str:
    """The value as the text of a cell."""
    text = "" if value is None else str(value).replace("\0", "\\x00")
    return f"'{text}" if _FORMULA.match(text) and not _NEGATIVE.fullmatch(text) else text


def plain(text: str) -> str:
    """The text that `escaped` was given."""
    return text[1:] if text.startswith("'") and _FORMULA.match(text) else text
