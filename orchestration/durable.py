"""What makes a change on disk outlive a power cut. Used wherever files are published by renaming."""

import os
from pathlib import Path


def sync(path: Path) -> None:
    """Puts a file's bytes, or a folder's list of names, safely on disk."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def write_file(path: Path, content: bytes) -> None:
    """Puts a whole file in place or none: a kill at any moment leaves the old one or the new one."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    aside = path.with_name(path.name + ".new")
    aside.write_bytes(content)
    sync(aside)
    aside.replace(path)
    sync(path.parent)
