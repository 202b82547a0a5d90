"""JSON, Parquet and workbooks: typed values become text exactly."""

import io
import json
from datetime import UTC, date, datetime
from decimal import Decimal

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import xlsxwriter

MAPPED = {"order_id": "id", "person_ref": "customer", "ordered_at": "at", "net_amount": "net", "status": "state"}


def parquet(columns):
    buffer = io.BytesIO()
    pq.write_table(pa.table(columns), buffer)
    return buffer.getvalue()


def workbook(rows, sheet="Data"):
    buffer = io.BytesIO()
    with xlsxwriter.Workbook(buffer, {"in_memory": True, "default_date_format": "yyyy-mm-dd hh:mm"}) as book:
        page = book.add_worksheet(sheet)
        for line, row in enumerate(rows):
            page.write_row(line, 0, row)
    return buffer.getvalue()


def test_landing_when_json_lines_then_numbers_stay_as_written(bench):
    jsonl = bench(format={"type": "jsonl"})
    jsonl.land(
        '{"id": 1, "customer": null, "at": "2026-01-02T10:00:00Z", "net": 1.10, "deep": {"a": [1, 2.50, true]}}\n\n'
        '{"id": "2", "at": "2026-01-02", "net": 1e3, "state": "paid", "flag": false}\n',
        "a.jsonl",
    )
    first, second = jsonl.raw()
    assert (first["order_id"], first["net_amount"], first["person_ref"], first["status"]) == ("1", "1.10", None, None)
    assert json.loads(first["_extra"]) == {"deep": {"a": [1, 2.5, True]}}
    assert (second["net_amount"], second["_extra"]) == ("1e3", '{"flag": false}')


@pytest.mark.parametrize(
    ("line", "rule"),
    [
        ('{"id": 1', "json"),
        ("[1]", "json"),
        ('{"id": 1, "at": NaN}', "json"),
        ('{"id": "a\\u0000", "at": "2026-01-02"}', "nul"),
        ('{"id": "a\\ud800", "at": "2026-01-02"}', "encoding"),
        ('{"at": "2026-01-02"}', "required"),
    ],
)
def test_landing_when_a_json_line_is_broken_then_it_alone_is_quarantined(bench, line, rule):
    jsonl = bench(format={"type": "jsonl"})
    good = [f'{{"id": {n}, "at": "2026-01-02"}}' for n in range(9)]
    text = "\n".join([*good[:4], line, *good[4:]])
    jsonl.land(text, "a.jsonl")
    (refused,) = jsonl.quarantine()
    assert (refused["rule"], refused["line_number"]) == (rule, 5)
    assert refused["raw_bytes"].decode() == line + "\n"
    assert text[refused["byte_offset"] :].startswith(line)
    assert len(jsonl.raw()) == 9


def test_landing_when_json_array_then_each_element_is_a_row(bench):
    array = bench(format={"type": "json"})
    report = array.land(' [ {"id": 1, "at": "2026-01-02"} , 7, {"id": 2, "at": "2026-01-03"} ] ', "a.json")
    assert (report.totals["rows_loaded"], report.totals["rows_quarantined"]) == (2, 1)


@pytest.mark.parametrize("content", ["{}", "[1, 2", "[{}", "[{} {}]"])
def test_landing_when_json_array_is_damaged_then_it_is_refused(bench, content):
    assert bench(format={"type": "json"}).land(content, "a.json").files[0].status == "refused"


def test_landing_when_parquet_then_values_are_exact_texts(bench):
    typed = bench(format={"type": "parquet"})
    typed.land(
        parquet(
            {
                "id": pa.array([10**17, 2, 3], pa.int64()),
                "customer": pa.array(["a", "", None]),
                "at": pa.array([datetime(2026, 1, 2, 3, 4, 5)] * 3, pa.timestamp("us")),
                "net": pa.array([0.1, 100.0, None]),
                "state": pa.array(["paid", None, "paid"]).dictionary_encode(),
                "day": pa.array([date(2026, 1, 2)] * 3),
                "exact": pa.array([Decimal("1.50")] * 3),
                "seen": pa.array(
                    [datetime(2026, 1, 2, 3, 4, 5, 250000, tzinfo=UTC)] * 3, pa.timestamp("us", "Asia/Shanghai")
                ),
                "ok": pa.array([True, False, None]),
                "list": pa.array([["x"], [], None]),
            }
        ),
        "a.parquet",
    )
    rows = typed.raw()
    assert [row["order_id"] for row in rows] == ["100000000000000000", "2", "3"]
    assert [row["net_amount"] for row in rows] == ["0.1", "100", None]
    assert [row["person_ref"] for row in rows] == ["a", "", None]
    assert rows[0]["ordered_at"] == "2026-01-02 03:04:05"
    assert json.loads(rows[0]["_extra"]) == {
        "day": "2026-01-02",
        "exact": "1.50",
        "seen": "2026-01-02 03:04:05.250Z",
        "ok": "true",
        "list": '["x"]',
    }


def test_landing_when_a_parquet_row_breaks_a_rule_then_quarantine_keeps_it_as_json(bench):
    typed = bench(format={"type": "parquet"})
    columns = {
        "id": ["1", None],
        "customer": ["c", "d"],
        "at": ["2026-01-02"] * 2,
        "net": [1, 2],
        "state": ["paid", "a\0"],
    }
    typed.land(parquet(columns), "a.parquet")
    (refused,) = typed.quarantine()
    assert (refused["rule"], json.loads(refused["raw_bytes"])["customer"]) == ("nul", "d")


