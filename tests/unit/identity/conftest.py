"""Small warehouses for the tests of the identity, made by functions that fixtures hand out: raw tables, or records and links."""

from datetime import UTC, datetime
from types import SimpleNamespace

import duckdb
import pytest

from orchestration.logic.identity import decisions_table
from orchestration.logic.identity.comparisons import FIELDS
from orchestration.settings import config_folder
from orchestration.settings.entities import ENTITIES
from orchestration.settings.identity import IdentityFile
from orchestration.settings.loader import load_model

IDENTITY = load_model(config_folder() / "identity.yml", IdentityFile)
SETTINGS = SimpleNamespace(identity=IDENTITY)


@pytest.fixture(scope="session")
def identity_settings():
    """Settings with the shipped identity.yml, as the functions take them."""
    return SETTINGS


@pytest.fixture(scope="session")
def empty_warehouse():
    return _empty_warehouse


@pytest.fixture(scope="session")
def warehouse_of():
    return _warehouse_of


def _empty_warehouse() -> duckdb.DuckDBPyConnection:
    """Raw tables with the canonical columns and no rows, and one source `shop` whose orders refer by phone."""
    con = duckdb.connect()
    con.execute("create schema raw; create schema control; create schema intermediate")
    for name, entity in ENTITIES.items():
        columns = ", ".join(f'"{column}" varchar' for column in (*entity.column_names, "_source", "_entity"))
        con.execute(f"create table raw.{name} ({columns})")
    con.execute("create table control.sources as select 'shop' as source, 'orders' as entity, 'phone' as person_ref_by")
    con.execute(
        "create table control.value_maps"
        " (source varchar, entity varchar, column_name varchar, received varchar, canonical varchar)"
    )
    return con


def _warehouse_of(records, links) -> duckdb.DuckDBPyConnection:
    """`records`: (record_id, day it was first seen or None); `links`: (left, right, strength)."""
    con = duckdb.connect()
    con.execute("create schema intermediate; create schema control")
    con.register("decisions", decisions_table([], datetime.now(UTC)))
    con.execute("create table control.identity_decisions as from decisions")
    con.execute(
        "create table intermediate.int_identity__records"
        " (record_id varchar, first_seen_at timestamp, birth_date date, national_id varchar)"
    )
    con.execute("""
        create table intermediate.int_identity__links (
            left_record_id varchar, right_record_id varchar, key_type varchar, strength integer,
            linked_at timestamp, evidence varchar)
    """)
    con.execute("create table intermediate.int_identity__comparables (record_id varchar)")
    for column in (*FIELDS, "block"):
        con.execute(f"alter table intermediate.int_identity__comparables add column {column} varchar")
    con.execute('alter table intermediate.int_identity__comparables add column "hour" bigint')
    for record_id, day in records:
        moment = None if day is None else f"2025-01-{day:02d}"
        con.execute("insert into intermediate.int_identity__records values (?, ?, null, null)", [record_id, moment])
    for left, right, strength in links:
        con.execute(
            """
            insert into intermediate.int_identity__links
            select ?, ?, 'email', ?, max(first_seen_at), 'email abc'
            from intermediate.int_identity__records where record_id in (?, ?)
            """,
            [left, right, strength, left, right],
        )
    return con
