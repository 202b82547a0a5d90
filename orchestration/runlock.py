"""One writer at a time: a lock on a file of its own, held for the whole run.

The lock is never taken on the database file: closing any handle of a file drops its locks, a file beside it is safe.
"""

import fcntl
import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from orchestration.settings.home import Home

_held: dict[Path, int] = {}  # how often this process holds which lock: a run may nest (command line > Dagster run)


class RunLocked(Exception):
    """Another process holds the lock. The message says which, so that the operator can look at it or wait."""


@contextmanager
def run_lock(home: Home, run: str) -> Iterator[None]:
    """Holds the lock while the block runs; `run` names who holds it. Raises RunLocked at once when another process does."""
    path = home.run_lock
    if _held.get(path):
        _held[path] += 1
        try:
            yield
        finally:
            _held[path] -= 1
        return
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
    try:
        _take(descriptor, path, run)
        _held[path] = 1
        yield
    finally:
        _held.pop(path, None)
        os.close(descriptor)


def _take(descriptor: int, path: Path, run: str) -> None:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        holder = path.read_text(encoding="utf-8") or "{}"
        about = json.loads(holder) if holder.startswith("{") else {}
        raise RunLocked(
            f"another run holds the lock (pid {about.get('pid', '?')}, run {about.get('run', '?')}); "
            f"wait until it ends or stop it; nothing was changed"
        ) from None
    os.ftruncate(descriptor, 0)
    os.pwrite(descriptor, json.dumps({"pid": os.getpid(), "run": run}).encode(), 0)
