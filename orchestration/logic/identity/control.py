"""The tables in schema `control` that tell the models how to link: the settings of identity.yml, and lookups by distinct value.

What only Python libraries can do (phone numbers, names) is done here once a distinct value, so that the models only join. Runs
before dbt, on the raw views. A new lookup goes here; a decision about records belongs into a model.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import pandas as pd

from orchestration.logic.identity.companies import address_keys, company_names, is_tax_id, place_names
from orchestration.logic.identity.names import name_keys
from orchestration.logic.identity.written import CODES, store_phones, written_phones, written_values
from orchestration.phones import COUNTRY_NAMES, phone_numbers
from orchestration.settings.identity import PROFILE_FIELDS, IdentityFile, Survivorship

if TYPE_CHECKING:
    import duckdb

    from orchestration.settings import Settings


def control_tables(con: duckdb.DuckDBPyConnection, settings: Settings) -> dict[str, int]:
    """Writes every control table of the identity; needs the raw views, control.sources and control.value_maps.

    Returns the number of rows by table. Pure in raw data and settings: phone numbers known from an earlier run are taken over,
    those no longer in raw are dropped.
    """
    con.execute("create schema if not exists control")
    counts = {name: _write(con, name, frame) for name, frame in setting_tables(settings.identity).items()}
    counts["phone_numbers"] = _write_phone_numbers(con, settings.identity.default_country)
    counts["placeholders"] = _write(con, "placeholders", _placeholders(con, settings.identity))
    counts["person_names"] = _write(con, "person_names", _person_names(con, settings.identity))
    counts["company_names"] = _write(con, "company_names", _company_names(con, settings.identity))
    counts["place_names"] = _write(con, "place_names", _place_names(con))
    counts["addresses"] = _write(con, "addresses", _addresses(con))
    return counts


def setting_tables(identity: IdentityFile) -> dict[str, pd.DataFrame]:
    """The settings that the models read, as frames by table name."""
    keys = [
        (kind, key.strength, key.max_names, key.max_records, key.needs) for kind, key in sorted(identity.keys.items())
    ]
    chosen = {field: identity.survivorship.get(field, Survivorship()) for field in sorted(PROFILE_FIELDS)}
    return {
        "identity_keys": pd.DataFrame(keys, columns=["key_type", "strength", "max_names", "max_records", "needs"]),
        "identity_settings": pd.DataFrame([_scalars(identity)]),
        "freemail_domains": pd.DataFrame({"domain": sorted(identity.freemail_domains)}, dtype="str"),
        "survivorship_rules": _in_order("rule", {field: settings.rules for field, settings in chosen.items()}),
        "survivorship_sources": _in_order("source", {field: settings.sources for field, settings in chosen.items()}),
        "countries": pd.DataFrame(sorted(COUNTRY_NAMES.items()), columns=["written", "country"]).astype("str"),
    }


def _in_order(what: str, lists: Mapping[str, Sequence[str]]) -> pd.DataFrame:
    """The lists of fields as rows; `place` 1 comes first."""
    rows = [(field, place, name) for field, names in lists.items() for place, name in enumerate(names, start=1)]
    return pd.DataFrame(rows, columns=["field", "place", what]).astype({"field": "str", "place": "int32", what: "str"})


def _scalars(identity: IdentityFile) -> dict[str, int | float | str]:
    bands, limits = identity.size_bands, identity.clusters
    return {
        "default_country": identity.default_country,
        "source_merge_strength": identity.source_merge_strength,
        "max_signatures": identity.max_signatures,
        "max_cluster_records": limits.max_records,
        "max_cluster_birth_dates": limits.max_birth_dates,
        "max_cluster_national_ids": limits.max_national_ids,
        "crowded_hour_records": identity.model.crowded_hour_records,
        "crowded_hour_share": identity.model.crowded_hour_share,
        "large_employees": bands.large,
        "medium_employees": bands.medium,
        "small_employees": bands.small,
    }


def _write_phone_numbers(con: duckdb.DuckDBPyConnection, default_country: str) -> int:
    con.execute("create table if not exists control.phone_numbers (phone varchar, country varchar, e164 varchar)")
    con.execute(
        f"create or replace temp table written_phones as {written_phones()}", {"default_country": default_country}
    )
    unread = con.execute("from written_phones anti join control.phone_numbers using (phone, country) order by all").df()
    con.register("read_phones", phone_numbers(unread))
    con.execute("""
        create or replace table control.phone_numbers as
        select phone, country, e164
        from (from control.phone_numbers union all from read_phones)
        semi join written_phones using (phone, country)
        order by all
    """)
    con.unregister("read_phones")
    con.execute("drop table written_phones")
    return _count(con, "phone_numbers")


def _placeholders(con: duckdb.DuckDBPyConnection, identity: IdentityFile) -> pd.DataFrame:
    """The placeholder values: those named, those in the data that a pattern takes whole, shops' phones, wrong tax ids."""
    rows = [("phone", value) for value in _values(con, store_phones(), default_country=identity.default_country)]
    rows += [("tax_id", value) for value in _values(con, written_values("tax_id")) if not is_tax_id(value)]
    for key_type, placeholder in sorted(identity.placeholders.items()):
        found = []
        if placeholder.patterns and (key_type in CODES or key_type in ("email", "phone")):
            pattern = "|".join(f"(?:{pattern})" for pattern in placeholder.patterns)
            query = f"select value from ({written_values(key_type)}) where regexp_full_match(value, $pattern)"
            found = _values(con, query, pattern=pattern)
        rows += [(key_type, value) for value in (*placeholder.values, *found)]
    return pd.DataFrame(sorted(set(rows)), columns=["key_type", "value"]).astype("str")


def _values(con: duckdb.DuckDBPyConnection, query: str, **parameters: str) -> list[str]:
    return [value for (value,) in con.execute(query, parameters).fetchall() if value]


def _person_names(con: duckdb.DuckDBPyConnection, identity: IdentityFile) -> pd.DataFrame:
    query = """
        select distinct coalesce(trim(full_name), ''), coalesce(trim(given_name), ''), coalesce(trim(family_name), '')
        from raw.persons
        order by all
    """
    return name_keys(con.execute(query).fetchall(), identity.names)


def _company_names(con: duckdb.DuckDBPyConnection, identity: IdentityFile) -> pd.DataFrame:
    query = "select distinct trim(name) from raw.companies where trim(name) <> '' order by all"
    return company_names((name for (name,) in con.execute(query).fetchall()), identity.legal_forms)


def _place_names(con: duckdb.DuckDBPyConnection) -> pd.DataFrame:
    query = """
        select trim(city) as city from raw.persons where trim(city) <> ''
        union
        select trim(city) from raw.companies where trim(city) <> ''
        order by all
    """
    return place_names(_values(con, query))


def _addresses(con: duckdb.DuckDBPyConnection) -> pd.DataFrame:
    query = """
        select distinct coalesce(nullif(trim(street), ''), trim(address)) as address, coalesce(trim(city), '') as city
        from raw.persons
        where coalesce(nullif(trim(street), ''), trim(address)) <> ''
        order by all
    """
    return address_keys(con.execute(query).fetchall())


def _write(con: duckdb.DuckDBPyConnection, name: str, frame: pd.DataFrame) -> int:
    con.register("control_frame", frame)
    con.execute(f"create or replace table control.{name} as from control_frame")
    con.unregister("control_frame")
    return len(frame)


def _count(con: duckdb.DuckDBPyConnection, name: str) -> int:
    row = con.execute(f"select count(*) from control.{name}").fetchone()
    return int(row[0]) if row else 0
