"""What is asked of a table or query: its columns, its keys, its rows from a cursor on.

Names are quoted by SQLAlchemy, values are bound. Nothing here compares anything with an earlier pull.
"""

from collections import Counter
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from orchestration.settings.readers import SqlReader
from orchestration.settings.sources import DELETED_AT, BlockRef
from orchestration.sources.report import PullError

_ALL: sa.ColumnElement[Any] = sa.literal_column("*")


@dataclass(frozen=True)
class Origin:
    """A table or query whose columns are known. `key`: positions of the key's columns; `cursor`: position or None."""

    relation: sa.FromClause | sa.TextClause
    columns: tuple[str, ...]
    key: tuple[int, ...]
    cursor: int | None

    def tracked(self) -> sa.Select:
        """Key and cursor of every row."""
        positions = self.key if self.cursor is None else (*self.key, self.cursor)
        return sa.select(*(_column(self.columns[index]) for index in positions)).select_from(self.relation)

    def rows(self, lowest: Any = None, *, with_nulls: bool = True) -> sa.Select:
        """Every column of the rows whose cursor is `lowest` or more (None: of all rows), and null if asked for."""
        statement = sa.select(_ALL).select_from(self.relation)
        if lowest is None or self.cursor is None:
            return statement
        cursor = _column(self.columns[self.cursor])
        reached = cursor >= sa.literal(lowest, sa.types.NullType())
        return statement.where(sa.or_(reached, cursor.is_(None)) if with_nulls else reached)

    def highest(self) -> sa.Select:
        """The highest cursor, by the database's own order."""
        assert self.cursor is not None
        return sa.select(sa.func.max(_column(self.columns[self.cursor]))).select_from(self.relation)


def origin(connection: sa.Connection, ref: BlockRef, reader: SqlReader) -> Origin:
    """Asks for the columns. Raises PullError when a column that the configuration names is not among them."""
    relation = _relation(reader)
    result = connection.execute(sa.select(_ALL).select_from(relation).where(sa.false()))
    columns = tuple(result.keys())
    result.close()
    _check_names(ref, columns)
    for part, name in _named(ref, reader):
        if name not in columns:
            raise PullError(
                ref, f"{part} names the column {name}, which the source does not have: {', '.join(columns)}"
            )
    key = tuple(columns.index(name) for name in ref.settings.key)
    return Origin(relation, columns, key, columns.index(reader.cursor) if reader.cursor else None)


def _named(ref: BlockRef, reader: SqlReader) -> list[tuple[str, str]]:
    """The columns that a pull cannot do without, with the setting that names them. A missing other one is the lander's."""
    return [
        *(("key", name) for name in ref.settings.key),
        *([("reader.cursor", reader.cursor)] if reader.cursor else []),
    ]


def _check_names(ref: BlockRef, columns: tuple[str, ...]) -> None:
    twice = [name for name, count in Counter(columns).items() if count > 1]
    if twice:
        raise PullError(ref, f"columns that stand twice: {', '.join(twice)}; rename them in reader.query")
    if DELETED_AT in columns:
        raise PullError(
            ref, f"the source has a column {DELETED_AT}, a name that Strata needs; rename it in reader.query"
        )


def _relation(reader: SqlReader) -> sa.FromClause | sa.TextClause:
    if reader.table is not None:
        schema, _, table = reader.table.rpartition(".")
        return sa.table(_name(table), schema=_name(schema) if schema else None)
    escaped = str(reader.query).replace(":", "\\:")  # SQLAlchemy would see parameters in it
    return sa.text(f"(\n{escaped}\n) AS pulled")


def _column(name: str) -> sa.ColumnClause[Any]:
    return sa.column(_name(name))


def _name(text: str) -> sa.sql.elements.quoted_name:
    return sa.sql.elements.quoted_name(text, quote=True)
