"""The ledger: one manifest a landed or refused file, and what can be read from all of them.

A file is landed when its manifest exists. Nothing here reads the files themselves.
"""

import json
from dataclasses import asdict, dataclass, field, fields
from datetime import date, datetime
from hashlib import sha256
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pyarrow as pa

from orchestration.landing.tables import Place, quarantine_path, raw_path
from orchestration.landing.writing import publish_unfinished, write_text
from orchestration.settings.home import Home
from orchestration.settings.sources import BlockRef, SourcesFile

LOADED, REFUSED = "loaded", "refused"
PENDING = ".pending"
REDUCED = ".reduced"
"""How the archive marks a file that erased persons are gone from."""


@dataclass(frozen=True)
class FileReport:
    """The manifest of one file. Times are ISO texts in UTC; `entity` is the block's name; `file` is relative to landing/.

    rows_read = rows_loaded + rows_quarantined + rows_duplicate + rows_erased. `warnings`: rule → count of soft failures.
    `last_event_at`: the latest main event time that is not in the future; None when the entity has none. `framing` and
    `mapping`: how the file was cut into rows and how they were understood, as fingerprints of the settings.
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
    framing: str | None = None
    mapping: str | None = None


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


def fingerprints(ref: BlockRef) -> dict[str, Any]:
    """`framing` and `mapping` of a block as it is set now. What does not change a row is left out (path, freshness, texts)."""
    block = ref.settings.model_dump(mode="json")
    understood = {name: block[name] for name in ("key", "columns", "constants", "values", "on_drift")}
    values = {name: block["format"].pop(name) for name in ("dates", "times", "decimal")}
    return {
        "framing": _fingerprint(block["format"]),
        "mapping": _fingerprint([understood, values, ref.canonical, ref.timezone]),
    }


def _fingerprint(settings: Any) -> str:
    return sha256(json.dumps(settings, sort_keys=True).encode()).hexdigest()[:16]


def prepare(home: Home, report: FileReport) -> Path:
    """Writes the manifest under its pending name: from here on the landing of this file can be completed after a kill."""
    path = _path(home, report.source, report.entity, report.sha256)
    pending = path.with_name(path.stem + PENDING)
    write_text(pending, json.dumps(asdict(report), indent=1, ensure_ascii=False, sort_keys=True))
    return pending


def commit(home: Home, pending: Path) -> None:
    """The pending manifest becomes the manifest."""
    pending.replace(pending.with_suffix(".json"))


def recover(home: Home, ref: Place) -> None:
    """Completes or drops landings that a kill cut short: complete when the original reached the archive, else taken again."""
    for pending in (home.ledger / ref.source / ref.block).glob("*" + PENDING):
        if not any((home.archive / name).exists() for name in (pending.stem, pending.stem + REDUCED)):
            pending.unlink()
            continue
        for path in (quarantine_path(home, ref, pending.stem), raw_path(home, ref, pending.stem)):
            publish_unfinished(path)
        commit(home, pending)


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
