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
