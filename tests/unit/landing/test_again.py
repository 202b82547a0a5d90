"""Quarantined rows are mended in the mapping, in the export or in the source: each lands once, and the sums hold at each step."""

import csv
import io
from typing import Any

import pyarrow.compute as pc
import pytest

from orchestration.landing import discard, export_rows, read_ledger, read_quarantine, reread_block, take_mends
from orchestration.settings.sources import block_ref
from tests.unit.landing.conftest import HEADER, NOW, ORDERS, Bench

STATES = {**ORDERS, "values": {"status": {"已完成": "completed", "done": "completed"}}}


def sums_hold(bench: Bench) -> dict[str, int]:
    """The ledger's sums, after each file was seen to add up and to agree with raw and quarantine."""
    totals: dict[str, int] = {}
    refused = read_quarantine(bench.home)
    for file in read_ledger(bench.home):
        figures = {name: getattr(file, f"rows_{name}") for name in ("read", "loaded", "quarantined", "duplicate")}
        assert figures["read"] == figures["loaded"] + figures["quarantined"] + figures["duplicate"]
        loaded = [row["_row_number"] for row in bench.raw() if row["_file_sha256"] == file.sha256]
        assert len(loaded) == len(set(loaded)) == figures["loaded"]
        states = refused.filter(pc.equal(refused["sha256"], file.sha256))["state"].to_pylist()
        assert sum(state in ("open", "discarded", "expired") for state in states) == figures["quarantined"]
        totals = {name: totals.get(name, 0) + value for name, value in figures.items()}
    return totals


def open_rows(bench: Bench) -> int:
    return pc.sum(pc.equal(read_quarantine(bench.home)["state"], "open")).as_py() or 0


def replay(bench: Bench) -> Any:
    bench.loads += 1
    report = reread_block(bench.home, bench.settings, "shop", "things", f"load-{bench.loads}", NOW)
    assert not report.failed
    return report


def exported(bench: Bench) -> list[dict[str, str]]:
    text, _ = export_rows(bench.home, block_ref(bench.settings, "shop", "things"))
    return list(csv.DictReader(io.StringIO(text, newline="")))


def written(rows: list[dict[str, str]]) -> bytes:
    buffer = io.StringIO()
    writer = csv.DictWriter(buffer, list(rows[0]))
    writer.writeheader()
    writer.writerows(rows)
    return ("\ufeff" + buffer.getvalue()).encode()


def test_5000_rows_when_mended_in_three_ways_then_each_lands_once(tmp_path):
    bench = Bench(tmp_path, ORDERS)
    rows = [f"{n},c{n},2026-01-02,{n}.5,paid\n" for n in range(6000)]
    for n in range(5000):
        if n < 2000:
            rows[n] = f"{n},c{n},2026-01-02,{n}.5,done\n"  # the mapping does not know `done`
        elif n < 4000:
            rows[n] = f"{n},c{n},soon,{n}.5,paid\n"  # a person mends the day
        else:
            rows[n] = f"{n},c{n},2026-01-02,many,paid\n"  # the source sends the amount again
    bench.land(HEADER + "".join(rows))
    assert (open_rows(bench), sums_hold(bench)["loaded"]) == (5000, 1000)

    bench.configure(STATES)
    replay(bench)
    assert (open_rows(bench), sums_hold(bench)["loaded"]) == (3000, 3000)

    mended = [{**row, "at": "2026-01-03"} for row in exported(bench) if row["rule"] == "timestamp"]
    taken = take_mends(bench.home, bench.settings, written(mended))
    assert (taken.mended, taken.not_open, taken.unknown) == (2000, 0, 0)
    replay(bench)
    assert (open_rows(bench), sums_hold(bench)["loaded"]) == (1000, 5000)

    bench.land(HEADER + "".join(f"{n},c{n},2026-01-02,7,paid\n" for n in range(4000, 5000)), "again.csv")
    replay(bench)
    totals = sums_hold(bench)
    assert (open_rows(bench), totals["loaded"], totals["quarantined"], totals["duplicate"]) == (0, 6000, 0, 1000)

    before = bench.raw()
    assert take_mends(bench.home, bench.settings, written(mended)).not_open == 2000
    replay(bench)
    bench.land()
    assert bench.raw() == before
    assert sorted(row["order_id"] for row in before) == sorted(str(n) for n in range(6000))
    assert {row["ordered_at"] for row in before if 2000 <= int(row["order_id"]) < 4000} == {"2026-01-03"}


def test_export_when_a_row_could_not_be_framed_then_it_is_mended_by_its_columns(orders):
    orders.land(HEADER + '1,c,2026-01-02,1,paid\n2,"c,2026-01-02,2,paid\n')
    (row,) = exported(orders)
    assert row["row_as_received"] == '2,"c,2026-01-02,2,paid'
    assert (row["id"], row["state"]) == ("", "")
    row |= {"id": "2", "customer": '"c', "at": "2026-01-02", "net": "2", "state": "paid"}
    take_mends(orders.home, orders.settings, written([row]))
    replay(orders)
    assert [(row["order_id"], row["person_ref"]) for row in orders.raw()] == [("1", "c"), ("2", '"c')]
    assert sums_hold(orders)["quarantined"] == 0


