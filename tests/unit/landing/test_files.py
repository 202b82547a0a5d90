"""Which files are taken: regular, settled, inside the landing folder, whatever their names."""

import os
import time

import pytest

from orchestration.landing import read_ledger
from tests.unit.landing.conftest import HEADER

ROW = "{},c,2026-01-02,1,paid\n"
HOSTILE = [
    "'; DROP TABLE raw; --.csv", '";--.csv', "a b.csv", "-rf.csv", "$(touch x).csv", "`x`.csv", "a\nb.csv", "a\tb.csv",
    "*.csv", "[a].csv", "?.csv", "{a,b}.csv", "%s%n.csv", "\\.csv", "名前.csv", "🙂.csv", "\u202ecsv.exe", "CON", "a;b.csv",
    "a|b.csv", "a&b.csv", "a>b.csv", "n" * 251 + ".csv", "--help", "a.csv.gz", "..csv.", "\x7f.csv", "\x1b[31m.csv", "#.csv",
    "read_csv('passwd').csv", "a=b.csv", "a@b.csv", "~.csv", "^.csv", "!.csv", "'.csv", '".csv', "a,b.csv", "a:b.csv", "-.csv",
    "+1.csv", "=1+1.csv", "@sum.csv", "\r.csv", "\x01.csv", "\x80.csv", "\u200b.csv", "\ufeff.csv", "e\u0301.csv", "NUL.csv",
    "COM1", "a.csv ", " a.csv", "a.CSV", "a.csv;", "..%2fx.csv", "%2e%2e%2f.csv", "a\u2028b.csv", "${HOME}.csv",
    "{{x}}.csv", "<script>.csv", "🙂" * 62,
]  # fmt: skip


def test_landing_when_names_are_hostile_then_each_lands_under_its_hash(orders):
    for number, name in enumerate(HOSTILE):
        (orders.folder / name).write_text(HEADER + ROW.format(number))
    (orders.folder / os.fsdecode(b"\xff\xfe.csv")).write_text(HEADER + ROW.format("bytes"))
    report = orders.land()
    visible = [name for name in HOSTILE if not name.startswith(".")]
    assert report.totals["files_loaded"] == len(visible) + 1
    assert report.totals["rows_loaded"] == len(visible) + 1
    assert all(entry.file.isprintable() for entry in read_ledger(orders.home))


def test_landing_when_names_are_hidden_or_unfinished_then_they_stay(orders):
    names = [".hidden.csv", "a.csv.tmp", "b.csv.part", "~$c.csv", "d.CRDOWNLOAD", "e.csv.done"]
    for name in names:
        (orders.folder / name).write_text(HEADER)
    assert orders.land().files == []
    assert len(list(orders.folder.iterdir())) == len(names)


def test_landing_when_it_is_no_regular_file_inside_then_it_is_left_alone(orders, tmp_path):
    outside = tmp_path / "outside.csv"
    outside.write_text(HEADER + ROW.format(1))
    (orders.folder / "link.csv").symlink_to(outside)
    (orders.folder / "folder.csv").mkdir()
    os.mkfifo(orders.folder / "pipe.csv")
    (orders.home.landing / "shop" / "linked").symlink_to(tmp_path)
    orders.configure({**_block(orders), "reader": {"kind": "files", "path": "shop/*/*.csv"}})
    assert orders.land().files == []
    assert outside.exists()


def test_landing_when_a_file_is_not_settled_then_it_waits_for_time_or_marker(orders):
    path = orders.drop(HEADER + ROW.format(1))
    assert orders.land(settle_seconds=60).pending == ["shop/things/a.csv"]
    (orders.folder / "a.csv.done").touch()
    assert orders.land(settle_seconds=60).totals["rows_loaded"] == 1
    assert not list(orders.folder.iterdir())
    orders.drop(HEADER + ROW.format(2))
    os.utime(path, (time.time() - 61,) * 2)
    assert orders.land(settle_seconds=60).totals["rows_loaded"] == 1


def test_landing_when_one_file_is_bad_then_the_others_land(orders):
    orders.drop(b"\xff\xff\xff", "a.csv")
    orders.drop(HEADER + ROW.format(1), "b.csv")
    assert [entry.status for entry in orders.land().files] == ["refused", "loaded"]


def test_landing_when_done_then_files_are_for_their_owner_only(orders):
    orders.land(HEADER + ROW.format(1) + "2,c\n")
    paths = [
        path for path in orders.home.root.rglob("*") if path != orders.folder and orders.folder not in path.parents
    ]
    written = [path for path in paths if orders.home.landing not in path.parents and path != orders.home.landing]
    assert {oct(path.stat().st_mode & 0o777) for path in written if path.is_file()} == {"0o600"}
    assert {oct(path.stat().st_mode & 0o777) for path in written if path.is_dir()} == {"0o700"}


def test_landing_when_there_is_no_such_block_then_the_caller_hears_of_it(orders):
    from orchestration.landing import land_block
    from tests.unit.landing.conftest import NOW

    with pytest.raises(KeyError):
        land_block(orders.home, orders.settings, "shop", "nothing", "load", NOW)


def _block(bench):
    return bench.settings.sources["shop"].entities["things"].model_dump()
