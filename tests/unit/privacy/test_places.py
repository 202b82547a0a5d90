"""Each copy in the home loses the person and keeps all others; a free block of a database file keeps nothing."""

import csv
import json
from datetime import UTC, date, datetime
from pathlib import Path

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from orchestration.delivery.outbox import Message, read_outbox, write
from orchestration.landing import Name, Suppression, keep_keys, load_suppression
from orchestration.logic.identity import Decision, add_decisions, read_decisions
from orchestration.privacy import places
from orchestration.privacy.truth import erase_truth
from orchestration.settings import Home, load_settings
from orchestration.warning_results import WarningResult, add_results, read_results

GONE = frozenset(["C0000000000000001"])
RECORDS = frozenset([("webshop", "accounts", "AC01"), ("app", "users", "U01")])
IDS = frozenset("/".join(record) for record in RECORDS)


@pytest.fixture
def home(tmp_path: Path) -> Home:
    return Home(tmp_path / "home").ensure()


@pytest.fixture
def suppression(home: Home) -> Suppression:
    keep_keys(
        home, "one", [Name("person", "webshop/accounts", "AC01"), Name("reference", "stores/loyalty_id", "LC1")], ["CN"]
    )
    found = load_suppression(home)
    assert found
    return found


def test_decisions_when_a_record_is_erased_then_it_leaves_them_and_those_about_nobody_else_go(home: Home) -> None:
    now = datetime(2026, 7, 1, tzinfo=UTC)

    def decision(kind: str, left: list[str], right: list[str], undoes: str | None = None) -> Decision:
        return Decision(kind, tuple(left), tuple(right), "why", "me", now, undoes)  # type: ignore[arg-type]

    first, _, third = add_decisions(
        home.decisions,
        [
            decision("unlink", ["webshop/accounts/AC01"], ["webshop/accounts/AC02"]),
            decision("unlink", ["app/users/U01", "app/users/U03"], ["app/users/U04"]),
            decision("link", ["app/users/U05"], ["app/users/U06"]),
        ],
    )
    add_decisions(
        home.decisions, [decision("undo", ["webshop/accounts/AC01"], ["webshop/accounts/AC02"], first.event_id)]
    )
    assert places._erase_decisions(home, IDS) == 3
    left = read_decisions(home.decisions)
    assert [(one.kind, one.left, one.right) for one in left] == [
        ("unlink", ("app/users/U03",), ("app/users/U04",)),
        ("link", ("app/users/U05",), ("app/users/U06",)),
    ]
    assert left[1].event_id == third.event_id
    assert places._erase_decisions(home, IDS) == 0


def test_warnings_when_they_are_of_the_customer_then_what_was_told_of_them_goes_too(home: Home) -> None:
    day = home.warning_statements / "2026-07-01"
    day.mkdir(parents=True)
    customers = [*GONE, "C0000000000000002"]
    pq.write_table(pa.table({"customer_id": customers, "warning_id": ["W1", "W2"]}), day / "at.parquet")
    at = datetime(2026, 7, 2, tzinfo=UTC)
    results = [WarningResult(one, "saved", date(2026, 7, 1), "somebody", at) for one in ("W1", "W2")]
    assert add_results(home.warning_results, results) == 2
    write(home.outbox, Message("m", "care", "email-1", "2026-07-01", ("W1", "W2"), "sent"))
    assert places._erase_what_was_told(home, GONE) == 2
    assert places._erase_statements(home.warning_statements, GONE) == 1
    assert [one.warning_id for one in read_results(home.warning_results)] == ["W2"]
    assert [one.warnings for one in read_outbox(home.outbox)] == [("W2",)]
    assert places._erase_what_was_told(home, GONE) == 0


def test_statements_and_plans_when_they_name_the_customer_then_rows_go_and_sealed_plans_as_a_whole(home: Home) -> None:
    day = home.statements / "2026-07-01"
    day.mkdir(parents=True)
    customers = [*GONE, "C0000000000000002"]
    pq.write_table(pa.table({"customer_id": customers, "tier": ["high", "low"]}), day / "at.parquet")
    (day / "at.tmp").write_bytes(b"cut off")
    for name, moved in (("one", customers), ("two", customers[1:])):
        (home.plans / name).mkdir(parents=True)
        pq.write_table(pa.table({"customer_id": moved}), home.plans / name / "moves.parquet")
    assert places._erase_statements(home.statements, GONE) == 1
    assert places._erase_plans(home, GONE) == 1
    assert pq.read_table(day / "at.parquet").to_pylist() == [{"customer_id": customers[1], "tier": "low"}]
    assert [path.name for path in day.iterdir()] == ["at.parquet"]
    assert [path.name for path in home.plans.iterdir()] == ["two"]


