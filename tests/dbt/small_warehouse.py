"""A small warehouse as `orchestration/warehouse.py` leaves it before dbt starts, made from a few rows written in a test.

`SmallWarehouse` collects raw rows and writes the schemas `control` and `raw` with the cast macros. Only what dbt reads
belongs here; what a test expects stays in the test.
"""

import hashlib
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from pathlib import Path
from typing import Any

import duckdb
import pandas as pd

from orchestration.landing.casts import cast_macros
from orchestration.settings.entities import ENTITIES
from orchestration.settings.sources import SourcesFile, blocks

TECHNICAL = {
    "_extra": "varchar",
    "_source": "varchar",
    "_entity": "varchar",
    "_file_sha256": "varchar",
    "_row_number": "bigint",
    "_load_id": "varchar",
    "_loaded_at": "timestamp",
    "_record_key": "varchar",
    "_record_hash": "bigint",
    "_tombstone_at": "timestamp",
}
SCHEMAS = ("control", "raw", "staging", "intermediate", "marts")
RUN = "as_of date, as_of_at timestamp, known_at timestamp, business_timezone varchar, base_currency varchar"
SETTINGS = (
    "source varchar, entity varchar, canonical_entity varchar, channel varchar, trust integer, timezone varchar, "
    "currency varchar, dates varchar, times varchar, decimal varchar, person_ref_by varchar"
)
LEDGER = (
    "source varchar, entity varchar, canonical varchar, rows_read bigint, rows_loaded bigint, rows_quarantined bigint, "
    "rows_duplicate bigint, rows_erased bigint"
)
VALUE_MAPS = "source varchar, entity varchar, column_name varchar, received varchar, canonical varchar"
LOADED_AT = datetime(2026, 1, 10)


@dataclass
class SmallWarehouse:
    """`sources`: the content of a sources.yml. Rows are added block by block, in the order in which they were loaded."""

    path: Path
    sources: Mapping[str, Any]
    as_of: date = date(2026, 1, 1)
    as_of_at: datetime = datetime(2025, 12, 31, 16)
    known_at: datetime = datetime(2026, 2, 1)
    rows: dict[str, list[dict[str, Any]]] = field(default_factory=dict)
    phones: tuple[tuple[str, str, str | None], ...] = ()

    @property
    def settings(self) -> SourcesFile:
        return SourcesFile.model_validate(self.sources)

    def add(self, source: str, block: str, *rows: Mapping[str, Any], loaded_at: datetime = LOADED_AT) -> None:
        """Adds rows as landed: canonical columns as text; the record key comes from the canonical key of the entity.

        A row with `_tombstone_at` says that its record was found gone then.
        """
        ref = next(ref for ref in blocks(self.settings) if (ref.source, ref.block) == (source, block))
        landed = self.rows.setdefault(ref.canonical, [])
        for row in rows:
            key = [row.get(name) for name in ref.entity.key] if ref.settings.key else [len(landed)]
            technical = {
                "_source": source,
                "_entity": block,
                "_file_sha256": _hash(source, block),
                "_row_number": len(landed) + 1,
                "_loaded_at": loaded_at,
                "_record_key": _hash(source, block, *key),
                "_record_hash": int(_hash(*sorted(row.items()))[:15], 16),
            }
            landed.append({**row, **technical})

    def write(self) -> Path:
        """Writes the file anew and returns its path."""
        self.path.unlink(missing_ok=True)
        with duckdb.connect(self.path) as con:
            con.execute("set TimeZone = 'UTC'")
            for schema in SCHEMAS:
                con.execute(f"create schema {schema}")
            for macro in cast_macros(blocks(self.settings)):
                con.execute(macro)
            for name in ENTITIES:
                _write_raw(con, name, self.rows.get(name, []))
            self._write_control(con)
        return self.path

    def _write_control(self, con: duckdb.DuckDBPyConnection) -> None:
        business = self.settings.business
        run = (self.as_of, self.as_of_at, self.known_at, business.timezone, business.currency)
        _write_rows(con, "control.run", RUN, [run])
        _write_rows(con, "control.sources", SETTINGS, self._source_rows())
        _write_rows(con, "control.ingest_ledger", LEDGER, self._ledger_rows())
        _write_rows(con, "control.value_maps", VALUE_MAPS, self._value_rows())
        _write_rows(con, "control.phone_numbers", "phone varchar, country varchar, e164 varchar", list(self.phones))
        _write_rows(con, "control.countries", "written varchar, country varchar", [("china", "CN")])
        _write_rows(con, "control.identity_settings", "default_country varchar", [("CN",)])

    def _source_rows(self) -> list[tuple]:
        return [
            (
                *(ref.source, ref.block, ref.canonical, self.settings.sources[ref.source].channel),
                *(self.settings.sources[ref.source].trust, ref.timezone, ref.currency),
                *(ref.settings.format.dates, ref.settings.format.format_of_times, ref.settings.format.decimal),
                ref.settings.person_ref.by,
            )
            for ref in blocks(self.settings)
        ]

    def _ledger_rows(self) -> list[tuple]:
        """One file a block, of which three rows more were read: one for quarantine, two that were there already."""
        counts = Counter((row["_source"], row["_entity"], entity) for entity, rows in self.rows.items() for row in rows)
        return [(*place, count + 3, count, 1, 2, 0) for place, count in counts.items()]

    def _value_rows(self) -> list[tuple]:
        return [
            (ref.source, ref.block, column, received, canonical)
            for ref in blocks(self.settings)
            for column, values in ref.settings.values.items()
            for received, canonical in values.items()
        ]


def _write_rows(con: duckdb.DuckDBPyConnection, name: str, columns: str, rows: list[tuple]) -> None:
    con.execute(f"create table {name} ({columns})")
    if rows:
        con.executemany(f"insert into {name} values ({', '.join('?' * len(rows[0]))})", rows)


def _write_raw(con: duckdb.DuckDBPyConnection, name: str, rows: list[dict[str, Any]]) -> None:
    columns = {**dict.fromkeys(ENTITIES[name].column_names, "varchar"), **TECHNICAL}
    con.execute(f"create table raw.{name} ({', '.join(f'{column} {kind}' for column, kind in columns.items())})")
    if rows:
        frame = pd.DataFrame(rows).reindex(columns=list(columns))
        con.register("frame", frame)
        casts = ", ".join(f"cast({column} as {kind}) as {column}" for column, kind in columns.items())
        con.execute(f"insert into raw.{name} select {casts} from frame")
        con.unregister("frame")


def _hash(*parts: Any) -> str:
    return hashlib.sha256("/".join(str(part) for part in parts).encode()).hexdigest()
