"""The ledger: one manifest a landed or refused file, and what can be read from all of them.

A file is landed when its manifest exists. Nothing here reads the files themselves.
"""

import json
from dataclasses import asdict, dataclass, field, fields
from datetime import date, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pyarrow as pa

from orchestration.landing.writing import write_text
from orchestration.settings.home import Home
from orchestration.settings.sources import SourcesFile

LOADED, REFUSED = "loaded", "refused"
PENDING = ".pending"


@dataclass(frozen=True)
class FileReport:
    """The manifest of one file. Times are ISO texts in UTC; `entity` is the block's name; `file` is relative to landing/.

    rows_read = rows_loaded + rows_quarantined + rows_duplicate + rows_erased. `warnings`: rule → count of soft failures.
    `last_event_at`: the latest main event time that is not in the future; None when the entity has none.
    """

    source: str
    entity: str
    canonical: str
    file: str
    sha256: str
    bytes: int
    status: str
    load_id: str
    loaded_at: str
    encoding: str | None = None
    encoding_confidence: float | None = None
    reason: str | None = None
    rows_read: int = 0
    rows_loaded: int = 0
    rows_quarantined: int = 0
    rows_duplicate: int = 0
    rows_erased: int = 0
    warnings: dict[str, int] = field(default_factory=dict)
    last_event_at: str | None = None


@dataclass
class BlockReport:
    """What one landing of a block did. `repeated`: names of files whose bytes were known; `pending`: not yet settled or
    changed while read; `failed`: name → kind of error, of files left in place because of an error of ours."""

    source: str
    block: str
    files: list[FileReport] = field(default_factory=list)
    repeated: list[str] = field(default_factory=list)
    pending: list[str] = field(default_factory=list)
    failed: dict[str, str] = field(default_factory=dict)

    @property
    def totals(self) -> dict[str, int]:
        """Sums over the files: rows_read, rows_loaded, rows_quarantined, rows_duplicate, rows_erased, and files by status."""
        names = [each.name for each in fields(FileReport) if each.name.startswith("rows_")]
        sums = {name: sum(getattr(report, name) for report in self.files) for name in names}
        states = {f"files_{state}": sum(report.status == state for report in self.files) for state in (LOADED, REFUSED)}
        return {**sums, **states}


def read_ledger(home: Home) -> list[FileReport]:
    """Every manifest, by source, entity and time of loading."""
    reports = [_read(path) for path in home.ledger.glob("*/*/*.json")]
    return sorted(reports, key=lambda report: (report.source, report.entity, report.loaded_at, report.sha256))


def read_block_ledger(home: Home, source: str, block: str) -> list[FileReport]:
    """The manifests of one block, by time of loading."""
    reports = [_read(path) for path in (home.ledger / source / block).glob("*.json")]
    return sorted(reports, key=lambda report: (report.loaded_at, report.sha256))


def ledger_table(reports: list[FileReport]) -> pa.Table:
    """The ledger as a table, one row a file; loaded_at and last_event_at as naive UTC timestamps, warnings as JSON text."""
    rows = [
        {
            **asdict(report),
            "warnings": json.dumps(report.warnings, sort_keys=True),
            "loaded_at": _naive(report.loaded_at),
            "last_event_at": _naive(report.last_event_at),
        }
        for report in reports
    ]
    return pa.Table.from_pylist(rows, schema=_LEDGER_SCHEMA)


def last_event_day(home: Home, sources_file: SourcesFile) -> date | None:
    """The business day of the latest event that landed; None when none did."""
    moments = [report.last_event_at for report in read_ledger(home) if report.last_event_at]
    if not moments:
        return None
    latest = max(datetime.fromisoformat(moment) for moment in moments)
    return latest.astimezone(ZoneInfo(sources_file.business.timezone)).date()


def prepare(home: Home, report: FileReport) -> Path:
    """Writes the manifest under its pending name: from here on the landing of this file can be completed after a kill."""
    path = _path(home, report.source, report.entity, report.sha256)
    pending = path.with_name(path.stem + PENDING)
    write_text(pending, json.dumps(asdict(report), indent=1, ensure_ascii=False, sort_keys=True))
    return pending


def commit(home: Home, pending: Path) -> None:
    """The pending manifest becomes the manifest."""
    pending.replace(pending.with_suffix(".json"))


def recover(home: Home, source: str, block: str) -> None:
    """Completes or drops landings that a kill cut short: complete when the original reached the archive, else taken again."""
    for pending in (home.ledger / source / block).glob("*" + PENDING):
        if (home.archive / pending.stem).exists():
            commit(home, pending)
        else:
            pending.unlink()


def _path(home: Home, source: str, block: str, sha256: str) -> Path:
    return home.ledger / source / block / f"{sha256}.json"


def _read(path: Path) -> FileReport:
    return FileReport(**json.loads(path.read_text(encoding="utf-8")))


def _naive(moment: str | None) -> datetime | None:
    return datetime.fromisoformat(moment).replace(tzinfo=None) if moment else None


_TEXTS = ("source", "entity", "canonical", "file", "sha256")
_LEDGER_SCHEMA = pa.schema(
    [
        *((name, pa.string()) for name in _TEXTS),
        ("bytes", pa.int64()),
        *((name, pa.string()) for name in ("status", "load_id")),
        ("loaded_at", pa.timestamp("us")),
        ("encoding", pa.string()),
        ("encoding_confidence", pa.float64()),
        ("reason", pa.string()),
        *((f"rows_{name}", pa.int64()) for name in ("read", "loaded", "quarantined", "duplicate", "erased")),
        ("warnings", pa.string()),
        ("last_event_at", pa.timestamp("us")),
    ]
)
