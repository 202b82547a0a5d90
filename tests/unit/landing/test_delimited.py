"""CSV and TSV: framing, width, and text kept as received."""

import csv
import gzip
import io
import zipfile

import pytest

from tests.unit.landing.conftest import HEADER

GOOD = "1,c1,2026-01-02 10:00:00,12.50,paid\n"


def test_landing_when_rows_are_good_then_values_are_as_received(orders):
    report = orders.land(HEADER + GOOD + '2,"Li, ""Bo""\nLei",2026-01-03,,已完成\r\n')
    rows = orders.raw()
    assert [row["order_id"] for row in rows] == ["1", "2"]
    assert rows[1]["person_ref"] == 'Li, "Bo"\nLei'
    assert (rows[1]["status"], rows[1]["net_amount"]) == ("已完成", "")
    assert [row["_row_number"] for row in rows] == [1, 2]
    assert report.totals["rows_loaded"] == 2
    assert report.files[0].last_event_at == "2026-01-02T16:00:00+00:00"


@pytest.mark.parametrize(
    ("line", "rule"),
    [
        ("3,c,2026-01-02,1\n", "width"),
        ("3,c,2026-01-02,1,paid,6\n", "width"),
        ('3,"c,2026-01-02,1,paid\n', "framing"),
        ('3,"c"x,2026-01-02,1,paid\n', "framing"),
        ("3,c\0,2026-01-02,1,paid\n", "nul"),
        (HEADER, "repeated_header"),
        (",c,2026-01-02,1,paid\n", "required"),
        ("3,c,02/01/2026,1,paid\n", "timestamp"),
        ("3,c,2026-02-30,1,paid\n", "timestamp"),
        ("3,c,1899-12-31,1,paid\n", "date_range"),
        ("3,c,2026-03-03 00:00:01,1,paid\n", "date_range"),
        ("3,c,2026-01-02,nan,paid\n", "number"),
        ('3,c,2026-01-02,"1,5",paid\n', "number"),
        ("3,c,2026-01-02,1,gone\n", "allowed"),
    ],
)
def test_landing_when_one_row_is_broken_then_it_alone_is_quarantined(orders, line, rule):
    text = HEADER + GOOD + line + "".join(GOOD.replace("1,", f"{n},", 1) for n in range(10, 20))
    orders.land(text)
    (refused,) = orders.quarantine()
    assert refused["rule"] == rule
    assert refused["line_number"] == 3
    assert refused["raw_bytes"] == line.encode()
    assert text.encode()[refused["byte_offset"] :].startswith(refused["raw_bytes"])
    assert len(orders.raw()) == 11


def test_landing_when_blank_lines_and_byte_order_mark_then_they_are_no_rows(orders):
    report = orders.land("\ufeff\n" + HEADER + "\n" + GOOD + "   \n\n")
    assert report.totals["rows_read"] == 1


def test_landing_when_line_ends_are_mixed_then_all_rows_load(orders):
    rows = [f"{n},c,2026-01-02,1,paid" for n in range(6)]
    orders.land(HEADER.strip() + "\r" + "\r\n".join(rows[:3]) + "\n" + "\r".join(rows[3:]))
    assert [row["order_id"] for row in orders.raw()] == list("012345")


def test_landing_when_columns_are_extra_and_swapped_then_nothing_shifts(orders):
    orders.land('state,"we""ird",id,customer,net,at\npaid,x,1,c1,2,2026-01-02\n')
    (row,) = orders.raw()
    assert (row["order_id"], row["net_amount"], row["status"]) == ("1", "2", "paid")
    assert row["_extra"] == '{"we\\"ird":"x"}'


@pytest.mark.parametrize("pack", ["gz", "zip"])
def test_landing_when_packed_then_it_is_read(orders, pack):
    data = (HEADER + GOOD).encode()
    if pack == "gz":
        packed = gzip.compress(data)
    else:
        buffer = io.BytesIO()
        with zipfile.ZipFile(buffer, "w") as archive:
            archive.writestr("inner.csv", data)
        packed = buffer.getvalue()
    assert orders.land(packed, "a.csv." + pack).totals["rows_loaded"] == 1


def test_landing_when_packed_beyond_the_ratio_then_it_is_refused(orders):
    report = orders.land(gzip.compress(b"0" * 40_000_000), "a.csv.gz")
    assert report.files[0].reason.startswith("size")


