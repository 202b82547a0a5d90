"""The way in: `publish` builds aside, verifies and swaps in; `published` says what readers see now.

The caller holds the run lock and has passed the quality gates; nobody else has the warehouse open.
"""

import json
import secrets
import shutil
import time
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path

import duckdb

from orchestration.serving.build import (
    ORDINARY,
    RESTRICTED,
    Manifest,
    Stamp,
    build_ordinary,
    build_parquet,
    build_restricted,
)
from orchestration.serving.rows import Selection
from orchestration.serving.swap import build_folder, recover, swap_in
from orchestration.serving.verify import verify
from orchestration.settings.home import Home


class WrongDay(Exception):
    """The warehouse was built for another day than the one to publish."""


@dataclass(frozen=True)
class Published:
    """The row of `serving.publication`: what readers see. Times are naive UTC."""

    publication_id: str
    as_of: date
    known_at: datetime
    run_id: str
    criteria_version: str
    published_at: datetime
    counts: dict[str, int]
    hashes: dict[str, str]


@dataclass(frozen=True)
class PublicationReport:
    """What a publication did. `counts` and `hashes` are those of the ordinary variant, by table."""

    publication_id: str
    as_of: date
    counts: dict[str, int]
    hashes: dict[str, str]
    database: Path
    restricted: Path
    parquet: Path
    seconds: float


def published(home: Home) -> Published | None:
    """What is published now; None before the first publication."""
    database = home.serving / ORDINARY
    if not database.is_file():
        return None
    with duckdb.connect(database, read_only=True) as connection:
        rows = connection.execute(
            "select publication_id, as_of, known_at, run_id, criteria_version, published_at, counts, hashes"
            " from serving.publication"
        ).fetchall()
    publication_id, as_of, known_at, run_id, version, published_at, counts, hashes = rows[0]
    return Published(
        publication_id, as_of, known_at, run_id, version, published_at, json.loads(counts), json.loads(hashes)
    )


def publish(
    home: Home,
    *,
    as_of: date,
    run_id: str,
    criteria_version: str,
    known_at: datetime | None = None,
    is_backfill: bool = False,
    keep_history: int | None = None,
) -> PublicationReport:
    """Publishes what the warehouse holds as of `as_of`.

    `known_at` defaults to the run's own; `keep_history` limits tables of days to so many (all by default). A backfill
    (`is_backfill`) of a day before the published one replaces that day of the insights and leaves the rest as
    published. Raises WrongDay, MissingTables and VerificationFailed; after any failure the old publication is
    untouched.
    """
    started = time.monotonic()
    home.serving.mkdir(mode=0o700, parents=True, exist_ok=True)
    recover(home.serving)
    now = datetime.now(UTC).replace(tzinfo=None)
    publication_id = f"{now:%Y%m%dT%H%M%S%f}-{secrets.token_hex(3)}"
    known = _known_at(home.warehouse, as_of)
    known = _naive_utc(known_at) if known_at else known
    stamp = Stamp(publication_id, as_of.isoformat(), known, run_id, criteria_version, now)
    selection, stamp, base = _place(home, Selection(as_of, keep_history), stamp, is_backfill)
    manifest = _build_and_swap(home, base, selection, stamp)
    return PublicationReport(
        publication_id,
        selection.as_of,
        {name: state.count for name, state in manifest.states.items()},
        {name: state.digest for name, state in manifest.states.items()},
        home.serving / ORDINARY,
        home.serving / RESTRICTED,
        home.serving / "parquet",
        round(time.monotonic() - started, 3),
    )


def _build_and_swap(home: Home, base: Path | None, selection: Selection, stamp: Stamp) -> Manifest:
    """Gives the manifest of the ordinary variant. Whatever goes wrong before the swap leaves no trace."""
    build = build_folder(home.serving, stamp.publication_id)
    try:
        restricted = build_restricted(build, home.warehouse, base, selection, stamp)
        ordinary = build_ordinary(build, stamp)
        build_parquet(build)
        verify(build, restricted, ordinary)
    except BaseException:
        shutil.rmtree(build, ignore_errors=True)
        raise
    swap_in(home.serving, build)
    return ordinary


def _place(home: Home, selection: Selection, stamp: Stamp, is_backfill: bool) -> tuple[Selection, Stamp, Path | None]:
    """A late day keeps the published day, knowledge and criteria, and is laid on the published restricted file."""
    current = published(home) if is_backfill else None
    if current is None or selection.as_of >= current.as_of:
        return selection, stamp, None
    kept = Stamp(
        stamp.publication_id,
        current.as_of.isoformat(),
        current.known_at,
        stamp.run_id,
        current.criteria_version,
        stamp.published_at,
    )
    return Selection(current.as_of, selection.days, backfilled=selection.as_of), kept, home.serving / RESTRICTED


def _known_at(warehouse: Path, as_of: date) -> datetime:
    """The run's own known_at, after making sure that the warehouse is of the day that is to be published."""
    with duckdb.connect(warehouse, read_only=True) as connection:
        day, known_at = connection.execute("select as_of, known_at from control.run").fetchall()[0]
    if day != as_of:
        raise WrongDay(f"the warehouse is as of {day}, asked for {as_of}")
    return known_at


def _naive_utc(moment: datetime) -> datetime:
    """An aware moment as naive UTC; a naive one is UTC already."""
    return moment.astimezone(UTC).replace(tzinfo=None) if moment.tzinfo else moment