def test_landing_when_workbook_then_dates_are_iso_and_numbers_whole(bench):
    sheet = bench(format={"type": "xlsx", "sheet": "Data", "times": "%d/%m/%Y"})
    report = sheet.land(
        workbook(
            [
                ["id", "customer", "at", "net", "state", "more"],
                [1, "0012", datetime(2026, 1, 2, 10, 30), 12.5, "paid", True],
                [],
                [2, "", datetime(2026, 1, 3), 3, "paid"],
                ["3", "x", "04/01/2026", "7", "paid"],
                [None, "x", "04/01/2026", "7", "paid"],
            ]
        ),
        "a.xlsx",
    )
    rows = sheet.raw()
    assert [row["order_id"] for row in rows] == ["1", "2", "3"]
    assert [row["net_amount"] for row in rows] == ["12.5", "3", "7"]
    assert rows[0]["ordered_at"] == "2026-01-02 10:30:00"
    assert rows[0]["person_ref"] == "0012"
    assert rows[1]["person_ref"] is None
    assert (report.totals["rows_quarantined"], sheet.quarantine()[0]["line_number"]) == (1, 6)


def test_landing_when_decimal_sign_is_declared_then_typed_numbers_follow_it(bench):
    comma = bench(format={"type": "parquet", "decimal": ","})
    comma.land(
        parquet({"id": ["1"], "customer": ["c"], "at": ["2026-01-02"], "net": [1.234], "state": ["paid"]}), "a.parquet"
    )
    assert comma.raw()[0]["net_amount"] == "1,234"


@pytest.mark.parametrize("kind", ["parquet", "xlsx", "xls"])
@pytest.mark.parametrize("content", [b"no such format", b"PAR1 cut PAR1", b"PK\x03\x04 cut"])
def test_landing_when_the_format_is_another_then_the_file_is_refused(bench, kind, content):
    report = bench(format={"type": kind}).land(content, "a." + kind)
    assert report.files[0].reason.startswith("format")


def test_landing_when_the_sheet_is_missing_then_the_file_is_refused(bench):
    report = bench(format={"type": "xlsx", "sheet": "Other"}).land(workbook([["id"]]), "a.xlsx")
    assert report.files[0].reason.startswith("format")


def test_landing_when_a_workbook_has_a_title_and_merged_header_cells_then_names_are_joined(bench):
    buffer = io.BytesIO()
    with xlsxwriter.Workbook(buffer, {"in_memory": True}) as book:
        page = book.add_worksheet("Data")
        page.write(0, 1, "Orders of January")
        page.merge_range(2, 1, 3, 1, "id")
        page.merge_range(2, 2, 2, 3, "customer")
        page.write_row(3, 2, ["name", "phone"])
        page.merge_range(2, 4, 3, 4, "at")
        page.write_row(5, 1, ["0012", "张伟", "8.61E+12", "2026-01-02"])
        page.write_row(6, 1, [13, "李娜", "13912345678", "2026-01-03"])
        page.write_row(7, 1, ["total", 2])
    names = {"order_id": "id", "person_ref": "customer name", "coupon": "customer phone", "ordered_at": "at"}
    form = {"type": "xlsx", "skip_lines": 2, "header_rows": 2, "footer_lines": 1}
    orders = bench(columns=names, values={}, format=form)
    report = orders.land(buffer.getvalue(), "a.xlsx")
    assert report.totals["rows_quarantined"] == 0
    rows = [tuple(row[name] for name in names) for row in orders.raw()]
    assert rows == [("0012", "张伟", "8.61E+12", "2026-01-02"), ("13", "李娜", "13912345678", "2026-01-03")]


def test_landing_when_a_workbook_has_several_sheets_then_all_are_read(bench):
    buffer = io.BytesIO()
    with xlsxwriter.Workbook(buffer, {"in_memory": True}) as book:
        for month in (1, 2):
            page = book.add_worksheet(f"month {month}")
            page.write_row(0, 0, list(MAPPED.values()))
            page.write_row(1, 0, [month, "c", f"2026-0{month}-02", 1, "paid"])
        book.add_worksheet("empty")
    orders = bench(format={"type": "xlsx", "sheet": "*"})
    orders.land(buffer.getvalue(), "a.xlsx")
    assert [(row["order_id"], row["_row_number"]) for row in orders.raw()] == [("1", 1), ("2", 2)]


def test_landing_when_sheets_have_different_headers_then_the_file_is_refused(bench):
    buffer = io.BytesIO()
    with xlsxwriter.Workbook(buffer, {"in_memory": True}) as book:
        book.add_worksheet("a").write_row(0, 0, list(MAPPED.values()))
        book.add_worksheet("b").write_row(0, 0, list(reversed(MAPPED.values())))
    orders = bench(format={"type": "xlsx", "sheet": "*"})
    assert orders.land(buffer.getvalue(), "a.xlsx").files[0].reason == "header: the sheets have different headers"


def test_landing_when_a_formula_stands_in_a_cell_then_its_value_loads(bench):
    buffer = io.BytesIO()
    with xlsxwriter.Workbook(buffer, {"in_memory": True}) as book:
        page = book.add_worksheet("Data")
        page.write_row(0, 0, list(MAPPED.values()))
        page.write_row(1, 0, ["1", "c", "2026-01-02"])
        page.write_formula(1, 3, "=10*1.5", None, 15)
    orders = bench(format={"type": "xlsx"})
    orders.land(buffer.getvalue(), "a.xlsx")
    assert orders.raw()[0]["net_amount"] == "15"
