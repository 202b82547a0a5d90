"""The cast macros: one reading of a text, or null; never a guess."""

from datetime import date, datetime
from decimal import Decimal

import duckdb
import pytest

from orchestration.landing.casts import cast_macros
from orchestration.settings.sources import SourcesFile, blocks

FORMATS = [None, "epoch_s", "epoch_ms", "%d/%m/%Y", "%d/%m/%Y %H:%M", "%Y%m%d", "%d.%m.%Y %H:%M %z"]


@pytest.fixture(scope="module")
def run():
    entities = {
        f"b{index}": {"entity": "persons", "columns": {"source_record_id": "id"}, "format": form}
        for index, form in enumerate([*({"dates": form} for form in FORMATS), {"decimal": ","}])
    }
    sources = {
        "a": {"channel": "crm", "trust": 1, "entities": entities},
        "b": {"channel": "crm", "trust": 1, "timezone": "Europe/Berlin", "entities": entities},
    }
    connection = duckdb.connect()
    for statement in cast_macros(blocks(SourcesFile.model_validate({"sources": sources})), ["Asia/Kolkata"]):
        connection.execute(statement)
    return lambda sql, *values: connection.execute(f"SELECT {sql}", list(values)).fetchone()[0]


@pytest.mark.parametrize(
    ("text", "form", "zone", "utc"),
    [
        ("2024-01-02", None, "Asia/Shanghai", datetime(2024, 1, 1, 16)),
        (" 2024-01-02T10:00 ", None, "Asia/Shanghai", datetime(2024, 1, 2, 2)),
        ("2024-01-02 10:00:00+0530", None, "Asia/Shanghai", datetime(2024, 1, 2, 4, 30)),
        ("2024-01-02T10:00Z", None, "Asia/Shanghai", datetime(2024, 1, 2, 10)),
        ("2024-01-02T10:00:00.250 +08:00", None, "UTC", datetime(2024, 1, 2, 2, 0, 0, 250000)),
        ("1988-07-02 10:00", None, "Asia/Shanghai", datetime(1988, 7, 2, 1)),
        ("2024-07-02", None, "Europe/Berlin", datetime(2024, 7, 1, 22)),
        ("31/12/2024 10:00", "%d/%m/%Y %H:%M", "Asia/Shanghai", datetime(2024, 12, 31, 2)),
        ("2024-12-31 10:00:00", "%d/%m/%Y %H:%M", "Asia/Shanghai", datetime(2024, 12, 31, 2)),
        ("31.12.2024 10:00 +0100", "%d.%m.%Y %H:%M %z", "Asia/Shanghai", datetime(2024, 12, 31, 9)),
        ("1700000000", "epoch_s", "Asia/Shanghai", datetime(2023, 11, 14, 22, 13, 20)),
        ("2024-01-02T10:00:00.25Z", None, "Asia/Shanghai", datetime(2024, 1, 2, 10, 0, 0, 250000)),
        (" 2024-01-02T10:00:00Z ", None, "Asia/Shanghai", datetime(2024, 1, 2, 10)),
        (" 1700000000.5 ", "epoch_s", "UTC", datetime(2023, 11, 14, 22, 13, 20, 500000)),
        ("+72960647323959", "epoch_ms", "UTC", datetime(4282, 1, 11, 22, 28, 43, 959000)),
        ("99999999999999", "epoch_s", "UTC", None),
        ("1700000000123", "epoch_ms", "Asia/Shanghai", datetime(2023, 11, 14, 22, 13, 20, 123000)),
        *(
            (text, None, "UTC", None)
            for text in ("", "2024-02-30", "infinity", "2024/01/02", "20240102", "1.7e9", None)
        ),
        *((text, "%d/%m/%Y", "UTC", None) for text in ("12/31/2024", "31-12-2024", "31/12/2024 10:00")),
        ("2024-12-31", "%Y%m%d", "UTC", None),
        ("8.61E+12", "epoch_s", "UTC", None),
    ],
)
def test_to_utc(run, text, form, zone, utc):
    assert run("to_utc(?, ?, ?)", text, form, zone) == utc


@pytest.mark.parametrize(
    ("text", "form", "day"),
    [
        ("2024-01-02", None, date(2024, 1, 2)),
        ("2024-01-02T23:30:00-08:00", None, date(2024, 1, 2)),
        ("31/12/2024", "%d/%m/%Y", date(2024, 12, 31)),
        ("31/12/2024 10:00", "%d/%m/%Y", date(2024, 12, 31)),
        ("31/12/2024 nonsense", "%d/%m/%Y", None),
        ("20241231", "%Y%m%d", date(2024, 12, 31)),
        ("2024-13-01", None, None),
        (None, None, None),
    ],
)
def test_to_day(run, text, form, day):
    assert run("to_day(?, ?)", text, form) == day


@pytest.mark.parametrize(
    ("text", "point", "amount"),
    [
        *(
            (text, ".", amount)
            for text, amount in (
                ("12", "12"),
                (" 1,234.50 ", "1234.5"),
                ("-¥12.00", "-12"),
                ("￥-1,234,567", "-1234567"),
                ("+.5", ".5"),
                ("1e-3", ".001"),
            )
        ),
        *(
            (text, ",", amount)
            for text, amount in (("1.234,50", "1234.5"), ("€ 1 234,5", "1234.5"), ("12 €", "12"), ("-7", "-7"))
        ),
        *(
            (text, ".", None)
            for text in ("1,5", "12 34", "1_000", "0x1F", "nan", "inf", "--1", "-¥-1", "$", "", "1e16", "1.2.3", None)
        ),
        *((text, ",", None) for text in ("1.5", "1,2,3", "1.23.456")),
    ],
)
def test_to_amount(run, text, point, amount):
    assert run("to_amount(?, ?)", text, point) == (None if amount is None else Decimal(amount))


@pytest.mark.parametrize(("text", "truth"), [("是", True), (" NO ", False), ("1", True), ("maybe", None), (None, None)])
def test_to_truth(run, text, truth):
    assert run("to_truth(?)", text) is truth


def test_to_rate_keeps_eight_digits(run):
    assert run("to_rate('0.04783215', '.')") == Decimal("0.04783215")


@pytest.mark.parametrize("zone", ["Asia/Shanghai", "Europe/Berlin", "UTC", "Asia/Kolkata", "America/New_York"])
def test_the_short_way_between_utc_and_a_zone_ends_where_icu_does(run, zone):
    moments = "(select timestamp '1900-01-01' + to_seconds(n * 102947) as t from range(60000) as numbers(n))"
    assert run(
        f"(select count(*) from {moments} where local_of_utc(t, ?) <> timezone(?, timezone('UTC', t))"
        f" or strata_utc_of_local(t, ?) <> timezone('UTC', timezone(?, t)))",
        *[zone] * 4,
    ) == 0  # fmt: skip
    assert run(f"(select count(*) from {moments} where local_of_utc(t, ?) is null)", zone) == 0
