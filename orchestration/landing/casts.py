"""The one home of cast semantics: text as received → typed value, as DuckDB macros.

The lander judges rows with them and staging casts with them, so a row that was let in can always be cast. Formats and time
zones are constants inside the macros because strptime needs constants: make the macros anew when `sources.yml` changes.
No rule about which column is required lives here (see `contract.py`).

 - `local_of_utc(moment, tz)` → TIMESTAMP: naive UTC as naive time of the zone.
 - `to_utc(value, format, tz)` → TIMESTAMP (naive UTC) or null. An ISO text with offset or Z honours it, else local time of tz.
 - `to_day(value, format)` → DATE or null; takes a timestamp text too (its date part as written).
 - `to_amount(value, decimal_point)` → DECIMAL(18,4) or null; `to_rate` the same as DECIMAL(18,8).
 - `to_truth(value)` → BOOLEAN or null.
`format` null means ISO 8601: `YYYY-MM-DD` with an optional time. ISO is understood beside a declared format too (typed cells of
workbooks and Parquet arrive as ISO text), except where the format itself begins with the year, since that would be a guess.
"""

from collections.abc import Callable, Collection, Iterable

from orchestration.settings.source_rules import EPOCHS
from orchestration.settings.sources import BlockRef
from orchestration.settings.zones import local_of_utc, settled, utc_of_local

_DAY = r"\d{4}-\d{2}-\d{2}"
_CLOCK = r"\d{2}:\d{2}(:\d{2}([.]\d{1,9})?)?"
ISO_LOCAL = f"{_DAY}([T ]{_CLOCK})?"
ISO_UTC = rf"{_DAY}[T ]\d{{2}}:\d{{2}}:\d{{2}}([.]\d{{1,9}})?Z"
ISO_OFFSET = f"{_DAY}[T ]{_CLOCK} ?([Zz]|[+-]\\d{{2}}(:?\\d{{2}})?)"
_SIGN_AND_CURRENCY = r"^\s*([+-]?)\s*[¥￥$€£]?\s*([+-]?)|\s*[¥￥$€£]?\s*$"
_GROUPED = {
    ".": r"[0-9]{1,3}(,[0-9]{3})*([.][0-9]*)?|[0-9]+([.][0-9]*)?",
    ",": r"[0-9]{1,3}([. '\x{00A0}\x{202F}][0-9]{3})*(,[0-9]*)?|[0-9]+(,[0-9]*)?",
}
_PLAIN = "[+-]?[0-9]+(,[0-9]*)?"
_TRUE, _FALSE = ("true", "1", "yes", "y", "是"), ("false", "0", "no", "n", "否")
_LARGEST_EPOCH = 100_000_000_000


def cast_macros(refs: Iterable[BlockRef], more_zones: Collection[str] = ()) -> list[str]:
    """The statements that make the cast macros for the formats and zones of these blocks, in the order to run them.
    `more_zones`: others in which a day will be asked for.

    Each format is a branch of its own, and planning a branch takes time: whoever casts for one block asks for that one alone.
    """
    refs = list(refs)
    times = {ref.settings.format.format_of_times for ref in refs}
    days = {ref.settings.format.dates for ref in refs}
    zones = sorted({ref.timezone for ref in refs} | {*more_zones})
    points = {ref.settings.format.decimal for ref in refs}
    return [
        _macro(
            "strata_utc_of_local", "moment, tz", _by_zone(zones, utc_of_local, "timezone('UTC', timezone(tz, moment))")
        ),
        _macro("local_of_utc", "moment, tz", _by_zone(zones, local_of_utc, "timezone(tz, timezone('UTC', moment))")),
        _macro("strata_iso_utc", "value, tz", _iso_utc(zones)),
        _macro("strata_epoch", "value, unit", _epoch()),
        _macro("to_utc", "value, format, tz", _by_format(times, _utc_of)),
        _macro("to_day", "value, format", _by_format(days, _day_of)),
        *(
            _macro(name, "value, decimal_point", _number(points, digits))
            for name, digits in (("to_amount", 4), ("to_rate", 8))
        ),
        _macro(
            "to_truth",
            "value",
            f"CASE WHEN lower(trim(value)) IN {_TRUE} THEN true WHEN lower(trim(value)) IN {_FALSE} THEN false END",
        ),
    ]


def literal(text: str) -> str:
    """A text as an SQL string constant; for constants of the configuration only, never for values of rows."""
    return "'" + text.replace("'", "''") + "'"


def _macro(name: str, parameters: str, body: str) -> str:
    return f"CREATE OR REPLACE MACRO {name}({parameters}) AS ({body})"


def _by_zone(zones: Collection[str], convert: Callable[[str, str], str], otherwise: str) -> str:
    """A branch a zone: ICU takes a zone that is a constant at a fifth of the cost of one that stands in a column."""
    branches = (f"WHEN tz = {literal(zone)} THEN {convert('moment', zone)}" for zone in zones)
    return f"CASE {' '.join(branches)} WHEN moment IS NOT NULL THEN {otherwise} END"


