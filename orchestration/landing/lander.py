"""The lander: settled files of one block in; raw Parquet, quarantine, archive and ledger out.

Per file, in this order and each atomically: raw and quarantine complete under unfinished names, pending manifest, original moved
to the archive, raw and quarantine under their names, manifest. A kill between any two is completed or repeated by the next
landing (`ledger.recover`), never doubled. Rows are counted, and rows_read = loaded + quarantined + duplicate + erased is
checked before the pending manifest is written. A block whose reading or mapping changed is read again from the archive
(`again.py`). Reasons, logs and exceptions never hold values of rows.
"""

import os
from dataclasses import replace
from datetime import datetime
from pathlib import Path

from orchestration.landing import limits
from orchestration.landing.again import is_outdated, read_again
from orchestration.landing.archive import put_away, write_reduced
from orchestration.landing.batches import FileChanged, FileRefused
from orchestration.landing.block import OpenBlock, open_block, prepare_folders
from orchestration.landing.containers import LandedFile
from orchestration.landing.figures import read_rows
from orchestration.landing.judge import Judged
from orchestration.landing.ledger import (
    LOADED,
    REFUSED,
    BlockReport,
    FileReport,
    commit,
    fingerprints,
    prepare,
    read_block_ledger,
)
from orchestration.landing.outcome import Outcome, Stamps
from orchestration.landing.quarantine import read_unfinished_quarantine
from orchestration.landing.readers import open_reading
from orchestration.landing.reduced import places_of
from orchestration.landing.tables import IN_QUARANTINE, quarantine_table, raw_path
from orchestration.settings.home import Home
from orchestration.settings.sources import SourcesFile, block_ref, blocks
from orchestration.sources.files import done_marker, ready_files


def land_block(
    home: Home,
    sources_file: SourcesFile,
    source: str,
    block: str,
    load_id: str,
    now: datetime,
    settle_seconds: float = 0.0,
) -> BlockReport:
    """Lands every settled file of one block, in name order. `now`: aware, UTC; times after its tomorrow are refused.

    Files that landed under other settings are read again first. One bad file never stops the others. Raises KeyError when there
    is no such block.
    """
    ref = block_ref(sources_file, source, block)
    report = BlockReport(source, block)
    settled, waiting = ready_files(home.landing, ref, settle_seconds)
    report.pending = [printable(home, path) for path in waiting]
    prepare_folders(home, ref)
    changed = [entry for entry in read_block_ledger(home, source, block) if is_outdated(entry, ref)]
    if not settled and not changed:
        return report
    with open_block(home, sources_file, ref, load_id, now) as opened:
        for entry in changed:
            read_again(opened, entry, report)
        known = {entry.sha256 for entry in opened.ledger if entry.status == LOADED}
        opened.judge.remember([raw_path(home, ref, entry.sha256) for entry in opened.ledger if entry.rows_loaded])
        for path in settled:
            _land_file(opened, path, known, report)
    return report


def pending_files(
    home: Home, sources_file: SourcesFile, settle_seconds: float = 0.0
) -> dict[tuple[str, str], list[Path]]:
    """The settled files that wait, by (source, block); blocks without any are left out. Looks at names and status only."""
    found = {(ref.source, ref.block): ready_files(home.landing, ref, settle_seconds)[0] for ref in blocks(sources_file)}
    return {place: paths for place, paths in found.items() if paths}


def printable(home: Home, path: Path) -> str:
    """A file's name below landing/, with bytes that are no text and control characters escaped."""
    name = os.fsencode(os.path.relpath(path, home.landing)).decode("utf-8", "backslashreplace")
    return "".join(letter if letter.isprintable() else f"\\x{ord(letter):02x}" for letter in name)


def _land_file(opened: OpenBlock, path: Path, known: set[str], report: BlockReport) -> None:
    name = printable(opened.home, path)
    try:
        with LandedFile(path) as file:
            if file.sha256 in known:
                _put_away(opened.home, file)
                report.repeated.append(name)
                return
            report.files.append(_land_new(opened, file, name, opened.next_moment()))
            if report.files[-1].status == LOADED:
                known.add(file.sha256)
    except (FileChanged, FileNotFoundError):
        report.pending.append(name)
    except Exception as error:  # an error of ours in one file must not stop the others; its text may hold values
        report.failed[name] = type(error).__name__


def _land_new(opened: OpenBlock, file: LandedFile, name: str, moment: datetime) -> FileReport:
    ref, judge = opened.ref, opened.judge
    outcome = Outcome(opened.home, ref, file.sha256, Stamps(opened.load_id, moment))
    entry = FileReport(
        source=ref.source,
        entity=ref.block,
        canonical=ref.canonical,
        file=name,
        sha256=file.sha256,
        bytes=file.bytes,
        status=LOADED,
        load_id=opened.load_id,
        loaded_at=moment.isoformat(),
        **fingerprints(ref),
    )

    def set_aside(judged: Judged) -> None:
        rows = quarantine_table(ref, name, file.sha256, opened.load_id, judged.faults, judged.fault_keys)
        outcome.quarantine(rows, IN_QUARANTINE)

    try:
        reading = open_reading(file, ref.settings)
        sieve = opened.sieve(reading)
        figures = read_rows(sieve.over(reading) if sieve else reading, ref, judge, outcome, set_aside)
        file.check_unchanged()
        outcome.erase(len(sieve.numbers) if sieve else 0)
        duplicates = judge.duplicates(outcome.end_raw())
        outcome.close(duplicates, len(duplicates))
        entry = replace(entry, **figures.told(reading, outcome))
        _finish(opened, file, entry, outcome)
        judge.accept(raw_path(opened.home, ref, file.sha256))
        return entry
    except FileRefused as refused:
        outcome.discard()
        file.check_unchanged()
        entry = replace(entry, status=REFUSED, reason=str(refused))
        _finish(opened, file, entry, None)
        return entry
    except BaseException:
        outcome.discard()
        raise


def _finish(opened: OpenBlock, file: LandedFile, entry: FileReport, outcome: Outcome | None) -> None:
    pending = prepare(opened.home, entry)
    if entry.rows_erased:
        _reduce(opened, file)
    _put_away(opened.home, file)
    if outcome:
        outcome.publish()
    commit(opened.home, pending)


def _reduce(opened: OpenBlock, file: LandedFile) -> None:
    """Keeps what is left of a file with rows of erased persons, before the original goes."""
    reading = open_reading(file, opened.ref.settings)
    sieve = opened.sieve(reading)
    assert sieve is not None
    refused = read_unfinished_quarantine(opened.home, opened.ref, file.sha256)
    write_reduced(opened.home, file.sha256, reading, sieve(reading.batches()), sieve.numbers, places_of(refused))


def _put_away(home: Home, file: LandedFile) -> None:
    """The original goes to the archive, under its hash; its marker goes."""
    put_away(home, file)
    if len(os.fsencode(done_marker(file.path).name)) <= limits.NAME_BYTES:
        done_marker(file.path).unlink(missing_ok=True)
