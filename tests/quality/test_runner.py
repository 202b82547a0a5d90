"""The runner's own promises: an error is no failure, nothing checked is no success, the file is free again."""

from collections.abc import Callable
from pathlib import Path

import duckdb
import pytest

from orchestration.settings.entities import ENTITIES
from quality import gx
from quality.checks import Rule, Suite, Table, at_most, no_rows, not_null
from quality.runner import rules, run_suite
from quality.suites import LAYERS, raw
from quality.thresholds import load_thresholds

Plant = Callable[[str], Path]
FEATURES = "insights.customer_features"


@pytest.mark.parametrize(
    ("layer", "fault", "table"),
    [
        ("raw", "drop table raw.persons", "raw.persons"),
        ("staging", "alter table staging.stg_persons drop column _record_key", "staging.stg_persons"),
        ("marts", "alter table marts.orders drop column net_amount", "marts.orders"),
        ("insights", "drop table insights.customer_features", FEATURES),
    ],
)
def test_check_when_it_cannot_be_evaluated_then_it_is_an_error_that_blocks(
    layer: str, fault: str, table: str, plant: Plant
) -> None:
    errors = [result for result in run_suite(layer, plant(fault), tables=[table]) if result.status == "error"]
    assert errors
    assert all(result.blocks and not result.success and result.error and result.observed is None for result in errors)


@pytest.mark.parametrize(
    ("layer", "fault", "table"),
    [
        ("raw", "delete from control.ingest_ledger", "control.ingest_ledger"),
        ("staging", "delete from staging.stg_conservation", "staging.stg_conservation"),
        ("marts", "delete from marts.customers", "marts.customers"),
        ("insights", "update control.run set as_of = date '2026-03-03'", FEATURES),
    ],
)
def test_table_when_empty_then_every_check_of_it_fails(layer: str, fault: str, table: str, plant: Plant) -> None:
    results = run_suite(layer, plant(fault), tables=[table])
    assert {(result.status, result.observed, result.bound) for result in results} == {("failed", 0, "at least 1 row")}


def test_table_when_empty_and_allowed_to_be_then_its_checks_pass(warehouse: Path) -> None:
    results = run_suite("raw", warehouse, tables=["raw.holidays"])
    assert [(result.status, result.rows_checked) for result in results] == [("passed", 0), ("passed", 0)]


@pytest.mark.parametrize("layer", LAYERS)
def test_suite_when_it_holds_no_check_then_it_fails(layer: str, warehouse: Path) -> None:
    (result,) = run_suite(layer, warehouse, tables=[])
    assert (result.name, result.status, result.blocks) == (f"{layer}__has_rules", "failed", True)


def test_check_when_a_cast_fails_then_the_error_withholds_the_value(
    warehouse: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    customers = Table("marts.customers")
    spoken = "select 1 from {batch} where cast(email as integer) > 0"
    chosen: list[Rule] = [
        no_rows(customers, "cast", spoken, "Casts.", "转换。"),
        at_most(
            customers,
            "measure",
            "select cast(display_name as integer) as observed from marts.customers",
            1,
            "A.",
            "一。",
        ),
        not_null(customers, "no_such_column"),
    ]
    monkeypatch.setitem(LAYERS, "marts", lambda _: Suite("marts", (customers,), chosen))
    results = {result.rule: result for result in run_suite("marts", warehouse)}
    assert [results[rule].status for rule in ("cast", "measure", "no_such_column_not_null")] == ["error"] * 3
    assert "canary" not in repr(results)
    assert "no_such_column" in str(results["no_such_column_not_null"].error)
    assert results["not_empty"].status == "passed"


def test_database_when_judged_then_it_is_unchanged_and_free_for_a_writer(warehouse: Path) -> None:
    before = warehouse.read_bytes()
    run_suite("marts", warehouse)
    assert warehouse.read_bytes() == before
    with duckdb.connect(warehouse) as connection:
        connection.execute("create table control.free as select 1 as one")


def test_database_when_missing_then_the_path_is_named(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match="absent"):
        run_suite("raw", tmp_path / "absent.duckdb")


def test_threshold_when_overridden_then_bound_and_verdict_follow(warehouse: Path) -> None:
    overrides = {"marts.records_per_customer": 0}
    results = run_suite("marts", warehouse, tables=["marts.customer_source_ids"], overrides=overrides)
    result = next(result for result in results if result.rule == "records_per_customer")
    assert (result.status, result.observed, result.bound) == ("failed", 1, "at most 0")


def test_threshold_when_unknown_or_unexplained_then_it_is_named(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"marts\.nothing"):
        load_thresholds({"marts.nothing": 1})
    file = tmp_path / "thresholds.yml"
    file.write_text("marts:\n  bare: {value: 3}\n", encoding="utf-8")
    with pytest.raises(ValueError, match=r"marts\.bare"):
        load_thresholds(file=file)


def test_thresholds_when_read_then_each_is_used_by_a_suite() -> None:
    used: set[str] = set()

    class Seen(dict[str, float]):
        def __getitem__(self, name: str) -> float:
            used.add(name)
            return super().__getitem__(name)

    known = load_thresholds()
    for suite in LAYERS.values():
        suite(Seen(known))
    assert used == set(known)


def test_raw_suite_when_listed_then_it_covers_the_canonical_entities() -> None:
    assert set(raw.ENTITIES) == set(ENTITIES)


def test_layer_when_unknown_then_the_known_ones_are_named() -> None:
    with pytest.raises(ValueError, match="raw, staging, marts, insights"):
        rules("gold")


@pytest.mark.parametrize(
    "message", ["Conversion Error: Could not convert 'canary'", "canary", "(x) Invalid Input Error: canary"]
)
def test_error_when_it_may_quote_data_then_only_its_kind_is_told(message: str) -> None:
    assert "canary'" not in gx.speak(message)
