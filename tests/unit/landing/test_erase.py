"""Rows of erased persons leave archive, raw, quarantine and mends, count as erased, and do not come back."""

import gzip
import io
import json
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import xlsxwriter

from orchestration.landing import (
    Name,
    SuppressionUnusable,
    erase_landed,
    export_rows,
    keep_keys,
    lander,
    load_suppression,
    normal,
    read_ledger,
    read_quarantine,
    reread_block,
    take_mends,
)
from orchestration.landing import erase as erasing
from orchestration.settings.sources import block_ref
from tests.unit.landing.conftest import HEADER, NOW, ORDERS, Bench

ANN = Name("reference", "shop/record", "ann-01")
ROWS = [
    "1,ann-01,2026-01-02,10,paid",
    "2,bob-02,2026-01-02,20,paid",
    "3,ann-01,2026-01-03,30,???",  # breaks the contract
    "4,bob-02,2026-01-03,40,???",
    "5,ann-01,2026-01-04,50",  # cannot be framed
    "6,bob-02,2026-01-04,60",
    "1,ann-01,2026-01-02,10,paid",  # a repetition
    "2,bob-02,2026-01-02,20,paid",
]
FILE = HEADER + "".join(f"{row}\n" for row in ROWS)
PERSONS = {
    "entity": "persons",
    "key": ["id"],
    "columns": {"source_record_id": "id", "full_name": "name", "email": "mail", "phone": "tel", "country": "land",
                "loyalty_id": "card", "gender": "sex"},
    "values": {"gender": {"女": "female"}},
}  # fmt: skip


def suppress(bench: Bench, *names: Name) -> None:
    keep_keys(bench.home, "one", names, ["CN"])


def erase(bench: Bench) -> dict[str, int]:
    suppression = load_suppression(bench.home)
    assert suppression is not None
    return asdict(erase_landed(bench.home, bench.settings, suppression))


def counts(bench: Bench) -> dict[str, int]:
    (file,) = read_ledger(bench.home)
    return {name: getattr(file, f"rows_{name}") for name in ("read", "loaded", "quarantined", "duplicate", "erased")}


def everything(bench: Bench) -> str:
    """All that is kept of what landed, as text: raw, quarantine with bytes, mends, archive."""
    parts = []
    for path in sorted(bench.home.root.rglob("*")):
        if path.is_file() and path.suffix in (".parquet", ".reduced", ".json"):
            parts.append(path.read_text() if path.suffix == ".json" else str(pq.ParquetFile(path).read().to_pylist()))
        elif path.is_file() and path.parent == bench.home.archive:
            parts.append(path.read_bytes().decode("utf-8", "replace"))
    return "\n".join(parts)


def test_landing_when_nobody_was_erased_then_there_is_nothing_to_compare(orders: Bench) -> None:
    orders.land(FILE)
    assert load_suppression(orders.home) is None
    assert not orders.home.erasure_key.exists()
    assert counts(orders) == {"read": 8, "loaded": 2, "quarantined": 4, "duplicate": 2, "erased": 0}


def test_erasing_when_rows_are_loaded_refused_and_repeated_then_all_go_and_the_sums_hold(orders: Bench) -> None:
    orders.land(FILE)
    before = [row for row in orders.raw() if row["person_ref"] == "bob-02"]
    suppress(orders, ANN)
    assert erase(orders) == {"files": 1, "rows_loaded": 1, "rows_quarantined": 2, "rows_duplicate": 1, "originals": 0}
    assert counts(orders) == {"read": 8, "loaded": 1, "quarantined": 2, "duplicate": 1, "erased": 4}
    assert orders.raw() == before
    assert "ann-01" not in everything(orders)
    assert everything(orders).count("bob-02") >= 4
    assert erase(orders) == dict.fromkeys(
        ("files", "rows_loaded", "rows_quarantined", "rows_duplicate", "originals"), 0
    )


