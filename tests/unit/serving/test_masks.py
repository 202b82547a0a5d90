"""The ordinary variant names nobody: every table of it is decoded and searched for what names a person."""

from collections.abc import Callable

import duckdb
import pytest

from orchestration.serving import PublicationReport
from orchestration.serving.masks import MASKS, masked
from orchestration.serving.tables import PUBLICATION, TABLES

Publish = Callable[..., PublicationReport]
NAMES = [*(table.name for table in TABLES), PUBLICATION]


def cells(connection: duckdb.DuckDBPyConnection, relation: str) -> str:
    return "\n".join(str(row) for row in connection.execute(f"select * from {relation}").fetchall())


def test_ordinary_variant_when_decoded_then_no_canary_is_in_it(publish_day: Publish) -> None:
    report = publish_day()
    with duckdb.connect(report.database, read_only=True) as connection:
        decoded = {name: cells(connection, f"serving.{name}") for name in NAMES}
        decoded |= {
            f"{name} (Parquet)": cells(connection, f"'{report.parquet}/{name}/part-0.parquet'") for name in NAMES
        }
    assert [name for name, text in decoded.items() if "canary" in text.lower() or "+86139" in text] == []


def test_restricted_variant_when_decoded_then_it_holds_everything_but_raw_bytes(publish_day: Publish) -> None:
    with duckdb.connect(publish_day().restricted, read_only=True) as connection:
        decoded = {name: cells(connection, f"serving.{name}") for name in NAMES}
    assert {name for name, text in decoded.items() if "canary" in text.lower()} == {
        "customers",
        "customer_tier_table",
        "feedback",
    }
    assert "raw_bytes" not in decoded["quarantine"]


def test_customers_when_masked_then_companies_keep_their_names_and_ages_stay_possible(publish_day: Publish) -> None:
    query = """
        select customer_type, display_name, email, phone, birth_date, loyalty_id, count(*) from serving.customers
        where birth_date is not null or customer_type = 'company' group by all order by all
    """
    with duckdb.connect(publish_day().database, read_only=True) as connection:
        found = [tuple(map(str, row)) for row in connection.execute(query).fetchall()]
    assert found == [
        ("company", "Acme K1", "None", "None", "None", "None", "1"),
        ("company", "Acme K2", "None", "None", "None", "None", "1"),
        ("person", "金**", "***", "***", "1980-01-01", "***", "18"),
    ]


def test_order_keys_when_masked_then_lines_still_find_their_orders(publish_day: Publish) -> None:
    with duckdb.connect(publish_day().database, read_only=True) as connection:
        query = "select count(*) from serving.orders inner join serving.order_lines using (order_key)"
        assert connection.execute(query).fetchall() == [(60,)]


@pytest.mark.parametrize(("value", "kept"), [("P-17", True), ("someone@example.com", False)])
def test_source_record_id_when_it_is_an_address_then_it_is_hidden(value: str, kept: bool) -> None:
    query = f"select {masked('source_record_id')} from (select $value as source_record_id)"
    (found,) = duckdb.execute(query, {"value": value}).fetchall()[0]
    assert (found == value) is kept


@pytest.mark.parametrize("column", sorted(set(MASKS) - {"display_name", "full_name", "given_name", "family_name"}))
def test_mask_when_the_value_is_null_then_it_stays_null(column: str) -> None:
    kind = "date" if column == "birth_date" else "varchar"
    assert duckdb.execute(f'select {masked(column)} from (select cast(null as {kind}) as "{column}")').fetchall() == [
        (None,)
    ]


def test_free_text_when_declared_then_it_is_hidden() -> None:
    assert masked("text", ("text",)) != masked("text")
