"""Declared encodings: the right one loads every row, a wrong one refuses the file, one bad row is quarantined."""

import pytest

from tests.unit.landing.conftest import HEADER

TEXTS = {
    "utf-8": "张伟北京市朝阳区",
    "utf-8-sig": "王芳🙂上海",
    "gb18030": "李娜广东省深圳市南山区",
    "gbk": "刘洋浙江省杭州市西湖区",
    "big5": "陳怡君臺北市信義區",
    "shift_jis": "山田太郎東京都千代田区ひらがな",
    "utf-16": "Ünï-全角テキスト",
    "latin-1": "Müller Café Ångström",
    "cp1252": "Łódź"[1:2] + "Zoë €5 “quoted”",
}


def file_of(text, encoding, rows=40):
    body = "".join(f"{n},{text},2026-01-02,1,paid\n" for n in range(rows))
    return (HEADER + body).encode(encoding)


@pytest.mark.parametrize("encoding", TEXTS)
def test_landing_when_the_encoding_is_right_then_all_rows_load(bench, encoding):
    declared = bench(format={"encoding": encoding})
    report = declared.land(file_of(TEXTS[encoding], encoding))
    assert report.totals["rows_loaded"] == 40
    assert {row["person_ref"] for row in declared.raw()} == {TEXTS[encoding]}


WRONG = [
    (declared, actual)
    for declared in ("utf-8", "utf-16", "latin-1", "cp1252", "shift_jis", "gb18030")
    for actual in TEXTS
    if declared[:4] != actual[:4]
    and (declared, actual) not in {
        # one-byte texts of Western names are valid in the other, and gbk is a part of gb18030
        ("latin-1", "cp1252"), ("cp1252", "latin-1"), ("gb18030", "gbk"),
        # told apart only by how likely the text is: the detector's matter
        ("shift_jis", "gb18030"), ("shift_jis", "gbk"), ("shift_jis", "big5"),
        ("gb18030", "big5"), ("gb18030", "shift_jis"), ("gb18030", "latin-1"), ("gb18030", "cp1252"),
        ("shift_jis", "latin-1"), ("shift_jis", "cp1252"),
    }
]  # fmt: skip


@pytest.mark.parametrize(("declared", "actual"), WRONG)
def test_landing_when_the_encoding_is_wrong_then_nothing_loads(bench, declared, actual):
    wrong = bench(format={"encoding": declared})
    report = wrong.land(file_of(TEXTS[actual], actual))
    assert report.files[0].status == "refused"
    assert wrong.raw() == []


def test_landing_when_few_rows_do_not_decode_then_they_are_quarantined(orders):
    data = file_of("张", "utf-8").replace("7,张".encode(), b"7,\xe5\xbc", 1)
    orders.land(data)
    (refused,) = orders.quarantine()
    assert (refused["rule"], refused["line_number"]) == ("encoding", 9)
    assert data[refused["byte_offset"] :].startswith(refused["raw_bytes"])
    assert len(orders.raw()) == 39


def test_landing_when_the_header_does_not_decode_then_the_file_is_refused(orders):
    report = orders.land(b"\xff" + HEADER.encode() + b"1,c,2026-01-02,1,paid\n" * 9)
    assert report.files[0].reason.startswith("encoding")


@pytest.mark.parametrize("side", ["utf-16-le", "utf-16-be"])
@pytest.mark.parametrize("mark", ["", "\ufeff"])
def test_landing_when_utf16_comes_either_way_then_offsets_are_of_the_file(bench, side, mark):
    utf16 = bench(format={"encoding": "utf-16"})
    data = (mark + HEADER + "1,张\r2,2026-01-02,1,paid\r\n" + "2,王Ċ,2026-01-02,1,paid\n").encode(side)
    utf16.land(data)
    assert [row["order_id"] for row in utf16.raw()] == ["2"]
    first = utf16.quarantine()[0]
    assert data[first["byte_offset"] :].startswith(first["raw_bytes"])
    assert first["raw_bytes"].decode(side) == "1,张\r"


@pytest.mark.parametrize("encoding", ["utf-8", "gb18030", "utf-16"])
def test_landing_when_auto_then_the_encoding_found_is_recorded(bench, encoding):
    auto = bench(format={"encoding": "auto"})
    text = "李娜住在广东省深圳市南山区科技园，电话是公司的总机，订单已经完成，请尽快发货。"
    report = auto.land(file_of(text, encoding))
    assert report.files[0].status == "loaded"
    assert report.files[0].encoding_confidence >= 0.9
    assert {row["person_ref"] for row in auto.raw()} == {text}