def test_landing_when_an_old_file_comes_again_then_its_erased_rows_are_dropped_and_the_original_is_not_kept(
    orders: Bench,
) -> None:
    orders.land(FILE)
    suppress(orders, ANN)
    erase(orders)
    again = orders.land(FILE, "again.csv")
    assert again.repeated == ["shop/things/again.csv"]
    assert "ann-01" not in everything(orders)
    (report,) = orders.land(FILE + "7,ann-01,2026-01-05,70,paid\n8,bob-02,2026-01-05,80,paid\n", "longer.csv").files
    assert (report.rows_read, report.rows_erased, report.rows_loaded, report.rows_duplicate) == (10, 5, 1, 2)
    assert "ann-01" not in everything(orders)
    assert not list(orders.home.landing.rglob("*.csv"))
    assert [row["order_id"] for row in orders.raw()] == ["2", "8"]


def test_reading_again_when_rows_are_gone_then_the_others_are_mended_and_the_sums_hold(orders: Bench) -> None:
    orders.land(FILE)
    suppress(orders, ANN)
    erase(orders)
    orders.configure({**ORDERS, "values": {"status": {"已完成": "completed", "???": "paid"}}})
    (report,) = reread_block(orders.home, orders.settings, "shop", "things", "again", NOW).files
    assert (report.rows_read, report.rows_loaded, report.rows_quarantined, report.rows_duplicate) == (8, 2, 1, 1)
    assert report.rows_erased == 4
    assert sorted(row["order_id"] for row in orders.raw()) == ["2", "4"]
    (waiting,) = [row for row in orders.quarantine() if row["state"] == "open"]
    assert (waiting["line_number"], waiting["raw_bytes"]) == (7, b"6,bob-02,2026-01-04,60\n")


def test_erasing_when_a_row_was_mended_into_the_persons_then_row_and_mend_go(orders: Bench) -> None:
    orders.land(HEADER + "1,,2026-01-02,10,???\n2,bob-02,2026-01-02,20,paid\n")
    ref = block_ref(orders.settings, "shop", "things")
    text, _ = export_rows(orders.home, ref)
    mended = text.replace("1,,2026-01-02,10,???\r\n", "1,ann-01,2026-01-02,10,paid\r\n").replace(
        ",1,,2026", ",1,ann-01,2026"
    )
    mended = mended.replace(",10,???", ",10,paid")
    assert take_mends(orders.home, orders.settings, mended.encode()).mended == 1
    reread_block(orders.home, orders.settings, "shop", "things", "mended", NOW)
    assert "ann-01" in {row["person_ref"] for row in orders.raw()}
    suppress(orders, ANN)
    assert erase(orders)["rows_loaded"] == 1
    assert "ann-01" not in everything(orders)
    assert counts(orders) == {"read": 2, "loaded": 1, "quarantined": 0, "duplicate": 0, "erased": 1}


def csv_file(rows: list[dict[str, str]]) -> bytes:
    return "\n".join([",".join(rows[0]), *(",".join(row.values()) for row in rows)]).encode("gb18030")


def jsonl_file(rows: list[dict[str, str]]) -> bytes:
    return b"".join(json.dumps({**row, "more": {"a": row["name"]}}).encode() + b"\n" for row in rows)


def json_file(rows: list[dict[str, str]]) -> bytes:
    return json.dumps(rows).encode()


def parquet_file(rows: list[dict[str, str]]) -> bytes:
    buffer = io.BytesIO()
    pq.write_table(pa.Table.from_pylist(rows), buffer)
    return buffer.getvalue()


def xlsx_file(rows: list[dict[str, str]]) -> bytes:
    buffer = io.BytesIO()
    with xlsxwriter.Workbook(buffer) as book:
        sheet = book.add_worksheet()
        for at, row in enumerate([list(rows[0]), *(list(row.values()) for row in rows)]):
            sheet.write_row(at, 0, row)
    return buffer.getvalue()


FORMATS: dict[str, tuple[dict[str, str], Callable[[list[dict[str, str]]], bytes]]] = {
    "csv": ({"type": "csv", "encoding": "gb18030"}, csv_file),
    "gz": ({"type": "csv", "encoding": "gb18030"}, lambda rows: gzip.compress(csv_file(rows))),
    "jsonl": ({"type": "jsonl"}, jsonl_file),
    "json": ({"type": "json"}, json_file),
    "xlsx": ({"type": "xlsx"}, xlsx_file),
    "parquet": ({"type": "parquet"}, parquet_file),
}


