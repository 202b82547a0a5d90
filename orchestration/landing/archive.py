"""The archive: originals under their sha256, and in place of a file that held erased persons what remains of it.

That is `<sha256>.reduced` (see `reduced.py`). Nothing here decides which rows go.
"""

from collections.abc import Collection, Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from orchestration.durable import sync
from orchestration.landing.batches import Batch, Reading
from orchestration.landing.containers import LandedFile
from orchestration.landing.ledger import REDUCED
from orchestration.landing.readers import open_reading
from orchestration.landing.reduced import Place, ReducedReading, write_rows
from orchestration.landing.writing import UNFINISHED, move
from orchestration.settings.home import Home
from orchestration.settings.sources import Block


def archived(home: Home, sha256: str) -> Path | None:
    """The archived file, reduced or as it came; None when the archive has neither."""
    for path in (reduced_path(home, sha256), home.archive / sha256):
        if path.exists():
            return path
    return None


def reduced_path(home: Home, sha256: str) -> Path:
    return home.archive / (sha256 + REDUCED)


@contextmanager
def open_archived(home: Home, sha256: str, block: Block) -> Iterator[Reading]:
    """Opens a file of the archive. Raises FileRefused when it is not what was declared, FileNotFoundError without one."""
    path = archived(home, sha256)
    if path is None:
        raise FileNotFoundError(sha256)
    with LandedFile(path) as file:
        if path.name.endswith(REDUCED):
            yield ReducedReading(file, [*block.columns.values(), *block.key])
        else:
            yield open_reading(file, block)


def put_away(home: Home, file: LandedFile) -> None:
    """Moves an original to the archive; one that the archive has in reduced form goes for good."""
    if reduced_path(home, file.sha256).exists():
        file.path.unlink()
        sync(file.path.parent)
    else:
        move(file.path, home.archive / file.sha256)


def write_reduced(
    home: Home,
    sha256: str,
    reading: Reading,
    batches: Iterable[Batch],
    gone: Collection[int],
    places: Mapping[int, Place],
) -> None:
    """Puts `batches`, what is left of `reading`, in the place of an archived file, and takes the original away.

    `gone`: numbers of the rows that are left out, which may grow while the batches are read; `places`: of the rows in
    quarantine by number. A kill leaves the old file or the new one.
    """
    target = reduced_path(home, sha256)
    unfinished = target.with_name(target.name + UNFINISHED)
    try:
        write_rows(unfinished, reading, batches, gone, places)
    except BaseException:
        unfinished.unlink(missing_ok=True)
        raise
    unfinished.chmod(0o600)
    sync(unfinished)
    unfinished.replace(target)
    (home.archive / sha256).unlink(missing_ok=True)
    sync(home.archive)
