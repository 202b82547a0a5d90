"""The facts on a small warehouse, from raw rows to marts: what a test of one model cannot show. Who is who is given."""

from datetime import date, datetime, timedelta
from pathlib import Path

import duckdb
import pytest

from tests.dbt.small_warehouse import SmallWarehouse

FOLDERS = ("staging", "intermediate/facts", "marts/facts")
FACTS = ("--select", *(f"path:models/{folder}" for folder in FOLDERS))

SOURCES = {
    "business": {"timezone": "Asia/Shanghai", "currency": "CNY"},
    "sources": {
        "shop": {
            "channel": "ecommerce",
            "trust": 60,
            "entities": {
                "sales": {
                    "entity": "orders",
                    "key": ["id"],
                    "columns": {"order_id": "id", "ordered_at": "at", "status": "status"},
                    "values": {"status": {"已完成": "completed"}},
                },
                "items": {"entity": "order_lines", "columns": {"order_id": "id"}},
                "returns": {
                    "entity": "refunds",
                    "key": ["id"],
                    "columns": {"refund_id": "id", "order_id": "o", "refunded_at": "at", "amount": "a"},
                },
            },
        },
        "till": {
            "channel": "store",
            "trust": 50,
            "entities": {"receipts": {"entity": "order_lines", "columns": {"order_id": "id", "ordered_at": "at"}}},
        },
        "bank": {
            "channel": "reference",
            "trust": 90,
            "entities": {
                "rates": {
                    "entity": "exchange_rates",
                    "key": ["d", "c"],
                    "columns": {"rate_date": "d", "currency": "c", "rate_to_base": "r"},
                }
            },
        },
    },
}


def shop(path: Path, as_of: date = date(2026, 1, 1)) -> SmallWarehouse:
    """Orders with lines and refunds, receipts without headers, rates: everything that happened until the middle of January."""
    midnight = datetime(as_of.year, as_of.month, as_of.day) - timedelta(hours=8)
    warehouse = SmallWarehouse(path, SOURCES, as_of=as_of, as_of_at=midnight)
    warehouse.add(
        "shop",
        "sales",
        {"order_id": "1", "person_ref": "a", "ordered_at": "2025-12-01T10:00", "status": "paid", "net_amount": "100"},
        {"order_id": "1", "person_ref": "b", "ordered_at": "2025-12-01T10:00", "status": "已完成", "net_amount": "50"},
        {"order_id": "2", "person_ref": "a", "ordered_at": "2025-12-30T10:00", "currency": "usd", "gross_amount": "10"},
        {"order_id": "3", "ordered_at": "2025-12-31T23:59", "status": "test", "net_amount": "1"},
        {"order_id": "4", "person_ref": "b", "ordered_at": "2026-01-03T10:00", "status": "paid", "net_amount": "70"},
    )
    warehouse.add(
        "shop",
        "sales",
        {
            "order_id": "1",
            "person_ref": "a",
            "ordered_at": "2025-12-01T10:00",
            "updated_at": "2026-01-02T10:00",
            "status": "cancelled",
            "net_amount": "100",
        },
        loaded_at=datetime(2026, 1, 10, 1),
    )
    warehouse.add(
        "shop",
        "items",
        {"order_id": "1", "person_ref": "a", "line_number": "1", "quantity": "2", "unit_price": "50"},
        {"order_id": "2", "line_number": "1", "quantity": "1", "line_amount": "10"},
        {"order_id": "9", "line_number": "1", "quantity": "1", "line_amount": "10"},
    )
    warehouse.add(
        "shop",
        "returns",
        {"refund_id": "r1", "order_id": "2", "refunded_at": "2025-12-31T10:00", "amount": "4"},
        {"refund_id": "r2", "order_id": "2", "refunded_at": "2026-01-05T10:00", "amount": "6"},
        {"refund_id": "r3", "order_id": "77", "refunded_at": "2025-12-05T10:00", "amount": "6"},
    )
    warehouse.add(
        "till",
        "receipts",
        {"order_id": "1", "person_ref": "m", "ordered_at": "2025-12-05T10:00", "quantity": "1", "line_amount": "8.005"},
        {"order_id": "1", "person_ref": "m", "ordered_at": "2025-12-05T10:01", "quantity": "1", "line_amount": "2"},
        {"order_id": "1", "person_ref": "n", "ordered_at": "2025-12-05T10:00", "quantity": "-1", "line_amount": "3"},
        {"order_id": "2", "ordered_at": "2026-01-04T10:00", "quantity": "1", "line_amount": "5"},
    )
    warehouse.add(
        "bank",
        "rates",
        {"rate_date": "2025-12-29", "currency": "USD", "rate_to_base": "7.1"},
        {"rate_date": "2025-12-31", "currency": "USD", "rate_to_base": "7.2"},
    )
    return warehouse