@pytest.mark.parametrize("name", FORMATS)
def test_erasing_when_the_file_is_of_any_format_then_the_rest_can_be_read_again(tmp_path: Path, name: str) -> None:
    form, write = FORMATS[name]
    bench = Bench(tmp_path, {**PERSONS, "format": form})
    people = [
        {"id": f"p-{n:04}", "name": f"王{n}", "mail": f"w{n}@mail.example", "tel": f"1380013{n:04}", "land": "中国",
         "card": f"LC{n}", "sex": "女", "note": f"n{n}"}
        for n in range(20)
    ]  # fmt: skip
    bench.land(write(people), f"a.{name}")
    suppress(bench, Name("person", "shop/things", "p-0003"), Name("email", "", "w5@mail.example"),
             Name("phone", "", "+8613800130007"), Name("loyalty_id", "", "LC9"))  # fmt: skip
    assert erase(bench)["rows_loaded"] == 4
    left = [f"p-{n:04}" for n in range(20) if n not in (3, 5, 7, 9)]
    assert [row["source_record_id"] for row in bench.raw()] == left
    bench.configure({**PERSONS, "format": form, "columns": {**PERSONS["columns"], "occupation": "note"}})
    (report,) = bench.land().files
    assert (report.rows_read, report.rows_loaded, report.rows_erased) == (20, 16, 4)
    assert [(row["source_record_id"], row["occupation"]) for row in bench.raw()] == [
        (id, f"n{int(id[2:])}") for id in left
    ]
    assert {row["full_name"] for row in bench.raw()} >= {"王0", "王19"}


@pytest.mark.parametrize("step", ["write_reduced", "prepare", "drop_mends", "commit"])
@pytest.mark.parametrize("moment", ["before", "after"])
def test_erasing_when_killed_at_any_step_then_the_same_again_ends_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, step: str, moment: str
) -> None:
    orders = Bench(tmp_path, ORDERS)
    orders.land(FILE)
    suppress(orders, ANN)
    done = getattr(erasing, step)

    def killed(*arguments: object, **named: object) -> None:
        if moment == "after":
            done(*arguments, **named)
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(erasing, step, killed)
        with pytest.raises(KeyboardInterrupt):
            erase(orders)
    erase(orders)
    assert counts(orders) == {"read": 8, "loaded": 1, "quarantined": 2, "duplicate": 1, "erased": 4}
    assert [row["order_id"] for row in orders.raw()] == ["2"]
    assert read_quarantine(orders.home).num_rows == 2
    assert "ann-01" not in everything(orders)
    assert not [path for path in orders.home.root.rglob("*") if path.suffix in (".unfinished", ".pending")]


def test_erasing_when_a_file_was_refused_then_it_goes_only_if_it_names_the_person(orders: Bench) -> None:
    orders.land("a;b\n1;ann-01\n", "wrong.csv")
    orders.land("a;b\n1;bob-02\n", "other.csv")
    suppress(orders, ANN)
    assert erase(orders)["originals"] == 1
    assert len(list(orders.home.archive.iterdir())) == 1
    assert "ann-01" not in everything(orders)
    assert [file.status for file in read_ledger(orders.home)] == ["refused", "refused"]


def test_erasing_when_the_block_is_no_longer_configured_then_its_rows_go_and_its_files_as_a_whole(
    orders: Bench,
) -> None:
    orders.land(FILE)
    suppress(orders, ANN)
    orders.settings.sources["shop"].entities["others"] = orders.settings.sources["shop"].entities.pop("things")
    erased = erase(orders)
    assert (erased["rows_loaded"], erased["rows_quarantined"]) == (1, 2)
    assert "ann-01" not in everything(orders)
    assert [row["order_id"] for row in orders.raw()] == ["2"]


