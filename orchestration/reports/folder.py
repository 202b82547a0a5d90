"""Puts the reports of a publication in place: written aside, safe on disk, then renamed; `latest` leads to the newest.

Folders are for their owner only (0700, files 0600). Nothing here knows what the files say.
"""

import os
import re
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from orchestration.durable import sync
from orchestration.serving.swap import point, seal

ASIDE = ".build-"
LATEST = "latest"
_PUBLICATION = re.compile(r"\d{8}T\d{12}-[0-9a-f]{6}")


@contextmanager
def written_aside(reports: Path, publication_id: str, keep: int) -> Iterator[Path]:
    """A folder to write into; it becomes the publication's when all is written, and is gone after any failure.

    Files of the same publication that are there already are replaced one by one. The newest `keep` folders stay.
    """
    reports.mkdir(mode=0o700, parents=True, exist_ok=True)
    for remains in reports.glob(f"{ASIDE}*"):
        shutil.rmtree(remains)
    aside, target = reports / f"{ASIDE}{publication_id}", reports / publication_id
    aside.mkdir(mode=0o700)
    try:
        yield aside
        seal(aside)
    except BaseException:
        shutil.rmtree(aside, ignore_errors=True)
        raise
    if target.exists():
        _replace_files(aside, target)
    else:
        aside.replace(target)
    sync(reports)
    _prune(reports, keep)
    point(reports / LATEST, reports / _kept(reports)[-1])
    sync(reports)


def _replace_files(aside: Path, target: Path) -> None:
    for folder, folders, names in os.walk(aside):
        place = target / Path(folder).relative_to(aside)
        for name in folders:
            (place / name).mkdir(mode=0o700, exist_ok=True)
        for name in names:
            Path(folder, name).replace(place / name)
        sync(place)
    shutil.rmtree(aside)


def _kept(reports: Path) -> list[Path]:
    """The publications' folders, oldest first: their names begin with their time."""
    return sorted(path for path in reports.iterdir() if path.is_dir() and _PUBLICATION.fullmatch(path.name))


def _prune(reports: Path, keep: int) -> None:
    for folder in _kept(reports)[:-keep]:
        shutil.rmtree(folder)
