"""What makes a change on disk outlive a power cut. Used wherever files are published by renaming.

And the form of what is kept for good, such as what people decided: a file of JSON lines, each written once.
"""

import json
import os
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any, TypeVar

Kept = TypeVar("Kept")


class KeptLinesDamaged(ValueError):
    """A file of kept lines cannot be read. The text names the file, the line and what to do."""


def sync(path: Path) -> None:
    """Puts a file's bytes, or a folder's list of names, safely on disk."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def write_file(path: Path, content: bytes, mode: int = 0o666) -> None:
    """Puts a whole file in place or none: a kill at any moment leaves the old one or the new one. `mode`: less the umask."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    aside = path.with_name(path.name + ".new")
    aside.unlink(missing_ok=True)
    aside.touch(mode)
    aside.write_bytes(content)
    sync(aside)
    aside.replace(path)
    sync(path.parent)


def read_lines(path: Path, read: Callable[[dict[str, Any]], Kept], what: str) -> list[Kept]:
    """What `read` makes of each line, the first one first; nothing where there is no file. Raises KeptLinesDamaged naming the
    first line that is no `what`."""
    if not path.exists():
        return []
    kept = []
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), start=1):
        try:
            kept.append(read(json.loads(line)))
        except (ValueError, TypeError, KeyError, AttributeError) as error:
            raise KeptLinesDamaged(
                f"{path.name}, line {number}: no {what} ({type(error).__name__}); restore the file from a backup"
            ) from None
    return kept


def write_lines(path: Path, lines: Iterable[dict[str, Any]]) -> None:
    """Puts the whole file of lines in place or none; only its owner may read it."""
    text = "".join(f"{json.dumps(line, ensure_ascii=False, sort_keys=True)}\n" for line in lines)
    write_file(path, text.encode(), 0o600)