def test_truth_when_all_records_of_a_person_go_then_the_person_goes_and_one_with_others_stays(
    home: Home, suppression: Suppression
) -> None:
    home.truth.mkdir()
    records = [("webshop", "accounts", "AC01", "P1"), ("app", "users", "U01", "P2"), ("app", "users", "U02", "P2")]
    names = ["source", "entity", "source_record_id", "true_person_id"]
    rows = [dict(zip(names, row, strict=True)) for row in records]
    pq.write_table(pa.Table.from_pylist(rows), home.truth / "records.parquet")
    pq.write_table(pa.table({"true_person_id": ["P1", "P2"], "name": ["a", "b"]}), home.truth / "persons.parquet")
    references = {"source": ["stores"] * 2, "person_ref_by": ["loyalty_id"] * 2, "person_ref_value": ["lc1", "lc2"]}
    pq.write_table(pa.table(references), home.truth / "references.parquet")
    with (home.truth / "records_own.csv").open("w", newline="") as file:
        writer = csv.DictWriter(file, names)
        writer.writeheader()
        writer.writerows(rows)
    assert erase_truth(home, suppression, RECORDS) == 6
    assert pq.read_table(home.truth / "records.parquet").to_pylist() == rows[2:]
    assert pq.read_table(home.truth / "persons.parquet")["name"].to_pylist() == ["b"]
    assert pq.read_table(home.truth / "references.parquet")["person_ref_value"].to_pylist() == ["lc2"]
    assert (home.truth / "records_own.csv").read_text().split() == [",".join(names), "app,users,U02,P2"]
    assert erase_truth(home, suppression, RECORDS) == 0


def test_pulled_keys_when_they_are_the_persons_then_they_go_and_the_mark_stays(
    home: Home, suppression: Suppression
) -> None:
    path = home.pulled / "webshop" / "accounts.parquet"
    path.parent.mkdir(parents=True)
    table = pa.table({"k0": ["AC01", "AC02"], "version": ["1", "1"]}).replace_schema_metadata(
        {"strata": json.dumps({"a": 1})}
    )
    pq.write_table(table, path)
    assert places._erase_pulled(home, load_settings(), suppression) == 1
    assert pq.read_table(path)["k0"].to_pylist() == ["AC02"]
    assert pq.read_schema(path).metadata[b"strata"] == b'{"a": 1}'


def test_warehouse_when_a_row_was_deleted_before_then_the_new_file_holds_it_in_no_block(home: Home) -> None:
    """Searched as bytes, in a file that is not compressed; the old one still has it, which shows that the search finds it."""
    secret = "ann.lee.0123456789@mail.example"
    with duckdb.connect(home.warehouse) as con:
        con.execute("set force_compression = 'uncompressed'; create schema insights; create schema raw")
        con.execute("create table insights.tiers (as_of date, customer_id varchar, tier varchar)")
        con.execute("insert into insights.tiers select '2026-07-01', 'C000000000000000' || (n % 3), $t from range(3000) r(n)",
                    {"t": secret})  # fmt: skip
        con.execute("create table insights.days as select date '2026-07-01' as day")
        con.execute("create table raw.persons as select $t as email", {"t": secret})
        con.execute("checkpoint")
        con.execute("update insights.tiers set tier = 'low' where customer_id <> 'C0000000000000001'; checkpoint")
        con.execute("delete from insights.tiers where customer_id = 'C0000000000000001'; checkpoint; vacuum")
    assert secret.encode() in home.warehouse.read_bytes()
    places.renew_warehouse(home, GONE)
    assert secret.encode() not in home.warehouse.read_bytes()
    assert [path.name for path in home.warehouse.parent.iterdir()] == ["strata.duckdb"]
    with duckdb.connect(home.warehouse, read_only=True) as con:
        assert con.execute("select count(*) from insights.tiers").fetchall() == [(2000,)]
        assert con.execute("select count(*) from insights.days").fetchall() == [(1,)]


def test_warehouse_when_damaged_then_it_goes_since_it_comes_back_from_raw(home: Home) -> None:
    home.warehouse.write_bytes(b"no database")
    assert places.renew_warehouse(home, GONE) == 0
    assert not home.warehouse.exists()