def test_export_when_a_cell_looks_like_a_formula_then_it_comes_back_as_it_was(orders):
    values = ["=1+1", "+86139", "@x", "-2.5", "'=x", "＝1", "-x", "plain", "\tx"]
    lines = [f'{n},"{value}",never,1,paid\n' for n, value in enumerate(values)]
    orders.land(HEADER + "".join(lines))
    rows = exported(orders)
    assert [row["customer"][0] for row in rows] == ["'", "'", "'", "-", "'", "'", "'", "p", "'"]
    take_mends(orders.home, orders.settings, written([{**row, "at": "2026-01-02"} for row in rows]))
    replay(orders)
    assert [row["person_ref"] for row in orders.raw()] == values


def test_mend_when_it_is_still_wrong_then_the_row_stays_with_the_new_reason(orders):
    orders.land(HEADER + "1,c,soon,1,paid\n")
    (row,) = exported(orders)
    take_mends(orders.home, orders.settings, written([{**row, "at": "2026-01-02", "net": "many"}]))
    replay(orders)
    (refused,) = orders.quarantine()
    assert (refused["rule"], refused["column"], refused["state"]) == ("number", "net", "open")
    assert sums_hold(orders)["loaded"] == 0


def test_mapping_when_it_changes_then_what_landed_is_read_again(bench):
    orders = bench(columns={"order_id": "id", "ordered_at": "at"}, values={})
    orders.land(HEADER + "1,c,2026-01-02,1,paid\n2,d,2026-01-03,2,paid\n")
    loaded = orders.raw()
    assert {row["net_amount"] for row in loaded} == {None}
    orders.configure({**ORDERS, "columns": {**ORDERS["columns"], "net_amount": "net"}})
    orders.land()
    assert [row["net_amount"] for row in orders.raw()] == ["1", "2"]
    assert [(row["_load_id"], row["_loaded_at"]) for row in orders.raw()] == [
        (row["_load_id"], row["_loaded_at"]) for row in loaded
    ]


def test_framing_when_it_changes_then_the_file_is_cut_anew(bench):
    orders = bench(on_drift="quarantine")
    data = "# made today\n" + HEADER + "1,c,2026-01-02,1,paid\n# half\n2,c,2026-01-02,2,paid\n"
    assert orders.land(data).files[0].status == "refused"
    orders.configure({**ORDERS, "format": {"comment": "#"}})
    orders.land()
    assert [row["order_id"] for row in orders.raw()] == ["1", "2"]
    assert sums_hold(orders)["quarantined"] == 0


def test_replay_when_a_later_file_has_the_record_then_the_old_row_does_not_win(bench):
    orders = bench(values={})
    orders.land(HEADER + "1,c,2026-01-02,1,done\n")
    orders.land(HEADER + "1,c,2026-01-02,9,paid\n", "later.csv")
    orders.configure(STATES)
    orders.land()
    assert [row["net_amount"] for row in orders.raw()] == ["9"]
    assert [row["state"] for row in orders.quarantine()] == ["corrected"]
    assert sums_hold(orders) == {"read": 2, "loaded": 1, "quarantined": 0, "duplicate": 1}


def test_replay_when_the_rows_have_a_time_of_their_own_then_the_older_version_is_kept_too(bench):
    columns = {**ORDERS["columns"], "updated_at": "changed"}
    header = HEADER.replace("\n", ",changed\n")
    orders = bench(values={}, columns=columns)
    orders.land(header + "1,c,2026-01-02,1,done,2026-01-03\n")
    orders.land(header + "1,c,2026-01-02,9,paid,2026-01-05\n", "later.csv")
    orders.configure({**STATES, "columns": columns})
    orders.land()
    assert sorted(row["net_amount"] for row in orders.raw()) == ["1", "9"]


def test_discard_when_rows_are_given_up_then_they_are_closed_and_still_counted(orders):
    orders.land(HEADER + "1,c,soon,1,paid\n2,c,soon,2,paid\n")
    (first, _) = orders.quarantine()
    assert discard(orders.home, [first["quarantine_id"]]) == 1
    assert open_rows(orders) == 1
    replay(orders)
    assert sums_hold(orders)["quarantined"] == 2


def test_quarantine_when_its_retention_ends_then_the_bytes_go_and_the_count_stays(orders):
    orders.land(HEADER + "1,c,soon,1,paid\n")
    orders.configure(ORDERS)
    orders.settings = orders.settings.model_copy(
        update={"retention": orders.settings.retention.model_copy(update={"quarantine_days": 30})}
    )
    reread_block(orders.home, orders.settings, "shop", "things", "later", NOW.replace(month=6))
    (row,) = orders.quarantine()
    assert (row["state"], row["raw_bytes"]) == ("expired", None)
    assert sums_hold(orders)["quarantined"] == 1


@pytest.mark.parametrize("step", ["prepare", "publish", "commit"])
def test_replay_when_killed_between_writes_then_the_next_completes_it_once(orders, monkeypatch, step):
    class Killed(BaseException):
        pass

    def kill(*_):
        raise Killed

    orders.land(HEADER + "1,c,2026-01-02,1,paid\n2,c,2026-01-02,2,done\n")
    orders.configure(STATES)
    from orchestration.landing import again

    target = again.Outcome if step == "publish" else again
    with monkeypatch.context() as patch:
        patch.setattr(target, step, kill)
        with pytest.raises(Killed):
            replay(orders)
    replay(orders)
    assert [row["order_id"] for row in orders.raw()] == ["1", "2"]
    assert sums_hold(orders) == {"read": 2, "loaded": 2, "quarantined": 0, "duplicate": 0}
    assert not [path for path in orders.home.root.rglob("*") if path.suffix in (".unfinished", ".pending", ".kept")]
