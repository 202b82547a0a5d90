"""Builds the files of a publication in a folder aside: the restricted database, the ordinary one, and Parquet of the
ordinary.

Each builder returns what it meant to write, measured at the source, for `verify.py` to hold the closed files against.
Nothing here touches a published file.
"""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path

import duckdb

from orchestration.serving.hashes import TECHNICAL_COLUMNS, Content, columns_of, content_of
from orchestration.serving.masks import masked
from orchestration.serving.metrics import Metric, load_metrics
from orchestration.serving.rows import Selection, query_of, require_tables
from orchestration.serving.tables import PUBLICATION, TABLES

ORDINARY, RESTRICTED, PARQUET = "strata.duckdb", "strata_restricted.duckdb", "parquet"
MEMORY_LIMIT = "2GB"


@dataclass(frozen=True)
class Stamp:
    """What a publication says of itself. Times are naive UTC."""

    publication_id: str
    as_of: str
    known_at: datetime
    run_id: str
    criteria_version: str
    published_at: datetime


@dataclass(frozen=True)
class Manifest:
    """What a database file must hold: everything by table, and the state alone (see hashes.py)."""

    contents: dict[str, Content]
    states: dict[str, Content]


def build_restricted(
    folder: Path, warehouse: Path, published: Path | None, selection: Selection, stamp: Stamp
) -> Manifest:
    """Writes the database with everything, sorted by grain. `published`: the restricted file to lay a backfill on."""
    with _open(folder, restricted=folder / RESTRICTED) as connection:
        _attach(connection, "warehouse", warehouse, read_only=True)
        if published is not None:
            _attach(connection, "published", published, read_only=True)
        require_tables(connection)
        _load_metrics(connection)
        connection.execute("use warehouse")
        expected = {}
        for table in TABLES:
            query = query_of(connection, table, selection)
            expected[table.name] = content_of(connection, f"({query})")
            order = ", ".join(table.grain)
            connection.execute(
                f"create table restricted.serving.{table.name} as select * from ({query}) order by {order}"
            )
        return _finish(connection, "restricted", stamp, expected)


def build_ordinary(folder: Path, stamp: Stamp) -> Manifest:
    """Writes the masked database from the restricted one beside it, into a file that never held what is masked."""
    with _open(folder, ordinary=folder / ORDINARY) as connection:
        _attach(connection, "restricted", folder / RESTRICTED, read_only=True)
        expected = {}
        for table in TABLES:
            source = f"restricted.serving.{table.name}"
            columns = ", ".join(masked(column, table.free_text) for column in columns_of(connection, source))
            query = f"select {columns} from {source}"
            expected[table.name] = content_of(connection, f"({query})")
            connection.execute(f"create table ordinary.serving.{table.name} as {query}")
        return _finish(connection, "ordinary", stamp, expected)


def build_parquet(folder: Path) -> None:
    """Writes `parquet/<table>/part-0.parquet` of every table of the ordinary database. Equal rows give equal bytes."""
    with _open(folder) as connection:
        _attach(connection, "ordinary", folder / ORDINARY, read_only=True)
        for name in [*(table.name for table in TABLES), PUBLICATION]:
            target = folder / PARQUET / name / "part-0.parquet"
            target.parent.mkdir(mode=0o700, parents=True)
            connection.execute(
                f"copy (from ordinary.serving.{name}) to '{_quoted(target)}' (format parquet, compression zstd)"
            )


@contextmanager
def _open(folder: Path, **written: Path) -> Iterator[duckdb.DuckDBPyConnection]:
    """A connection in memory with the databases to write attached; spill files stay in the build folder."""
    config: dict[str, str | bool | int | float | list[str]] = {
        "memory_limit": MEMORY_LIMIT,
        "temp_directory": str(folder / "spill"),
    }
    with duckdb.connect(config=config) as connection:
        connection.execute("set TimeZone = 'UTC'; set enable_progress_bar = false")
        for name, path in written.items():
            _attach(connection, name, path)
            connection.execute(f"create schema {name}.serving")
        yield connection


def _attach(connection: duckdb.DuckDBPyConnection, name: str, path: Path, read_only: bool = False) -> None:
    connection.execute(f"attach '{_quoted(path)}' as {name} {'(read_only)' if read_only else ''}")


def _quoted(path: Path) -> str:
    """A path inside a SQL text: ATTACH and COPY take no bound parameter."""
    return str(path).replace("'", "''")


def _load_metrics(connection: duckdb.DuckDBPyConnection) -> None:
    columns = list(Metric.model_fields)
    connection.execute(
        f"create table memory.main.metric_definitions ({', '.join(f'{name} varchar' for name in columns)})"
    )
    metrics = load_metrics()
    row = f"({', '.join('?' for _ in columns)})"
    # One statement: executemany would import pandas, which costs more than the whole publication of a small warehouse.
    connection.execute(
        f"insert into memory.main.metric_definitions values {', '.join(row for _ in metrics)}",
        [getattr(metric, name) for metric in metrics for name in columns],
    )


def _finish(
    connection: duckdb.DuckDBPyConnection, database: str, stamp: Stamp, expected: dict[str, Content]
) -> Manifest:
    """Adds the row that says what the file is, checkpoints and closes it."""
    states = {name: content_of(connection, f"{database}.serving.{name}", TECHNICAL_COLUMNS) for name in expected}
    row = asdict(stamp) | {
        "variant": database,
        "counts": json.dumps({name: state.count for name, state in states.items()}),
        "hashes": json.dumps({name: state.digest for name, state in states.items()}),
    }
    types = {"as_of": "date", "known_at": "timestamp", "published_at": "timestamp"}
    columns = ", ".join(f"cast(${name} as {types.get(name, 'varchar')}) as {name}" for name in row)
    names = ", ".join(f"{name} {types.get(name, 'varchar')}" for name in row)
    target = f"{database}.serving.{PUBLICATION}"
    connection.execute(f"create table {target} ({names})")
    connection.execute(f"insert into {target} select {columns}", row)
    expected = expected | {PUBLICATION: content_of(connection, target)}
    connection.execute(f"use memory; checkpoint {database}; detach {database}")
    return Manifest(expected, states)
