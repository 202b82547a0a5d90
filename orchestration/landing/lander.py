"""The lander: settled files of one block in; raw Parquet, quarantine, archive and ledger out.

Per file, in this order and each atomically: quarantine, raw, pending manifest, original moved to the archive, manifest. A kill
between any two is completed or repeated by the next landing (`ledger.recover`), never doubled. Rows are counted, and
rows_read = loaded + quarantined + duplicate + erased is checked before the manifest is written.

Drift of the header against mapped and key columns, by name, so that values never shift:
 - columns that are not mapped go to `_extra`, whatever `on_drift` says; the order of columns does not matter;
 - a missing column (a renamed one is missing and added): `refuse` refuses the file; `quarantine` sets every row aside with
   rule `drift`; `extend` loads null in its place, and rows that lack a required value or key fall to `required`;
 - a file with none of the columns, or with one of them twice, is refused;
 - JSON rows name their own columns and leave out nulls: only a key or required column that no row has is drift there
   (`refuse` refuses; otherwise its rows fall to `required`).
A re-typed column fails by row, at number, timestamp or allowed. Reasons, logs and exceptions never hold values of rows.
"""

import gc
import os
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

from orchestration.landing import limits
from orchestration.landing.batches import FileChanged, FileRefused, Reading
from orchestration.landing.containers import LandedFile
from orchestration.landing.judge import Judge, JudgedFile
from orchestration.landing.ledger import (
    LOADED,
    REFUSED,
    BlockReport,
    FileReport,
    commit,
    prepare,
    read_block_ledger,
    recover,
)
from orchestration.landing.outcome import Outcome
from orchestration.landing.readers import open_reading
from orchestration.landing.readers.columnar import set_aside
from orchestration.landing.tables import quarantine_path, raw_path, write_schema_files
from orchestration.landing.writing import move, remove_unfinished
from orchestration.settings.home import Home
from orchestration.settings.sources import BlockRef, SourcesFile, block_ref, blocks
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

    One bad file never stops the others. Raises KeyError when there is no such block.
    """
    ref = block_ref(sources_file, source, block)
    report = BlockReport(source, block)
    _prepare_folders(home, ref)
    settled, waiting = ready_files(home.landing, ref, settle_seconds)
    report.pending = [printable(home, path) for path in waiting]
    if not settled:
        return report
    ledger = read_block_ledger(home, source, block)
    known = {entry.sha256 for entry in ledger if entry.status == LOADED}
    moment = _first_moment(now, ledger)
    with _without_collection(), Judge(home, sources_file, ref, now) as judge:
        judge.remember([raw_path(home, ref, entry.sha256) for entry in ledger if entry.rows_loaded])
        for path in settled:
            moment += timedelta(microseconds=1)
            _land_file(_Landing(home, ref, judge, load_id, moment), path, known, report)
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


class _Landing:
    """What every step of landing one file needs."""

    def __init__(self, home: Home, ref: BlockRef, judge: Judge, load_id: str, moment: datetime):
        self.home, self.ref, self.judge, self.load_id, self.moment = home, ref, judge, load_id, moment

    def report(self, file: LandedFile, status: str, **figures: object) -> FileReport:
        return FileReport(
            source=self.ref.source,
            entity=self.ref.block,
            canonical=self.ref.canonical,
            file=printable(self.home, file.path),
            sha256=file.sha256,
            bytes=file.bytes,
            status=status,
            load_id=self.load_id,
            loaded_at=self.moment.isoformat(),
            **figures,  # type: ignore[arg-type]
        )


def _land_file(landing: _Landing, path: Path, known: set[str], report: BlockReport) -> None:
    name = printable(landing.home, path)
    try:
        with LandedFile(path) as file:
            if file.sha256 in known:
                _put_away(landing.home, file)
                report.repeated.append(name)
                return
            report.files.append(_land_new(landing, file))
            if report.files[-1].status == LOADED:
                known.add(file.sha256)
    except (FileChanged, FileNotFoundError):
        report.pending.append(name)
    except Exception as error:  # an error of ours in one file must not stop the others; its text may hold values
        report.failed[name] = type(error).__name__


def _land_new(landing: _Landing, file: LandedFile) -> FileReport:
    outcome = Outcome(landing.home, landing.ref, printable(landing.home, file.path), file.sha256, landing.load_id)
    try:
        reading = open_reading(file, landing.ref.settings)
        judged = landing.judge.open_file(file.sha256, landing.load_id, landing.moment)
        _read_rows(reading, judged, landing.ref, outcome)
        file.check_unchanged()
        duplicates = judged.duplicates() if landing.ref.settings.key else []
        outcome.publish(duplicates)
        entry = landing.report(file, LOADED, **_figures(reading, judged, outcome))
        _finish(landing.home, file, entry)
        judged.accept(duplicates)
        return entry
    except FileRefused as refused:
        outcome.discard()
        file.check_unchanged()
        entry = landing.report(file, REFUSED, reason=str(refused))
        _finish(landing.home, file, entry)
        return entry
    except BaseException:
        outcome.discard()
        raise


def _read_rows(reading: Reading, judged: JudgedFile, ref: BlockRef, outcome: Outcome) -> None:
    drifted = _drift(reading.header, ref)
    absent = _indispensable(ref) if reading.header is None else set()
    for batch in reading.batches():
        absent -= {name for name in absent if batch.columns[name].null_count < batch.rows}
        if drifted:
            aside = set_aside(batch, set(range(batch.rows)), "drift", f"the file has no column {drifted[0]}")
            outcome.add(batch.rows + len(batch.faults), None, aside.faults)
            continue
        good, faults = judged.judge(batch) if batch.rows else (None, [])
        outcome.add(batch.rows + len(batch.faults), good, batch.faults + faults)
    if absent and outcome.rows_read and ref.settings.on_drift == "refuse":
        raise FileRefused("header", f"no row has the columns {', '.join(sorted(absent))}")
    outcome.check_encoding(reading.encoding)


def _drift(header: list[str] | None, ref: BlockRef) -> list[str]:
    """The mapped and key columns that the file lacks, when its rows are to be set aside for it."""
    if header is None:
        return []
    wanted = list(dict.fromkeys([*ref.settings.columns.values(), *ref.settings.key]))
    missing = [name for name in wanted if name not in header]
    twice = [name for name in wanted if f"{name} (2)" in header]
    if twice:
        raise FileRefused("header", f"columns that stand twice: {', '.join(twice)}")
    if missing and (len(missing) == len(wanted) or ref.settings.on_drift == "refuse"):
        raise FileRefused("header", f"missing columns: {', '.join(missing)}")
    return missing if ref.settings.on_drift == "quarantine" else []


def _indispensable(ref: BlockRef) -> set[str]:
    required = {column.name for column in ref.entity.columns if column.required}
    return {*ref.settings.key, *(name for column, name in ref.settings.columns.items() if column in required)}


def _figures(reading: Reading, judged: JudgedFile, outcome: Outcome) -> dict[str, object]:
    event = judged.last_event
    return {
        "encoding": reading.encoding,
        "encoding_confidence": reading.confidence,
        "rows_read": outcome.rows_read,
        "rows_loaded": outcome.rows_loaded,
        "rows_quarantined": outcome.rows_quarantined,
        "rows_duplicate": outcome.rows_duplicate,
        "warnings": dict(sorted(judged.warnings.items())),
        "last_event_at": event.replace(tzinfo=UTC).isoformat() if event else None,
    }


def _finish(home: Home, file: LandedFile, entry: FileReport) -> None:
    pending = prepare(home, entry)
    _put_away(home, file)
    commit(home, pending)


def _put_away(home: Home, file: LandedFile) -> None:
    """Moves the original to the archive, under its hash; its marker goes."""
    move(file.path, home.archive / file.sha256)
    if len(os.fsencode(done_marker(file.path).name)) <= limits.NAME_BYTES:
        done_marker(file.path).unlink(missing_ok=True)


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


def _prepare_folders(home: Home, ref: BlockRef) -> None:
    for folder in (home.landing, home.archive, home.temporary):
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    recover(home, ref.source, ref.block)
    for path in (raw_path(home, ref, "0"), quarantine_path(home, ref, "0")):
        remove_unfinished(path.parent)
    write_schema_files(home)


def _first_moment(now: datetime, ledger: list[FileReport]) -> datetime:
    """Loading times of a block only grow, even when the clock of the machine went back."""
    moments = [now.astimezone(UTC), *(datetime.fromisoformat(entry.loaded_at) for entry in ledger)]
    return max(moments)