def build(warehouse: SmallWarehouse, dbt) -> Path:
    path = warehouse.write()
    with duckdb.connect(path) as con:
        con.execute("""
            create table marts.bridge_person_refs as
            select 'shop' as source, 'record' as person_ref_by, ref as person_ref_value, 'C' || ref as customer_id
            from unnest(['a', 'b']) as refs(ref)
        """)
        con.execute("create table marts.customers as select 3 as count_records from range(2)")
        con.execute(
            "create table marts.customer_source_ids as select cast(range as varchar) as record_id from range(6)"
        )
    dbt(path, "run", *FACTS)
    return path


@pytest.fixture(scope="module")
def built(dbt, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return build(shop(tmp_path_factory.mktemp("facts") / "strata.duckdb"), dbt)


def test_orders_when_built_then_hold_each_order_once_with_its_worth(built: Path, query) -> None:
    rows = query(
        built,
        "select order_key, customer_id, status, excluded_by, net_amount::varchar, count_lines from marts.orders order by all",
    )
    assert rows == [
        ("shop/1/a", "Ca", "paid", None, "100.00", 1),
        ("shop/1/b", "Cb", "completed", None, "50.00", 0),
        ("shop/2/a", "Ca", None, None, "42.60", 1),
        ("shop/3/", None, "test", "test", "1.00", 0),
        ("till/1/m", None, None, None, "10.01", 2),
        ("till/1/n", None, None, "return", "-3.00", 1),
    ]


def test_conservation_when_built_then_every_row_is_accounted_for(built: Path, query) -> None:
    rows = query(
        built,
        "select layer, entity, source, block, rows_in, rows_out, rows_superseded, rows_after_as_of, rows_excluded, difference "
        "from marts.conservation where entity in ('orders', 'order_lines', 'refunds') order by all",
    )
    assert rows[:4] == [
        ("landing", "order_lines", "shop", "items", 6, 3, 0, 0, 0, 0),
        ("landing", "order_lines", "till", "receipts", 7, 4, 0, 0, 0, 0),
        ("landing", "orders", "shop", "sales", 9, 6, 0, 0, 0, 0),
        ("landing", "refunds", "shop", "returns", 6, 3, 0, 0, 0, 0),
    ]
    customers = "select rows_in, rows_out, rows_merged, difference from marts.conservation where layer = 'customers'"
    assert query(built, customers) == [(6, 2, 4, 0)]
    assert rows[4:] == [
        ("marts", "order_lines", "shop", "items", 3, 2, 0, 0, 1, 0),
        ("marts", "order_lines", "till", "receipts", 3, 3, 0, 0, 0, 0),
        ("marts", "orders", "shop", "sales", 4, 4, 0, 0, 0, 0),
        ("marts", "orders", "till", "receipts", 2, 2, 0, 0, 0, 0),
        ("marts", "refunds", "shop", "returns", 2, 1, 0, 0, 1, 0),
        ("staging", "order_lines", "shop", "items", 3, 3, 0, 0, 0, 0),
        ("staging", "order_lines", "till", "receipts", 4, 3, 0, 1, 0, 0),
        ("staging", "orders", "shop", "sales", 6, 4, 0, 2, 0, 0),
        ("staging", "refunds", "shop", "returns", 3, 2, 0, 1, 0, 0),
    ]


def test_conservation_when_a_staged_row_is_lost_then_the_difference_shows_it(
    built: Path, dbt, query, tmp_path: Path
) -> None:
    path = tmp_path / "strata.duckdb"
    path.write_bytes(built.read_bytes())
    with duckdb.connect(path) as con:
        con.execute("delete from staging.stg_orders where order_key = 'shop/3/'")
    dbt(path, "run", "--select", "stg_conservation", "conservation")
    sql = "select layer, entity, difference from marts.conservation where difference <> 0 order by all"
    assert query(path, sql) == [("marts", "orders", -1), ("staging", "orders", 1)]


def test_conservation_when_a_raw_row_is_lost_then_the_difference_shows_it(
    built: Path, dbt, query, tmp_path: Path
) -> None:
    path = tmp_path / "strata.duckdb"
    path.write_bytes(built.read_bytes())
    with duckdb.connect(path) as con:
        con.execute("delete from raw.refunds where refund_id = (select min(refund_id) from raw.refunds)")
    dbt(path, "run", "--select", "stg_conservation", "conservation")
    sql = "select layer, entity from marts.conservation where difference > 0 and layer = 'landing'"
    assert query(path, sql) == [("landing", "refunds")]


def test_staging_when_a_record_is_found_gone_then_it_ends_until_it_comes_again(dbt, query, tmp_path: Path) -> None:
    warehouse = SmallWarehouse(tmp_path / "strata.duckdb", SOURCES)
    paid = {"ordered_at": "2025-12-01T10:00", "status": "paid", "net_amount": "1"}
    names = ("gone", "back", "later", "stays")
    warehouse.add("shop", "sales", *({"order_id": name, **paid} for name in names), loaded_at=datetime(2025, 12, 2))
    seen = datetime(2025, 12, 5)
    tombstones = [{"order_id": name, "_tombstone_at": seen} for name in ("gone", "back")]
    warehouse.add("shop", "sales", *tombstones, loaded_at=seen)
    late = datetime(2026, 1, 5)
    warehouse.add("shop", "sales", {"order_id": "later", "_tombstone_at": late}, loaded_at=late)
    warehouse.add("shop", "sales", {"order_id": "back", **paid, "net_amount": "2"}, loaded_at=datetime(2025, 12, 6))
    path = build(warehouse, dbt)
    rows = query(path, "select order_id, net_amount::varchar from staging.stg_orders order by all")
    assert rows == [("back", "2.0000"), ("later", "1.0000"), ("stays", "1.0000")]
    fates = query(path, "select rows_raw, rows_deleted, rows_after_as_of, rows_out from staging.stg_conservation")
    assert fates == [(8, 4, 1, 3)]


def test_orders_when_the_run_is_later_then_later_versions_and_refunds_are_known(dbt, query, tmp_path: Path) -> None:
    path = build(shop(tmp_path / "strata.duckdb", date(2026, 1, 15)), dbt)
    rows = query(
        path, "select order_key, excluded_by, net_amount::varchar from marts.orders where source = 'shop' order by all"
    )
    assert rows == [
        ("shop/1/a", "cancelled", "100.00"),
        ("shop/1/b", None, "50.00"),
        ("shop/2/a", None, "0.00"),
        ("shop/3/", "test", "1.00"),
        ("shop/4/b", None, "70.00"),
    ]


def test_facts_when_rows_come_in_another_order_then_are_the_same(built: Path, dbt, query, tmp_path: Path) -> None:
    turned = shop(tmp_path / "strata.duckdb")
    for rows in turned.rows.values():
        rows.reverse()
    path = build(turned, dbt)
    for table in ("orders", "order_lines", "exchange_rates", "conservation"):
        sql = f"select * from marts.{table} order by all"
        assert query(path, sql) == query(built, sql)


def test_unit_tests_of_the_models_when_run_then_pass(built: Path, dbt, tmp_path: Path) -> None:
    path = tmp_path / "strata.duckdb"
    path.write_bytes(built.read_bytes())
    results = dbt(path, "test", "--select", *(f"path:models/{folder},test_type:unit" for folder in FOLDERS))
    assert [one.status for one in results] == ["pass"] * 12