def test_landing_when_the_secret_is_another_then_nothing_lands(orders: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("STRATA_ERASURE_KEY", "one secret")
    suppress(orders, ANN)
    assert not orders.home.erasure_key.exists()
    monkeypatch.setenv("STRATA_ERASURE_KEY", "another")
    orders.drop(FILE)
    with pytest.raises(SuppressionUnusable, match="put back STRATA_ERASURE_KEY"):
        orders.land()
    assert list(orders.home.landing.rglob("a.csv"))


def test_keys_when_kept_then_nothing_of_the_person_is_in_them_and_only_the_owner_may_read(orders: Bench) -> None:
    suppress(orders, ANN, Name("email", "", "ann@mail.example"))
    (path,) = orders.home.erasures.iterdir()
    assert "ann" not in path.read_text()
    assert len(json.loads(path.read_text())["keys"]) == 2
    for file in (path, orders.home.erasure_key):
        assert file.stat().st_mode & 0o777 == 0o600


NORMAL_FORMS = [
    ("email", " Ann@Mail.Example ", "ann@mail.example"),
    ("email", "ann at mail.example", None),
    ("phone", "138 0013-8000", "+8613800138000"),
    ("phone", "+86 (138) 00138000", "+8613800138000"),
    ("phone", "12", None),
    ("loyalty_id", " lc001 ", "LC001"),
    ("record", " Ac1 ", "Ac1"),
]


@pytest.mark.parametrize(("kind", "written", "form"), NORMAL_FORMS)
def test_values_when_compared_then_in_the_forms_of_staging(kind: str, written: str, form: str | None) -> None:
    assert normal(kind, written, "CN") == form


def test_landing_when_values_are_written_otherwise_then_they_are_the_persons_all_the_same(tmp_path: Path) -> None:
    bench = Bench(tmp_path, {**PERSONS, "values": {"country": {"德国!": "DE"}}})
    suppress(bench, Name("email", "", "ann@mail.example"), Name("phone", "", "+4915112345678"))
    head = "id,name,mail,tel,land,card,sex\n"
    rows = [
        "1,a, ANN@mail.example,,,,", "2,b,,0151 12345678,德国!,,", "3,c,,0151 12345678,CN,,", "4,d,,0049 151 12345678,Germany,,",
        "5,e,joann@mail.example,,,,",
    ]  # fmt: skip
    (report,) = bench.land(head + "\n".join(rows)).files
    assert report.rows_erased == 3
    assert [row["source_record_id"] for row in bench.raw()] == ["3", "5"]


def test_orders_when_a_row_names_nobody_then_its_order_tells_whose_it_is_and_otherwise_its_own_reference(
    bench: Callable[..., Bench],
) -> None:
    """Some sources give one order number to several buyers."""
    shop = bench(key=["id", "customer"])
    suppress(shop, ANN, Name("order", "shop", "1"))
    rows = [
        "1,ann-01,2026-01-02,10,paid",
        "1,bob-02,2026-01-02,20,paid",
        "1,,2026-01-02,30,paid",
        "2,,2026-01-02,40,paid",
    ]
    (report,) = shop.land(HEADER + "".join(f"{row}\n" for row in rows)).files
    assert report.rows_erased == 2
    assert [row["net_amount"] for row in shop.raw()] == ["20", "40"]


@pytest.mark.parametrize("step", ["prepare", "write_reduced", "put_away", "commit"])
@pytest.mark.parametrize("moment", ["before", "after"])
def test_landing_when_killed_while_rows_are_dropped_then_the_next_completes_it_without_the_original(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, step: str, moment: str
) -> None:
    orders = Bench(tmp_path, ORDERS)
    suppress(orders, ANN)
    orders.drop(FILE)
    done = getattr(lander, step)

    def killed(*arguments: object) -> None:
        if moment == "after":
            done(*arguments)
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(lander, step, killed)
        with pytest.raises(KeyboardInterrupt):
            orders.land()
    orders.land()
    assert counts(orders) == {"read": 8, "loaded": 1, "quarantined": 2, "duplicate": 1, "erased": 4}
    assert "ann-01" not in everything(orders)
    assert [path.suffix for path in orders.home.archive.iterdir()] == [".reduced"]
    assert not list(orders.home.landing.rglob("*.csv"))
