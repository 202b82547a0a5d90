"""Where Dagster keeps runs and events: in its own SQLite files, whose connections stay open while an instance is in use.

Dagster's classes make an engine and a connection for each event, and SQLite tidies up after the last one of them: of a run of
300 customers that took two fifths. Chosen in `dagster.yaml`, where `base_dir` is DAGSTER_HOME; files and tables are those of
Dagster, so an older home goes on.
"""

from collections import OrderedDict
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cached_property
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from dagster._core.storage.event_log import SqliteEventLogStorage
from dagster._core.storage.runs import SqliteRunStorage
from dagster._core.storage.sqlite import SQLITE_BUSY_TIMEOUT_SECONDS
from dagster._serdes import ConfigurableClassData

MOST_FILES = 8
"""So many files of events stay open: each run has one, and a server may be asked for all of them."""


class Runs(SqliteRunStorage):
    """The runs, in one file."""

    @classmethod
    def from_config_value(cls, inst_data: ConfigurableClassData | None, config_value: Any) -> "Runs":
        return cls.from_local(str(Path(config_value["base_dir"]) / "history"), inst_data)

    @cached_property
    def _engine(self) -> sa.Engine:
        return _engine(self._conn_string)

    @contextmanager
    def connect(self) -> Iterator[sa.Connection]:
        with self._engine.begin() as connection:
            yield connection

    def dispose(self) -> None:
        self._engine.dispose()
        super().dispose()


class Events(SqliteEventLogStorage):
    """The events: an index, and a file for each run."""

    @classmethod
    def from_config_value(cls, inst_data: ConfigurableClassData | None, config_value: Any) -> "Events":
        return cls(str(Path(config_value["base_dir"]) / "history" / "runs"), inst_data)

    @cached_property
    def _engines(self) -> "OrderedDict[str, sa.Engine]":
        """By file, the one used last at the end."""
        return OrderedDict()

    @contextmanager
    def _connect(self, shard: str) -> Iterator[sa.Connection]:
        with self._db_lock:
            if shard not in self._engines:
                engine = _engine(self.conn_string_for_shard(shard))
                self._initdb(engine)
                self._engines[shard] = engine
            self._engines.move_to_end(shard)
            while len(self._engines) > MOST_FILES:
                self._engines.popitem(last=False)[1].dispose()
            with self._engines[shard].begin() as connection:
                yield connection

    def wipe(self) -> None:
        self._close()
        super().wipe()

    def dispose(self) -> None:
        self._close()
        super().dispose()

    def _close(self) -> None:
        with self._db_lock:
            while self._engines:
                self._engines.popitem()[1].dispose()


def _engine(url: str) -> sa.Engine:
    """An engine that keeps its connections. With a write-ahead log `normal` is safe whatever process dies; should the machine
    lose power, the last events may be missing."""
    engine = sa.create_engine(url, max_overflow=-1, connect_args={"timeout": SQLITE_BUSY_TIMEOUT_SECONDS})
    sa.event.listen(engine, "connect", lambda connection, _: connection.execute("pragma synchronous = normal"))
    return engine
