"""Declared encodings: the right one loads every row, a wrong one refuses the file, one bad row is quarantined; and `auto`."""

from collections import Counter
from itertools import pairwise

import pytest

from orchestration.landing.batches import FileRefused
from orchestration.landing.encodings import settle_encoding
from tests.unit.landing.conftest import HEADER
from tests.unit.landing.texts import rows
from tests.unit.landing.unusual_texts import ODD

ENCODINGS = ("utf-8", "utf-16", "gb18030", "gbk", "big5", "shift_jis", "latin-1", "cp1252")
MORE = ("utf-8-sig", "utf-16-le", "utf-16-be")
LANGUAGES = {"utf-8": "zh_CN", "utf-16": "zh_CN", "latin-1": "de_DE", "cp1252": "typographic"}
SIZES = {"40 rows": (40, 40), "a dozen of 2000": (2000, 12)}
SAME = {("gb18030", "gbk"), ("cp1252", "latin-1")}
"""Declared and actual encoding that give the same text: nothing to refuse."""


def file_of(encoding, seed, count, filled, language=None):
    return HEADER + "".join(rows(encoding, seed, count, filled, language))


def declared_as(encoding):
    return "utf-16" if encoding.startswith("utf-16-") else encoding


def settled(declared, data):
    """The text as it would be loaded, None when the file is refused."""
    try:
        codec, _, skip = settle_encoding(declared, data)
    except FileRefused:
        return None
    return data[skip:].decode(codec)


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("actual", ENCODINGS)
@pytest.mark.parametrize("declared", ENCODINGS)
def test_landing_when_declared_against_actual_then_all_rows_load_or_none(bench, declared, actual, size):
    count, filled = SIZES[size]
    text = file_of(actual, 1, count, filled, LANGUAGES.get(actual))
    if actual == "gb18030":  # what gbk has not: else both give the same text
        text = "".join(line if line.isascii() else line.replace(",2026", "🙂,2026") for line in text.splitlines(True))
    lander = bench(format={"encoding": declared})
    report = lander.land(text.encode(actual))
    if declared == actual or (declared, actual) in SAME:
        wanted = [line.split(",")[1] for line in text.splitlines()[1:]]
        assert [row["person_ref"] for row in lander.raw()] == wanted
        assert report.totals["rows_loaded"] == count
    else:
        assert report.files[0].status == "refused"
        assert lander.raw() == []


@pytest.mark.parametrize("mark", ["", "\ufeff"])
@pytest.mark.parametrize("side", ["utf-16-le", "utf-16-be"])
@pytest.mark.parametrize("declared", ENCODINGS)
def test_settling_when_utf16_comes_either_way_then_only_utf16_takes_it(declared, side, mark):
    data = (mark + "姓名,张\n" + "李娜,王\n" * 5).encode(side)
    assert (settled(declared, data) is not None) == (declared == "utf-16")


@pytest.mark.parametrize("encoding", [*ENCODINGS, *MORE])
def test_settling_when_the_declaration_is_right_then_no_file_is_refused(encoding):
    for seed in range(60):
        count, filled = [(1, 1), (2, 1), (3, 3), (5, 5), (40, 2), (300, 300)][seed % 6]
        text = file_of(declared_as(encoding), seed, count, filled)
        assert settled(declared_as(encoding), text.encode(encoding)) == text


@pytest.mark.parametrize("name", ODD)
def test_settling_when_a_right_text_is_unusual_then_it_is_not_refused(name):
    encoding, words = ODD[name]
    texts = [*words, *(" ".join(pair) for pair in pairwise(words)), "\n".join(words)]
    for text in texts:
        assert settled(encoding, (HEADER + text + "\n").encode(encoding)) == HEADER + text + "\n"


def test_settling_when_auto_then_the_text_is_right_or_refused_never_wrong():
    found = Counter()
    for seed in range(400):
        encoding = (*ENCODINGS, *MORE)[seed % 11]
        count, filled = [(1, 1), (3, 3), (20, 4), (40, 40), (2000, 12), (300, 300)][seed % 6]
        text = file_of(declared_as(encoding), seed, count, filled)
        got = settled("auto", text.encode(encoding))
        found["refused" if got is None else "right" if got.lstrip("\ufeff") == text else "wrong"] += 1
    assert found["wrong"] == 0
    assert found["right"] >= 370


@pytest.mark.parametrize("cut", [1, 2, 3])
@pytest.mark.parametrize("encoding", ENCODINGS)
def test_settling_when_the_sample_ends_inside_a_character_then_it_is_no_fault(encoding, cut):
    data = file_of(encoding, 5, 20, 20).encode(encoding) + "1,张伟名"[:2].encode() + "é".encode(encoding, "replace")
    assert settle_encoding(encoding, data[:-cut])[0].startswith(encoding)


def test_landing_when_few_rows_do_not_decode_then_they_are_quarantined(orders):
    data = "".join([HEADER, *(f"{n},张,2026-01-02,1,paid\n" for n in range(40))]).encode()
    data = data.replace("7,张".encode(), b"7,\xe5\xbc", 1)
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


@pytest.mark.parametrize("side", ["utf-16-le", "utf-16-be"])
def test_landing_when_utf16_is_half_written_then_only_its_last_row_is_set_aside(bench, side):
    utf16 = bench(format={"encoding": "utf-16"})
    utf16.land(file_of("utf-16", 3, 20, 20).encode(side)[:-11])
    assert (len(utf16.raw()), [row["line_number"] for row in utf16.quarantine()]) == (19, [21])


@pytest.mark.parametrize("encoding", ["utf-8", "gb18030", "utf-16", "big5", "shift_jis"])
def test_landing_when_auto_then_the_encoding_found_is_recorded(bench, encoding):
    auto = bench(format={"encoding": "auto"})
    text = file_of(encoding, 2, 40, 40)
    report = auto.land(text.encode(encoding))
    assert report.files[0].encoding.startswith(encoding)
    assert report.files[0].encoding_confidence >= 0.9
    assert [row["person_ref"] for row in auto.raw()] == [line.split(",")[1] for line in text.splitlines()[1:]]