def _iso_utc(zones: Collection[str]) -> str:
    # Almost no value has blanks around it, and a trim costs as much as a match: so the bare value is tried first, also where it
    # ends with the Z of nearly all services. ISO days compare as text, which spares a second cast.
    fixed = (
        f"WHEN tz = {literal(zone)} AND value >= '{known[0]:%Y-%m-%d}' THEN try_cast(value AS TIMESTAMP) - to_seconds({known[1]})"
        for zone in zones
        if (known := settled(zone))
    )
    return f"""CASE
        WHEN regexp_full_match(value, '{ISO_LOCAL}')
        THEN CASE {" ".join(fixed)} WHEN true THEN strata_utc_of_local(try_cast(value AS TIMESTAMP), tz) END
        WHEN regexp_full_match(value, '{ISO_UTC}') THEN try_cast(value AS TIMESTAMP)
        WHEN regexp_full_match(trim(value), '{ISO_LOCAL}') THEN strata_utc_of_local(try_cast(trim(value) AS TIMESTAMP), tz)
        WHEN regexp_full_match(trim(value), '{ISO_OFFSET}')
        THEN make_timestamp(epoch_us(try_cast(concat(
            left(trim(value), 16), CASE WHEN trim(value)[17] = ':' THEN '' ELSE ':00' END,
            replace(substr(trim(value), 17), ' ', '')
        ) AS TIMESTAMPTZ))) END"""


def _epoch() -> str:
    # A whole number, as nearly all are, is cast as such: a decimal of so many digits costs 300 times as much.
    return f"""CASE
        WHEN regexp_full_match(value, '[+-]?[0-9]{{1,14}}')
        THEN CASE WHEN abs(try_cast(value AS BIGINT)) < {_LARGEST_EPOCH} * unit
            THEN make_timestamp(try_cast(value AS BIGINT) * (1000000 // unit)) END
        WHEN regexp_full_match(trim(value), '[+-]?[0-9]{{1,14}}([.][0-9]{{1,9}})?')
        AND abs(try_cast(trim(value) AS DECIMAL(24,6)) / unit) < {_LARGEST_EPOCH}
        THEN make_timestamp(cast(try_cast(trim(value) AS DECIMAL(24,6)) * (1000000 / unit) AS BIGINT)) END"""


def _by_format(formats: set[str | None], cast: Callable[[str | None], str]) -> str:
    ordered = sorted(formats, key=lambda form: form or "") or [None]
    tests = ["format IS NULL" if form is None else f"format = {literal(form)}" for form in ordered]
    return f"CASE {' '.join(f'WHEN {test} THEN {cast(form)}' for test, form in zip(tests, ordered, strict=True))} END"


def _utc_of(form: str | None) -> str:
    iso = "strata_iso_utc(value, tz)"
    if form is None:
        return iso
    return f"coalesce(strata_epoch(value, {EPOCHS[form]}), {iso})" if form in EPOCHS else _declared_utc(form)


def _declared_utc(form: str) -> str:
    parsed = f"coalesce(try_strptime(value, {literal(form)}), try_strptime(trim(value), {literal(form)}))"
    utc = f"make_timestamp(epoch_us({parsed}))" if "%z" in form else f"strata_utc_of_local({parsed}, tz)"
    return utc if form.startswith("%Y") else f"coalesce({utc}, strata_iso_utc(value, tz))"


def _day_of(form: str | None) -> str:
    iso = f"""CASE WHEN regexp_full_match(trim(value), '({ISO_LOCAL})|({ISO_OFFSET})')
        THEN try_cast(left(trim(value), 10) AS DATE) END"""
    if form is None:
        return iso
    if form in EPOCHS:
        return f"coalesce(cast(strata_epoch(value, {EPOCHS[form]}) AS DATE), {iso})"
    return _declared_day(form, iso)


def _declared_day(form: str, iso: str) -> str:
    parts = [f"cast(try_strptime(trim(value), {literal(form)}) AS DATE)"]
    if " " not in form:  # the date of `31/12/2024 10:00` where only the date's format is declared
        day, clock = "split_part(trim(value), ' ', 1)", "split_part(trim(value), ' ', 2)"
        parsed = f"cast(try_strptime({day}, {literal(form)}) AS DATE)"
        parts.append(f"CASE WHEN regexp_full_match({clock}, '{_CLOCK}') THEN {parsed} END")
    if not form.startswith("%Y"):
        parts.append(iso)
    return f"coalesce({', '.join(parts)})"


def _number(points: Collection[str], digits: int) -> str:
    numbers = [_number_with(point, digits) for point in sorted(points) or ["."]]
    return numbers[0] if len(numbers) == 1 else f"CASE decimal_point WHEN ',' THEN {numbers[0]} ELSE {numbers[1]} END"


def _number_with(point: str, digits: int) -> str:
    """A plain number by the short way (DuckDB would also take `1_000`), which costs a twentieth; else without sign and currency
    it must be digits in groups of three: `1,5` is no 15."""
    bare = f"regexp_replace(value, '{_SIGN_AND_CURRENCY}', '\\1\\2', 'g')"
    unsigned = f"ltrim({bare}, '+-')"
    digits_only = f"regexp_replace({bare}, '[^0-9+{point}-]', '', 'g')"
    grouped = _GROUPED[point].replace("'", "''")
    plain = (
        f"CASE WHEN NOT contains(value, '_') THEN try_cast(value AS DECIMAL(18,{digits})) END"
        if point == "."
        else f"CASE WHEN regexp_full_match(value, '{_PLAIN}') THEN try_cast(replace(value, ',', '.') AS DECIMAL(18,{digits})) END"
    )
    return f"""coalesce({plain},
        CASE WHEN value <> '' AND regexp_full_match({unsigned}, '{grouped}') AND length({bare}) - length({unsigned}) <= 1
        THEN try_cast(replace({digits_only}, ',', '.') AS DECIMAL(18,{digits})) END)"""
