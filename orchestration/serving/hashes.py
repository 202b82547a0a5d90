"""Hashes of a table's content that do not depend on the order of rows: of all it holds, and of its state.

The state leaves out what differs between two runs that know the same: run ids, load times, and places in files.
"""

from dataclasses import dataclass

import duckdb

TECHNICAL_COLUMNS = frozenset(
    {
        "_load_id", "_loaded_at", "_file_sha256", "_row_number", "load_id", "loaded_at", "last_loaded_at", "run_id",
        "known_at", "publication_id", "published_at", "sha256", "bytes", "line_number", "byte_offset", "quarantine_id",
        } )  # fmt: skip


@dataclass(frozen=True)
class Content:
    """The count of rows of a relation, and the sum of their hashes as a hexadecimal text."""

    count: int
    digest: str


def content_of(
    connection: duckdb.DuckDBPyConnection, relation: str, leave_out: frozenset[str] = frozenset()
) -> Content:
    """The content of `relation` (a table name, or a query in brackets) without the columns in `leave_out`.

    Columns are taken by name, so their order does not matter; equal values of another type may hash differently.
    """
    columns = sorted(set(columns_of(connection, relation)) - leave_out)
    row = ", ".join(f'"{column}"' for column in columns) or "1"
    row_count, total = connection.execute(
        f"select count(*), cast(coalesce(sum(cast(hash({row}) as hugeint)), 0) as varchar) from {relation}"
    ).fetchone() or (0, "0")
    return Content(row_count, f"{int(total):x}")


def state_hash(connection: duckdb.DuckDBPyConnection, table: str) -> str:
    """The state of a table (`serving.orders`): equal for two runs that know the same, whatever the order of loading."""
    return content_of(connection, table, TECHNICAL_COLUMNS).digest


def columns_of(connection: duckdb.DuckDBPyConnection, relation: str) -> dict[str, str]:
    """Column names and types of a relation, in order."""
    return {name: kind for name, kind, *_ in connection.execute(f"describe select * from {relation}").fetchall()}
