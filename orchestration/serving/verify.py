"""Holds the closed files of a build against what was meant to be in them, before any reader can see them."""

from pathlib import Path

import duckdb

from orchestration.serving.build import ORDINARY, PARQUET, RESTRICTED, Manifest
from orchestration.serving.hashes import Content, content_of


class VerificationFailed(Exception):
    """A built file does not hold what it was meant to; nothing was published."""


def verify(folder: Path, restricted: Manifest, ordinary: Manifest) -> None:
    """Opens every built file read-only and compares counts and hashes. Raises VerificationFailed naming each table."""
    faults = [
        *_faults_of_database(folder / RESTRICTED, restricted.contents),
        *_faults_of_database(folder / ORDINARY, ordinary.contents),
        *_faults_of_parquet(folder / PARQUET, ordinary.contents),
    ]
    if faults:
        raise VerificationFailed("; ".join(faults))


def _faults_of_database(path: Path, expected: dict[str, Content]) -> list[str]:
    if path.with_name(f"{path.name}.wal").exists():
        return [f"{path.name}: changes are left in its .wal"]
    try:
        with duckdb.connect(path, read_only=True) as connection:
            return _differences(connection, path.name, expected, "serving.{name}")
    except duckdb.Error as error:
        return [f"{path.name}: cannot be read ({type(error).__name__})"]


def _faults_of_parquet(folder: Path, expected: dict[str, Content]) -> list[str]:
    pattern = str(folder).replace("'", "''") + "/{name}/part-0.parquet"
    try:
        with duckdb.connect() as connection:
            return _differences(connection, PARQUET, expected, f"read_parquet('{pattern}')")
    except duckdb.Error as error:
        return [f"{PARQUET}: cannot be read ({type(error).__name__})"]


def _differences(
    connection: duckdb.DuckDBPyConnection, file: str, expected: dict[str, Content], relation: str
) -> list[str]:
    connection.execute("set TimeZone = 'UTC'")
    faults = []
    for name, content in expected.items():
        found = content_of(connection, relation.format(name=name))
        if found.count != content.count:
            faults.append(f"{file}: {name} holds {found.count} rows, expected {content.count}")
        elif found != content:
            faults.append(f"{file}: {name} holds other values than its source")
    return faults
