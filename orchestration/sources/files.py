"""Lists the files of a source block that are ready to be landed: regular, settled, inside the landing folder.

Only names and file status are looked at; content is the business of `landing/`.
"""

import os
import stat
import time
from pathlib import Path

from orchestration.settings.sources import BlockRef

UNFINISHED = (".tmp", ".part", ".partial", ".crdownload", ".filepart", ".done")
DONE = ".done"


def ready_files(landing: Path, ref: BlockRef, settle_seconds: float = 0.0) -> tuple[list[Path], list[Path]]:
    """The block's files in name order: (settled, not yet settled).

    Settled: unchanged for `settle_seconds`, or with a marker `<name>.done` beside it. Left out without a word: hidden and
    unfinished names, links, folders, pipes, devices, and whatever lies outside the landing folder once links are followed.
    """
    root = Path(os.path.realpath(landing))
    settled: list[Path] = []
    waiting: list[Path] = []
    for path in sorted(landing.glob(ref.path), key=os.fsencode):
        status = _regular(path, root)
        if status is not None:
            (settled if _is_settled(path, status, settle_seconds) else waiting).append(path)
    return settled, waiting


def done_marker(path: Path) -> Path:
    """The marker that says a file is complete."""
    return path.with_name(path.name + DONE)


def _regular(path: Path, root: Path) -> os.stat_result | None:
    name = path.name
    if name.startswith((".", "~$")) or name.lower().endswith(UNFINISHED):
        return None
    try:
        status = path.lstat()
        folder = Path(os.path.realpath(path.parent))
    except OSError:
        return None
    inside = folder == root or root in folder.parents
    return status if stat.S_ISREG(status.st_mode) and inside else None


def _is_settled(path: Path, status: os.stat_result, settle_seconds: float) -> bool:
    if settle_seconds <= 0 or time.time() - status.st_mtime >= settle_seconds:
        return True
    try:
        return done_marker(path).exists()
    except OSError:  # the marker's name may be longer than a name can be
        return False
