"""The one error a wrong setting ends in: it names file, key and line, what was found and what is allowed."""

from dataclasses import dataclass
from pathlib import Path


@dataclass
class SettingsError(Exception):
    """A wrong setting. `key` is the dotted path in the file; `line` counts from 1 (None when the key is missing altogether)."""

    file: Path
    key: str
    line: int | None
    found: str
    allowed: str

    def __str__(self) -> str:
        place = f"{self.file}:{self.line}" if self.line else str(self.file)
        return f"{place}: {self.key}: found {self.found}; allowed: {self.allowed}"


class SettingsErrors(Exception):
    """All wrong settings of one configuration, so that a user mends them in one go."""

    def __init__(self, errors: list[SettingsError]):
        super().__init__("\n".join(str(error) for error in errors))
        self.errors = errors
