"""Connects to PostgreSQL or MySQL and opens one read-only snapshot. No statement about rows lives here."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, TypeVar

import psycopg
import sqlalchemy as sa
from psycopg.types.datetime import DateLoader, TimestampLoader, TimestamptzLoader
from psycopg.types.string import TextLoader

from orchestration.settings.readers import SqlReader
from orchestration.settings.sources import BlockRef
from orchestration.sources.environment import MissingVariable, resolved_url
from orchestration.sources.report import PullError
from orchestration.sources.sql.problems import is_of_the_network, told

WAITS = (1.0, 5.0)
"""Seconds before another attempt; one attempt more than waits."""

CONNECT_SECONDS = 10
DRIVERS = {
    "postgresql": "postgresql+psycopg",
    "postgres": "postgresql+psycopg",
    "postgresql+psycopg": "postgresql+psycopg",
    "mysql": "mysql+pymysql",
    "mariadb": "mysql+pymysql",
    "mysql+pymysql": "mysql+pymysql",
}
_BEGIN = {
    "postgresql": ("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY", "SET LOCAL TIME ZONE 'UTC'"),
    "mysql": (
        "SET SESSION TRANSACTION ISOLATION LEVEL REPEATABLE READ",
        "SET SESSION time_zone = '+00:00', net_write_timeout = 600",
        "START TRANSACTION WITH CONSISTENT SNAPSHOT, READ ONLY",
    ),
}
Result = TypeVar("Result")


@contextmanager
def snapshot(ref: BlockRef, reader: SqlReader) -> Iterator[sa.Connection]:
    """A connection in one REPEATABLE READ, READ ONLY transaction in UTC: all it reads is of one moment."""
    engine = _engine(ref, reader)
    try:
        with engine.connect() as connection:
            for statement in _BEGIN[engine.dialect.name]:
                connection.exec_driver_sql(statement)
            yield connection
    finally:
        engine.dispose()


def attempted(ref: BlockRef, read: Callable[[], Result], waits: tuple[float, ...] | None = None) -> Result:
    """What `read` gives; tried again when the network or the server was away. Raises PullError for all a database says."""
    for wait in (*(WAITS if waits is None else waits), None):
        try:
            return read()
        except sa.exc.DBAPIError as error:
            problem, again = told(ref, error), is_of_the_network(error)
        if not again or wait is None:
            break
        time.sleep(wait)
    raise problem


def _engine(ref: BlockRef, reader: SqlReader) -> sa.Engine:
    url = _url(ref, reader)
    driver = DRIVERS.get(url.drivername)
    if driver is None:
        raise PullError(ref, f"reader.url names no database that can be read; allowed: {', '.join(DRIVERS)}")
    options: dict[str, Any] = {"connect_timeout": CONNECT_SECONDS}
    options |= {"client_encoding": "utf8"} if driver.startswith("postgresql") else {"charset": "utf8mb4"}
    engine = sa.create_engine(
        url.set(drivername=driver), poolclass=sa.NullPool, hide_parameters=True, connect_args=options
    )
    if engine.dialect.name == "postgresql":
        sa.event.listen(engine, "connect", _reads_what_python_cannot_hold)
    return engine


def _url(ref: BlockRef, reader: SqlReader) -> sa.URL:
    try:
        return sa.make_url(resolved_url(reader.url))
    except MissingVariable as missing:
        problem = f"{missing}; set it, or correct reader.url"
    except (sa.exc.ArgumentError, ValueError):  # the text of either may hold the URL
        problem = "reader.url is no SQLAlchemy URL once its variables are filled in"
    raise PullError(ref, problem)


def _reads_what_python_cannot_hold(connection: psycopg.Connection, _: object) -> None:
    """JSON and intervals as PostgreSQL writes them; of times those that Python lacks (infinity, years past 9999) too."""
    for name in ("json", "jsonb", "interval"):
        connection.adapters.register_loader(name, TextLoader)
    for name, loader in (("timestamp", TimestampLoader), ("timestamptz", TimestamptzLoader), ("date", DateLoader)):
        connection.adapters.register_loader(name, _or_text(loader))


def _or_text(loader: type) -> type:
    class OrText(loader):  # type: ignore[misc]
        def load(self, data: Any) -> Any:
            try:
                return super().load(data)
            except psycopg.DataError:
                return bytes(data).decode()

    return OrText
