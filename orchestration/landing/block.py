"""One block opened for writing: its folders in order, what a kill cut short made whole, its ledger, and its judge."""

import gc
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from orchestration.landing.batches import Reading
from orchestration.landing.judge import Judge
from orchestration.landing.ledger import FileReport, read_block_ledger, recover
from orchestration.landing.quarantine import expire
from orchestration.landing.suppression import Sieve, Suppression, load_suppression
from orchestration.landing.tables import quarantine_path, raw_path, write_schema_files
from orchestration.landing.writing import remove_unfinished
from orchestration.settings.home import Home
from orchestration.settings.sources import BlockRef, SourcesFile


@dataclass
class OpenBlock:
    """What landing a file and reading one again share. `ledger`: the manifests of the block, by time of loading."""

    home: Home
    ref: BlockRef
    judge: Judge
    ledger: list[FileReport]
    load_id: str
    moment: datetime
    suppression: Suppression | None = None

    def sieve(self, reading: Reading) -> Sieve | None:
        """What holds back the rows of erased persons from one file; None where nobody was ever erased."""
        return Sieve(self.suppression, self.ref, reading.encoding) if self.suppression else None

    def next_moment(self) -> datetime:
        """The loading time of the next file. Loading times of a block only grow, even when the machine's clock went back."""
        self.moment += timedelta(microseconds=1)
        return self.moment


@contextmanager
def open_block(
    home: Home, sources_file: SourcesFile, ref: BlockRef, load_id: str, now: datetime
) -> Iterator[OpenBlock]:
    """Opens a block for one landing. `now`: aware; what is older than the quarantine's retention expires.

    Raises SuppressionUnusable when it cannot be told who was erased.
    """
    suppression = load_suppression(home)
    prepare_folders(home, ref)
    ledger = read_block_ledger(home, ref.source, ref.block)
    expire(home, ref, ledger, now - timedelta(days=sources_file.retention.quarantine_days))
    latest = max([now.astimezone(UTC), *(datetime.fromisoformat(entry.loaded_at) for entry in ledger)])
    with _without_collection(), Judge(home, ref, now) as judge:
        yield OpenBlock(home, ref, judge, ledger, load_id, latest, suppression)


def prepare_folders(home: Home, ref: BlockRef) -> None:
    """Makes the folders a landing needs, and completes or takes away what a killed one left."""
    for folder in (home.landing, home.archive, home.temporary):
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    recover(home, ref)
    for path in (raw_path(home, ref, "0"), quarantine_path(home, ref, "0")):
        remove_unfinished(path.parent)
    write_schema_files(home)


@contextmanager
def _without_collection() -> Iterator[None]:
    """Millions of short-lived rows make the collector of reference cycles run for nothing: a quarter of the time of a CSV."""
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()
