"""The warehouse file: how it is opened, and the tables that tell dbt what this run is about.

Before dbt starts, `prepare` writes three things: the schema `control` (as-of day, sources, value maps, identity guards),
the schema `raw` (one view a canonical entity over all that landed) and the cast macros. No business rule lives here.
"""

import os
from datetime import UTC, date, datetime, time
from pathlib import Path
from zoneinfo import ZoneInfo

import duckdb
import pandas as pd
import pyarrow as pa

from orchestration import statements, warning_results
from orchestration.landing import cast_macros, ledger_table, read_ledger, read_quarantine, write_schema_files
from orchestration.logic import identity
from orchestration.settings import Home, Settings
from orchestration.settings.entities import ENTITIES
from orchestration.settings.sources import blocks

SCHEMAS = ("control", "raw", "staging", "intermediate", "identity", "marts", "insights")
MEMORY_LIMIT = os.environ.get("STRATA_MEMORY", "4GB")  # of DuckDB; dbt gets the same


def connect(home: Home, *, read_only: bool = False) -> duckdb.DuckDBPyConnection:
    """Opens the warehouse in UTC, with spill files inside the home. The caller closes it before anyone else opens it."""
    con = duckdb.connect(home.warehouse, read_only=read_only, config={"memory_limit": MEMORY_LIMIT})
    con.execute("set temp_directory = $folder", {"folder": str(home.temporary)})
    con.execute("set TimeZone = 'UTC'; set preserve_insertion_order = false; set enable_progress_bar = false")
    return con


def prepare(home: Home, settings: Settings, as_of: date, known_at: datetime) -> dict[str, int]:
    """Points the warehouse at everything that landed, as of `as_of` and known at `known_at` (aware).

    Returns the number of raw rows by canonical entity.
    """
    write_schema_files(home)
    with connect(home) as con:
        for schema in SCHEMAS:
            con.execute(f"create schema if not exists {schema}")
        for macro in cast_macros(blocks(settings.sources), [settings.sources.business.timezone]):
            con.execute(macro)
        for name, frame in control_tables(home, settings, as_of, known_at).items():
            con.register("frame", frame)
            con.execute(f"create or replace table control.{name} as select * from frame")
            con.unregister("frame")
        counts = {name: _create_raw_view(con, home.raw / name, name) for name in ENTITIES}
        identity.control_tables(con, settings)
        statements.register(home, con, as_of, _naive_utc(known_at), settings.criteria_version)
    return counts


def control_tables(
    home: Home, settings: Settings, as_of: date, known_at: datetime
) -> dict[str, pd.DataFrame | pa.Table]:
    """The tables of schema `control` that follow from the settings, the ledger and the run."""
    return {
        "run": _run(settings, as_of, known_at),
        "sources": _sources(settings),
        "value_maps": _value_maps(settings),
        "ingest_ledger": ledger_table(read_ledger(home)),
        "quarantine": read_quarantine(home),
        "warning_results": warning_results.results_table(warning_results.read_results(home.warning_results), known_at),
        "identity_decisions": identity.decisions_table(identity.read_decisions(home.decisions), known_at),
    }


def as_of_instant(as_of: date, timezone: str) -> datetime:
    """The instant at which the day `as_of` begins in the business time zone, as naive UTC: everything before it counts."""
    return datetime.combine(as_of, time(), ZoneInfo(timezone)).astimezone(UTC).replace(tzinfo=None)


def _naive_utc(instant: datetime) -> datetime:
    return instant.astimezone(UTC).replace(tzinfo=None)


def _run(settings: Settings, as_of: date, known_at: datetime) -> pd.DataFrame:
    business = settings.sources.business
    return pd.DataFrame(
        {
            "as_of": [as_of],
            "as_of_at": [as_of_instant(as_of, business.timezone)],
            "known_at": [_naive_utc(known_at)],
            "business_timezone": [business.timezone],
            "base_currency": [business.currency],
        }
    )


def _sources(settings: Settings) -> pd.DataFrame:
    rows = [
        {
            "source": ref.source,
            "entity": ref.block,
            "canonical_entity": ref.canonical,
            "channel": settings.sources.sources[ref.source].channel,
            "trust": settings.sources.sources[ref.source].trust,
            "timezone": ref.timezone,
            "currency": ref.currency,
            "dates": ref.settings.format.dates,
            "times": ref.settings.format.format_of_times,
            "decimal": ref.settings.format.decimal,
            "person_ref_by": ref.settings.person_ref.by,
            "freshness_hours": ref.settings.freshness_hours,
        }
        for ref in blocks(settings.sources)
    ]
    types = {"trust": "int32", "freshness_hours": "float64", "dates": "str", "times": "str"}
    return pd.DataFrame(rows).astype(types)


def _value_maps(settings: Settings) -> pd.DataFrame:
    rows = [
        (ref.source, ref.block, column, str(received), canonical)
        for ref in blocks(settings.sources)
        for column, values in ref.settings.values.items()
        for received, canonical in values.items()
    ]
    columns = ["source", "entity", "column_name", "received", "canonical"]
    return pd.DataFrame(rows, columns=columns).astype("str")


def _create_raw_view(con: duckdb.DuckDBPyConnection, folder: Path, name: str) -> int:
    # A view cannot hold a bound parameter; the folder is ours, and its quotes are doubled all the same.
    pattern = str(folder / "**" / "*.parquet").replace("'", "''")
    # Keys of records are published, so they leave raw as hashes: a key may be an address or a number.
    con.execute(
        f"""create or replace view raw.{name} as
        select * replace (md5(concat_ws('/', _source, _entity, _record_key)) as _record_key)
        from read_parquet('{pattern}', union_by_name = true)"""
    )
    row = con.execute(f"select count(*) from raw.{name}").fetchone()
    return int(row[0]) if row else 0
