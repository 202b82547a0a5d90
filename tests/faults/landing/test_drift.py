"""T18: a column dropped, added, renamed, swapped or re-typed is refused or set aside as `on_drift` says; values never shift."""

from pathlib import Path
from typing import Any

import pytest

from tests.unit.landing.conftest import Bench

COLUMNS = ("id", "customer", "at", "net", "state")
ROWS = [
    {"id": f"o{n}", "customer": f"c{n}", "at": f"2026-01-0{n}", "net": f"{n}.5", "state": "paid"} for n in range(1, 6)
]
MAPPED = {"order_id": "id", "person_ref": "customer", "ordered_at": "at", "net_amount": "net", "status": "state"}
RETYPED = {"at": "soon", "net": "many", "state": "perhaps"}


def csv_of(columns: tuple[str, ...], rows: list[dict[str, str]]) -> str:
    return "\n".join([",".join(columns), *(",".join(row[name] for name in columns) for row in rows)]) + "\n"


def changes() -> dict[str, tuple[tuple[str, ...], list[dict[str, str]], str]]:
    """Name → columns of the file, its rows, and the kind of the change: kept, missing or retyped."""
    found: dict[str, tuple[tuple[str, ...], list[dict[str, str]], str]] = {}
    for name in COLUMNS:
        others = tuple(column for column in COLUMNS if column != name)
        renamed = tuple(f"new {column}" if column == name else column for column in COLUMNS)
        found[f"{name} dropped"] = (others, ROWS, "missing")
        found[f"{name} renamed"] = (renamed, [{**row, f"new {name}": row[name]} for row in ROWS], "missing")
    found["a column added"] = (("extra", *COLUMNS), [{**row, "extra": "x"} for row in ROWS], "kept")
    found["all columns turned round"] = (COLUMNS[::-1], ROWS, "kept")
    for name, value in RETYPED.items():
        found[f"{name} retyped"] = (COLUMNS, [{**row, name: value} for row in ROWS], "retyped")
    return found


CASES = [(name, rule) for name in changes() for rule in ("refuse", "quarantine", "extend")]


def test_there_are_forty_cases_and_more() -> None:
    assert len(CASES) >= 40


@pytest.mark.parametrize(("name", "on_drift"), CASES)
def test_landing_when_columns_drift_then_no_value_shifts(name: str, on_drift: str, tmp_path: Path) -> None:
    columns, rows, kind = changes()[name]
    bench = Bench(tmp_path, {"entity": "orders", "key": ["id"], "columns": MAPPED, "on_drift": on_drift})
    (report,) = bench.land(csv_of(columns, rows)).files
    loaded = bench.raw()
    if kind == "missing" and on_drift == "refuse":
        assert (report.status, loaded) == ("refused", [])
        return
    rules = {row["rule"] for row in bench.quarantine()}
    if kind == "retyped":
        assert (report.rows_quarantined, rules <= {"timestamp", "number", "allowed"}) == (len(ROWS), True)
    elif kind == "missing" and (on_drift == "quarantine" or name.startswith(("id", "at"))):
        assert report.rows_quarantined == len(ROWS)
        assert rules == ({"drift"} if on_drift == "quarantine" else {"required"})
    else:
        assert [values(row, name) for row in loaded] == [expected(row, name) for row in ROWS]


def values(row: dict[str, Any], name: str) -> dict[str, Any]:
    return {source: row[canonical] for canonical, source in MAPPED.items()}


def expected(row: dict[str, str], name: str) -> dict[str, str | None]:
    """The values under their own names; null for a column that the file no longer has."""
    gone = name.partition(" ")[0] if name.endswith(("dropped", "renamed")) else None
    return {column: None if column == gone else value for column, value in row.items()}
