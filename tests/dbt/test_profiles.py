"""Whose value a profile shows, from raw rows to the marts: deletions and merges of the sources. Who is who is given."""

from datetime import date, datetime
from pathlib import Path
from types import SimpleNamespace

import duckdb
import pytest

from orchestration.logic.identity import control_tables
from orchestration.settings import config_folder
from orchestration.settings.identity import IdentityFile
from orchestration.settings.loader import load_model
from tests.dbt.small_warehouse import SmallWarehouse

IDENTITY = load_model(config_folder() / "identity.yml", IdentityFile)
FOLDERS = ("intermediate/identity", "intermediate/profiles", "marts/identity")
PERSONS = {
    "entity": "persons",
    "key": ["id"],
    "columns": {
        **{"source_record_id": "id", "full_name": "name", "email": "mail", "phone": "tel", "city": "city"},
        **{name: name for name in ("district", "occupation", "household", "income", "education")},
    },
}
SOURCES = {
    "sources": {
        "crm": {"channel": "crm", "trust": 80, "entities": {"contacts": PERSONS}},
        "shop": {"channel": "ecommerce", "trust": 60, "entities": {"accounts": PERSONS}},
    }
}


def people(path: Path, as_of: date = date(2026, 1, 1)) -> SmallWarehouse:
    """One person, thrice in the CRM and once in the shop; in December the CRM merges 1 into 2 and deletes 3."""
    warehouse = SmallWarehouse(path, SOURCES, as_of=as_of, as_of_at=datetime(as_of.year, as_of.month, as_of.day))
    anew = {"source_record_id": "1", "full_name": "Ann Gray", "email": "ann@gray.org", "updated_at": "2025-11-01"}
    gone = {"source_record_id": "3", "full_name": "Ann Grey", "phone": "13900000003", "updated_at": "2025-11-03"}
    warehouse.add(
        "crm",
        "contacts",
        {**anew, "city": "Köln", "phone": "13900000001", "email": "ann@grey.org"},
        {
            **{"source_record_id": "2", "full_name": "Ann Grey", "city": "Bonn", "updated_at": "2025-10-01"},
            **{"district": "Beuel", "occupation": "nurse", "household": "2"},
        },
        gone,
        {**anew, "city": "Ulm", "phone": "13900000001", "updated_at": "2025-12-10", "merged_into": "2"},
        {**gone, "updated_at": "2025-12-10", "deleted_at": "2025-12-10"},
    )
    shop = {"source_record_id": "9", "full_name": "A. Gray", "phone": "13900000009", "updated_at": "2025-12-20"}
    shop |= {"district": "Nippes", "occupation": "teacher", "income": "100k-200k", "education": "master"}
    warehouse.add("shop", "accounts", shop)
    return warehouse


def build(warehouse: SmallWarehouse, dbt) -> Path:
    """Writes the warehouse, its control tables and who is who, and runs dbt up to the profiles."""
    path = warehouse.write()
    with duckdb.connect(path) as con:
        control_tables(con, SimpleNamespace(identity=IDENTITY))
        con.execute("create schema identity")
        con.execute("""
            create table identity.clusters as
            select unnest(['crm/contacts/1', 'crm/contacts/2', 'crm/contacts/3', 'shop/accounts/9']) as record_id,
                'C1' as customer_id, 'key' as linked_by, null::double as match_probability, null::timestamp as linked_at
        """)
    dbt(path, "build", "--resource-type", "model", "seed", "--select", "+customers", "+int_identity__links")
    return path


@pytest.fixture(scope="module")
def built(dbt, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return build(people(tmp_path_factory.mktemp("profiles") / "strata.duckdb"), dbt)


SURVIVORSHIP = "select field, source, source_record_id, rule, count_conflicts from marts.survivorship order by field"
PROFILE = "select display_name, email, phone, city, count_records from marts.customers"
PERSON = "select district, place_city, occupation, household, income_band, education from marts.customers"


def test_profile_when_a_source_merged_and_deleted_then_their_values_yield(built: Path, query) -> None:
    assert query(built, SURVIVORSHIP) == [
        ("city", "crm", "2", "only_value", 0),
        ("display_name", "crm", "2", "trust", 1),
        ("district", "crm", "2", "trust", 1),
        ("education", "shop", "9", "only_value", 0),
        ("email", "crm", "1", "only_value", 0),
        ("household", "crm", "2", "only_value", 0),
        ("income_band", "shop", "9", "only_value", 0),
        ("occupation", "crm", "2", "trust", 1),
        ("phone", "shop", "9", "only_value", 0),
    ]
    assert query(built, PROFILE) == [("Ann Grey", "ann@gray.org", "+8613900000009", "Bonn", 3)]
    assert query(built, PERSON) == [("Beuel", "Bonn", "nurse", "2", "100k-200k", "master")]


def test_profile_when_the_day_is_before_merge_and_deletion_then_they_have_their_say(dbt, query, tmp_path: Path) -> None:
    path = build(people(tmp_path / "strata.duckdb", date(2025, 12, 1)), dbt)
    assert query(path, SURVIVORSHIP) == [
        ("city", "crm", "1", "recency", 1),
        ("display_name", "crm", "3", "frequency", 1),
        ("district", "crm", "2", "only_value", 0),
        ("email", "crm", "1", "only_value", 0),
        ("household", "crm", "2", "only_value", 0),
        ("occupation", "crm", "2", "only_value", 0),
        ("phone", "crm", "3", "recency", 1),
    ]
    assert query(path, PROFILE) == [("Ann Grey", "ann@grey.org", "+8613900000003", "Köln", 3)]


def test_unit_tests_of_the_models_when_run_then_pass(built: Path, dbt, tmp_path: Path) -> None:
    path = tmp_path / "strata.duckdb"
    path.write_bytes(built.read_bytes())
    results = dbt(path, "test", "--select", *(f"path:models/{folder},test_type:unit" for folder in FOLDERS))
    assert [one.status for one in results] == ["pass"] * 12
