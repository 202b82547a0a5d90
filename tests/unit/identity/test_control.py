"""Control tables: distinct values looked up once, placeholders found in the data, the same on a second run."""

import pytest

from orchestration.logic.identity import control_tables
from orchestration.logic.identity.control import setting_tables
from orchestration.settings.identity import PROFILE_FIELDS, IdentityFile

TABLES = (
    "phone_numbers",
    "placeholders",
    "person_names",
    "company_names",
    "place_names",
    "identity_keys",
    "identity_settings",
)


@pytest.fixture
def shop(empty_warehouse, identity_settings):
    con = empty_warehouse()
    con.execute("""
        insert into raw.persons (source_record_id, full_name, phone, country, email, _source, _entity) values
            ('1', '王小明', ' 139-1234-5678 ', null, 'TEST@test.com', 'shop', 'accounts'),
            ('2', 'Bob Smith', '030 901820', 'Germany', 'bob@mail.org', 'shop', 'accounts'),
            ('3', '王小明', '13900001000', 'cn', 'info@mail.org', 'shop', 'accounts')
    """)
    con.execute(
        "insert into raw.stores (store_id, phone, _source, _entity) values ('s', '13900001000', 'shop', 'stores')"
    )
    con.execute(
        "insert into raw.orders (order_id, person_ref, _source, _entity) values ('o', '13700000001', 'shop', 'orders')"
    )
    con.execute(
        "insert into raw.companies (source_record_id, name, tax_id) values ('c', '华信有限公司', '91350100M000100Y44')"
    )
    control_tables(con, identity_settings)
    return con


def rows(con, table):
    return con.sql(f"from control.{table} order by all").fetchall()


def test_control_tables_when_phones_written_then_read_with_their_country(shop):
    assert rows(shop, "phone_numbers") == [
        ("030 901820", "DE", "+4930901820"),
        ("13700000001", "CN", "+8613700000001"),
        ("139-1234-5678", "CN", "+8613912345678"),
        ("13900001000", "CN", "+8613900001000"),
    ]


def test_control_tables_when_values_mean_unknown_then_placeholders(shop):
    found = rows(shop, "placeholders")
    expected = [
        ("email", "test@test.com"),
        ("email", "info@mail.org"),
        ("phone", "+8613900001000"),
        ("tax_id", "91350100M000100Y44"),
    ]
    assert set(expected) <= set(found)
    assert ("email", "bob@mail.org") not in found


def test_control_tables_when_run_again_then_equal(shop, identity_settings):
    before = [rows(shop, table) for table in TABLES]
    control_tables(shop, identity_settings)
    assert [rows(shop, table) for table in TABLES] == before


def test_control_tables_when_a_number_left_raw_then_it_leaves_the_table(shop, identity_settings):
    shop.execute("delete from raw.orders")
    control_tables(shop, identity_settings)
    assert "13700000001" not in {phone for phone, *_ in rows(shop, "phone_numbers")}


def test_setting_tables_when_a_field_has_rules_then_they_are_in_order_and_others_go_by_trust_and_recency():
    city = {"rules": ["longest", "sources", "trust"], "sources": ["shop", "crm"]}
    tables = setting_tables(IdentityFile.model_validate({"keys": {}, "survivorship": {"city": city}}))
    rules = tables["survivorship_rules"]
    by_field = {field: tuple(chosen["rule"]) for field, chosen in rules.groupby("field")}
    assert by_field == dict.fromkeys(PROFILE_FIELDS, ("trust", "recency")) | {"city": ("longest", "sources", "trust")}
    assert rules.loc[rules["field"] == "city", "place"].tolist() == [1, 2, 3]
    sources = list(tables["survivorship_sources"].itertuples(index=False, name=None))
    assert sources == [("city", 1, "shop"), ("city", 2, "crm")]
