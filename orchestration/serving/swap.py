"""Puts a verified build in place of what is published, by renames alone, and keeps the folder in order.

Once `READY` lies in a build folder the build is the truth: if the process dies between two renames, `recover` finishes
them. Without it a build folder is rubbish of a run that failed or was killed.
"""

import os
import shutil
from pathlib import Path

from orchestration.durable import sync
from orchestration.serving.build import ORDINARY, PARQUET, RESTRICTED

BUILD_PREFIX = ".build-"
READY = "READY"
VERSIONS = "versions"
KEPT_VERSIONS = 3


def build_folder(serving: Path, publication_id: str) -> Path:
    """A new folder for a build, for its owner only, on the same file system as what it will replace."""
    folder = serving / f"{BUILD_PREFIX}{publication_id}"
    folder.mkdir(mode=0o700, parents=True)
    return folder


def swap_in(serving: Path, build: Path) -> None:
    """Publishes a verified build. Readers see the old files or the new ones, each whole."""
    shutil.rmtree(build / "spill", ignore_errors=True)
    seal(build)
    (build / READY).touch(mode=0o600)
    sync(build)
    _finish(serving, build)


def recover(serving: Path) -> None:
    """Finishes an interrupted swap, and clears remains of builds that never got so far. Only the writer calls it."""
    for build in sorted(serving.glob(f"{BUILD_PREFIX}*")):
        if (build / READY).exists():
            _finish(serving, build)
        else:
            shutil.rmtree(build)


def _finish(serving: Path, build: Path) -> None:
    """The renames. Each is skipped if it was done before, so that it can be repeated after a crash."""
    version = serving / VERSIONS / build.name.removeprefix(BUILD_PREFIX)
    version.mkdir(mode=0o700, parents=True, exist_ok=True)
    (serving / VERSIONS).chmod(0o700)
    if (build / PARQUET).exists():
        (build / PARQUET).replace(version / PARQUET)
    sync(version)
    sync(serving / VERSIONS)
    for name in (RESTRICTED, ORDINARY):
        if (build / name).exists():
            (build / name).replace(serving / name)
    point(serving / PARQUET, version / PARQUET)
    sync(serving)
    shutil.rmtree(build)
    _prune(serving / VERSIONS)


def point(link: Path, target: Path) -> None:
    """Makes `link` lead to `target` at once: a new link is renamed over the old one."""
    fresh = link.with_name(f".{link.name}-link")
    fresh.unlink(missing_ok=True)
    fresh.symlink_to(target.relative_to(link.parent), target_is_directory=True)
    fresh.replace(link)


def _prune(versions: Path) -> None:
    """Keeps the newest versions, for readers that followed the link before the swap. Names sort by time."""
    for version in sorted(versions.iterdir())[:-KEPT_VERSIONS]:
        shutil.rmtree(version)


def seal(build: Path) -> None:
    """Owner-only rights, and all bytes on disk, files before the folders that hold them."""
    for folder, _, names in os.walk(build, topdown=False):
        for name in names:
            Path(folder, name).chmod(0o600)
            sync(Path(folder, name))
        Path(folder).chmod(0o700)
        sync(Path(folder))
