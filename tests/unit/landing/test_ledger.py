"""Files over time: repeated, changed, duplicate rows, drift, kills between two writes."""

import json
from datetime import date

import pytest

from orchestration.landing import last_event_day, ledger_table, pending_files, read_ledger
from tests.unit.landing.conftest import HEADER

ROWS = ["1,c1,2026-01-02,12.50,paid\n", "2,c2,2026-01-03,3,paid\n"]
FILE = HEADER + "".join(ROWS)


def test_landing_when_the_same_bytes_come_again_then_nothing_changes(orders):
    orders.land(FILE)
    before = orders.raw()
    report = orders.land(FILE, "other.csv")
    assert (report.files, report.repeated) == ([], ["shop/things/other.csv"])
    assert orders.raw() == before
    assert not list(orders.folder.iterdir())


def test_landing_when_a_file_changed_under_its_name_then_only_new_versions_load(orders):
    orders.land(FILE)
    report = orders.land(FILE.replace("12.50", "99") + "3,c,2026-01-02,1,paid\n")
    assert (report.totals["rows_loaded"], report.totals["rows_duplicate"]) == (2, 1)
    assert [row["net_amount"] for row in orders.raw() if row["order_id"] == "1"] == ["12.50", "99"]
    assert len(read_ledger(orders.home)) == 2


def test_landing_when_a_row_stands_twice_then_the_second_is_a_duplicate(orders):
    report = orders.land(FILE + ROWS[0] + ROWS[0] + ROWS[1].replace("paid", "cancelled"))
    assert report.totals == {
        "rows_read": 5, "rows_loaded": 3, "rows_quarantined": 0, "rows_duplicate": 2, "rows_erased": 0,
        "files_loaded": 1, "files_refused": 0,
    }  # fmt: skip
    assert [row["_row_number"] for row in orders.raw()] == [1, 2, 5]


def test_landing_when_a_record_returns_to_an_older_version_then_it_loads(orders):
    for state in ("paid", "shipped", "paid"):
        orders.land(FILE.replace("paid", state) + f"x{orders.loads},c,2026-01-02,1,paid\n")
    assert [row["status"] for row in orders.raw() if row["order_id"] == "1"] == ["paid", "shipped", "paid"]


def test_landing_when_files_of_one_landing_overlap_then_rows_load_once(orders):
    orders.drop(FILE, "a.csv")
    orders.drop(HEADER + ROWS[1] + "3,c,2026-01-02,1,paid\n", "b.csv")
    report = orders.land()
    assert [(file.rows_loaded, file.rows_duplicate) for file in report.files] == [(2, 0), (1, 1)]
    assert report.files[0].loaded_at < report.files[1].loaded_at


def test_landing_when_there_is_no_key_then_every_row_is_its_own(bench):
    keyless = bench(key=[])
    report = keyless.land(FILE + ROWS[0])
    assert report.totals["rows_duplicate"] == 0
    assert len({row["_record_key"] for row in keyless.raw()}) == 3


def test_record_hash_when_null_and_empty_differ_then_hashes_differ(bench):
    jsonl = bench(format={"type": "jsonl"})
    lines = [
        {"id": 1, "at": "2026-01-02"},
        {"id": 1, "at": "2026-01-02", "state": ""},
        {"id": 1, "at": "2026-01-02", "state": None},
    ]
    report = jsonl.land("".join(json.dumps(line) + "\n" for line in lines), "a.jsonl")
    assert (report.totals["rows_loaded"], report.totals["rows_duplicate"]) == (2, 1)


MISSING = "id,customer,at,net\n1,c,2026-01-02,1\n2,c,2026-01-02,1\n"


@pytest.mark.parametrize(
    ("on_drift", "loaded", "quarantined", "status"),
    [("refuse", 0, 0, "refused"), ("quarantine", 0, 2, "loaded"), ("extend", 2, 0, "loaded")],
)
def test_landing_when_a_mapped_column_is_missing_then_on_drift_decides(bench, on_drift, loaded, quarantined, status):
    drifting = bench(on_drift=on_drift)
    report = drifting.land(MISSING)
    assert (report.totals["rows_loaded"], report.totals["rows_quarantined"]) == (loaded, quarantined)
    assert report.files[0].status == status
    assert {row["rule"] for row in drifting.quarantine()} <= {"drift"}


def test_landing_when_the_key_is_missing_and_columns_may_drift_then_rows_lack_it(bench):
    drifting = bench(on_drift="extend")
    drifting.land(FILE.replace("id,", "renamed,", 1))
    assert {row["rule"] for row in drifting.quarantine()} == {"required"}


def test_landing_when_a_refused_file_is_given_again_then_it_is_tried_again(bench):
    strict = bench(on_drift="refuse")
    assert strict.land(MISSING).files[0].status == "refused"
    strict.configure({**strict.settings.sources["shop"].entities["things"].model_dump(), "on_drift": "extend"})
    assert strict.land(MISSING).totals["rows_loaded"] == 2


@pytest.mark.parametrize("step", ["prepare", "_put_away", "commit"])
def test_landing_when_killed_between_writes_then_the_next_completes_it_once(orders, monkeypatch, step):
    class Killed(BaseException):
        pass

    def kill(*_):
        raise Killed

    with monkeypatch.context() as patch:
        patch.setattr(f"orchestration.landing.lander.{step}", kill)
        with pytest.raises(Killed):
            orders.land(FILE + "3,c\n")
    orders.land()
    assert [row["order_id"] for row in orders.raw()] == ["1", "2"]
    assert [(entry.rows_loaded, entry.rows_quarantined) for entry in read_ledger(orders.home)] == [(2, 1)]
    assert not list(orders.folder.iterdir())
    left_over = [*orders.home.root.rglob("*.unfinished"), *orders.home.ledger.rglob("*.pending")]
    assert left_over == []


def test_landing_when_a_file_grows_while_read_then_it_waits(orders, monkeypatch):
    path = orders.drop(FILE)
    from orchestration.landing import lander

    read = lander.read_rows

    def grow(*parts):
        read(*parts)
        path.write_text(FILE + "3,")

    monkeypatch.setattr(lander, "read_rows", grow)
    report = orders.land()
    assert (report.files, report.pending) == ([], ["shop/things/a.csv"])
    assert path.exists()
    assert orders.raw() == []


def test_ledger_when_read_then_it_gives_table_and_last_day(orders):
    orders.land(FILE + "3,c,2026-03-02 12:00,1,paid\n")  # tomorrow loads, but has not happened
    table = ledger_table(read_ledger(orders.home))
    assert table["rows_loaded"].to_pylist() == [3]
    assert last_event_day(orders.home, orders.settings) == date(2026, 1, 3)


def test_pending_when_files_wait_then_they_are_listed_by_block(orders):
    path = orders.drop(FILE)
    assert pending_files(orders.home, orders.settings) == {("shop", "things"): [path]}
    assert pending_files(orders.home, orders.settings, settle_seconds=3600) == {}