@pytest.mark.parametrize(
    ("content", "rule"),
    [
        (b"", "empty"),
        (b"\n\n", "empty"),
        (b"a,b\n1,2\n", "header"),
        (b"id,id,customer,at,net,state\n", "header"),
        (b"PK\x03\x04 cut off", "format"),
        (gzip.compress(HEADER.encode(), mtime=0)[:-9], "format"),
    ],
)
def test_landing_when_a_file_is_no_good_then_it_is_refused_and_archived(orders, content, rule):
    report = orders.land(content)
    assert (report.files[0].status, report.files[0].reason.split(":")[0]) == ("refused", rule)
    assert orders.raw() == []
    assert not list(orders.folder.iterdir())
    assert (orders.home.archive / report.files[0].sha256).read_bytes() == content


def test_landing_when_a_line_is_beyond_the_cap_then_it_is_one_quarantined_row(orders, monkeypatch):
    monkeypatch.setattr("orchestration.landing.limits.ROW_BYTES", 2_000)
    monkeypatch.setattr("orchestration.landing.limits.CHUNK_BYTES", 500)
    monkeypatch.setattr("orchestration.landing.limits.SAMPLE_BYTES", 300)
    monkeypatch.setattr("orchestration.landing.limits.KEPT_RAW_BYTES", 100)
    orders.land(HEADER + GOOD + "x" * 9_000 + "\n" + GOOD.replace("1,", "2,", 1))
    (refused,) = orders.quarantine()
    assert (refused["rule"], refused["line_number"], len(refused["raw_bytes"])) == ("row_size", 3, 100)
    assert [row["order_id"] for row in orders.raw()] == ["1", "2"]


def test_landing_when_a_quote_runs_away_over_many_chunks_then_only_its_line_is_lost(orders, monkeypatch):
    monkeypatch.setattr("orchestration.landing.limits.ROW_BYTES", 4_000)
    monkeypatch.setattr("orchestration.landing.limits.CHUNK_BYTES", 700)
    rows = [f"{n},c,2026-01-02,1,paid\n" for n in range(1000)]
    rows[300] = '300,"c,2026-01-02,1,paid\n'
    report = orders.land(HEADER + "".join(rows))
    assert (report.totals["rows_loaded"], report.totals["rows_quarantined"]) == (999, 1)
    assert orders.quarantine()[0]["line_number"] == 302


def test_landing_when_tsv_then_tabs_part_the_fields(bench):
    tsv = bench(format={"type": "tsv"})
    tsv.land((HEADER + GOOD).replace(",", "\t"), "a.tsv")
    assert tsv.raw()[0]["person_ref"] == "c1"


def test_landing_when_a_quote_is_open_before_the_footer_then_its_row_alone_is_refused(bench):
    orders = bench(format={"footer_lines": 2})
    orders.land(HEADER + '1,c,2026-01-02,1,paid\n2,"c,2026-01-02,1,paid\nTotal,2\nend "of report\n\n')
    assert [row["order_id"] for row in orders.raw()] == ["1"]
    assert [row["line_number"] for row in orders.quarantine()] == [3]


def test_landing_when_a_field_is_a_megabyte_then_it_loads(orders):
    buffer = io.StringIO()
    csv.writer(buffer).writerow(["1", "x" * 1_000_000, "2026-01-02", "1", "paid"])
    orders.land(HEADER + buffer.getvalue())
    assert len(orders.raw()[0]["person_ref"]) == 1_000_000


def test_landing_when_soft_values_do_not_cast_then_they_load_with_a_warning(bench):
    persons = bench(entity="persons", columns={"source_record_id": "id", "birth_date": "born"}, values={}, key=["id"])
    report = persons.land("id,born\n1,not known\n2,2999-01-01\n3,\n")
    assert report.files[0].warnings == {"timestamp": 1, "date_range": 1}
    assert report.totals["rows_loaded"] == 3


def test_reasons_and_reports_never_hold_values(orders):
    secret = "canary@example.com"
    report = orders.land(HEADER + f"{secret},{secret},{secret},{secret},{secret}\n,{secret},x\n")
    texts = [str(report), *(str({**row, "raw_bytes": b""}) for row in orders.quarantine())]
    assert not [text for text in texts if secret in text]
