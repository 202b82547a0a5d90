"""T17: late, repeated, out-of-order, renamed and half-written files end in one state, whatever the order they came in."""

import random
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from tests.unit.landing.conftest import Bench

HEADER = "id,customer,at,net,state,changed\n"
COLUMNS = {"order_id": "id", "person_ref": "customer", "ordered_at": "at", "net_amount": "net", "status": "state"}
BLOCK = {"entity": "orders", "key": ["id"], "columns": {**COLUMNS, "updated_at": "changed"}}
ORDERS_OF_FILES = 50


@pytest.fixture(autouse=True)
def _no_waiting_for_the_disk(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("os.fsync", lambda descriptor: None)


def files() -> dict[str, str]:
    """A month of daily files: each day new orders, corrections of earlier ones, and rows told twice."""
    r = random.Random(17)
    days: dict[str, str] = {}
    for day in range(1, 13):
        rows = [f"{day}-{n},c{n},2026-01-{day:02},{n},paid,2026-01-{day:02}T08:00\n" for n in range(20)]
        for earlier in range(1, day):
            n = r.randrange(20)
            rows.append(f"{earlier}-{n},c{n},2026-01-{earlier:02},{100 * day + n},paid,2026-01-{day:02}T09:00\n")
        days[f"day{day:02}.csv"] = HEADER + "".join(dict.fromkeys(rows)) + rows[0]
    return days


def state(bench: Bench) -> dict[str, tuple[Any, ...]]:
    """Of each record the version that counts: by the source's own time, then by content."""
    latest: dict[str, tuple[Any, ...]] = {}
    for row in bench.raw():
        version = (row["updated_at"], *(row[name] for name in COLUMNS))
        latest[row["order_id"]] = max(latest.get(row["order_id"], ("",)), version)
    return latest


def test_files_when_they_come_in_any_order_then_the_state_is_the_same(tmp_path: Path) -> None:
    states = []
    for number in range(ORDERS_OF_FILES):
        r, bench = random.Random(number), Bench(tmp_path / str(number), BLOCK)
        days = list(files().items())
        r.shuffle(days)
        for at, (name, text) in enumerate(days):
            if r.random() < 0.3:  # half-written first, complete later under the same name
                bench.drop(text[: len(text) // 2], name)
                waiting = bench.land(settle_seconds=3600)
                assert (f"shop/things/{name}" in waiting.pending, waiting.files) == (True, [])
            bench.drop(text, name)
            if r.random() < 0.3:  # the same bytes under another name
                bench.drop(text, f"copy of {name}")
            if r.random() < 0.5 or at == len(days) - 1:
                bench.land()
        states.append(state(bench))
        read = {row["_file_sha256"] for row in bench.raw()}
        assert len(read) == len(days)
    assert all(other == states[0] for other in states)


def test_a_file_when_it_comes_cut_off_and_then_whole_then_both_are_recorded_and_no_row_is_doubled(
    tmp_path: Path,
) -> None:
    text = files()["day05.csv"]
    cut, whole = Bench(tmp_path / "cut", BLOCK), Bench(tmp_path / "whole", BLOCK)
    cut.land(text[: text.index("\n5-7,") + 1], "day.csv")
    report = cut.land(text, "day.csv")
    whole.land(text, "day.csv")
    assert report.totals["rows_duplicate"] == 7 + 1
    assert state(cut) == state(whole)


def test_loading_times_when_the_clock_goes_back_then_they_only_grow(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    bench = Bench(tmp_path, BLOCK)
    bench.land(files()["day01.csv"], "a.csv")
    monkeypatch.setattr("tests.unit.landing.conftest.NOW", datetime(2020, 1, 1, tzinfo=UTC))
    bench.land(
        files()["day01.csv"].replace(",paid,2026-01-01T08:00", ",paid,2019-12-31T10:00").replace("2026", "2019"),
        "b.csv",
    )
    moments = [row["_loaded_at"] for row in bench.raw()]
    assert moments == sorted(moments)
    assert len(set(moments)) == 2
