"""The one home of cast semantics: text as received → typed value, as DuckDB macros.

The lander judges rows with them and staging casts with them, so a row that was let in can always be cast. Formats and time
zones are constants inside the macros because strptime needs constants: make the macros anew when `sources.yml` changes.
No rule about which column is required lives here (see `contract.py`).

 - `to_utc(value, format, tz)` → TIMESTAMP (naive UTC) or null. An ISO text with offset or Z honours it, else local time of tz.
 - `to_day(value, format)` → DATE or null; takes a timestamp text too (its date part as written).
 - `to_amount(value, decimal_point)` → DECIMAL(18,4) or null; `to_rate` the same as DECIMAL(18,8).
 - `to_truth(value)` → BOOLEAN or null.
`format` null means ISO 8601: `YYYY-MM-DD` with an optional time. ISO is understood beside a declared format too (typed cells of
workbooks and Parquet arrive as ISO text), except where the format itself begins with the year, since that would be a guess.
"""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from orchestration.settings.source_rules import EPOCHS
from orchestration.settings.sources import SourcesFile, blocks

_DAY = r"\d{4}-\d{2}-\d{2}"
_CLOCK = r"\d{2}:\d{2}(:\d{2}([.]\d{1,9})?)?"
ISO_LOCAL = f"{_DAY}([T ]{_CLOCK})?"
ISO_OFFSET = f"{_DAY}[T ]{_CLOCK} ?([Zz]|[+-]\\d{{2}}(:?\\d{{2}})?)"
_SIGN_AND_CURRENCY = r"^\s*([+-]?)\s*[¥￥$€£]?\s*([+-]?)|\s*[¥￥$€£]?\s*$"
_GROUPED = {
    ".": r"[0-9]{1,3}(,[0-9]{3})*([.][0-9]*)?|[0-9]+([.][0-9]*)?",
    ",": r"[0-9]{1,3}([. '\x{00A0}\x{202F}][0-9]{3})*(,[0-9]*)?|[0-9]+(,[0-9]*)?",
}
_TRUE, _FALSE = ("true", "1", "yes", "y", "是"), ("false", "0", "no", "n", "否")
_LARGEST_EPOCH = 100_000_000_000
_LAST_YEAR = 2100


def cast_macros(sources_file: SourcesFile) -> list[str]:
    """The statements that make the cast macros for the formats and zones of these sources, in the order to run them."""
    settings = [ref.settings.format for ref in blocks(sources_file)]
    formats = sorted({form for each in settings for form in (each.dates, each.times) if form} - set(EPOCHS))
    zones = sorted({ref.timezone for ref in blocks(sources_file)})
    return [
        _macro("strata_utc_of_local", "moment, tz", _utc_of_local(zones)),
        _macro("strata_iso_utc", "value, tz", _iso_utc()),
        _macro("strata_epoch", "value, unit", _epoch()),
        _macro("to_utc", "value, format, tz", _to_utc(formats)),
        _macro("to_day", "value, format", _to_day(formats)),
        *(_macro(name, "value, decimal_point", _number(digits)) for name, digits in (("to_amount", 4), ("to_rate", 8))),
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


def _utc_of_local(zones: list[str]) -> str:
    """Zones that keep one offset since some day (China since 1991) skip the ICU conversion, which costs ten times as much."""
    fixed = []
    for zone in zones:
        since, offset = _settled_offset(zone)
        seconds = int(offset.total_seconds())
        if since:
            fixed.append(
                f"WHEN tz = {literal(zone)} AND moment >= TIMESTAMP '{since:%Y-%m-%d}' THEN moment - to_seconds({seconds})"
            )
    return f"CASE {' '.join(fixed)} WHEN moment IS NOT NULL THEN timezone('UTC', timezone(tz, moment)) END"


def _settled_offset(zone: str) -> tuple[datetime | None, timedelta]:
    """The day from which the zone's offset no longer changes, with that offset; no day when it still does."""
    info = ZoneInfo(zone)
    day = datetime(_LAST_YEAR, 1, 1, tzinfo=UTC)
    offset = info.utcoffset(day.astimezone(info)) or timedelta()
    while day.year > 1900 and info.utcoffset(day.astimezone(info)) == offset:
        day -= timedelta(days=28)
    return (None, offset) if day.year > 2030 else ((day + timedelta(days=30)).replace(tzinfo=None), offset)


def _iso_utc() -> str:
    # Almost no value has blanks around it, and a trim costs three times the match: so the bare value is tried first.
    return f"""CASE
        WHEN regexp_full_match(value, '{ISO_LOCAL}') THEN strata_utc_of_local(try_cast(value AS TIMESTAMP), tz)
        WHEN regexp_full_match(trim(value), '{ISO_LOCAL}') THEN strata_utc_of_local(try_cast(trim(value) AS TIMESTAMP), tz)
        WHEN regexp_full_match(trim(value), '{ISO_OFFSET}')
        THEN make_timestamp(epoch_us(try_cast(concat(
            left(trim(value), 16), CASE WHEN trim(value)[17] = ':' THEN '' ELSE ':00' END,
            replace(substr(trim(value), 17), ' ', '')
        ) AS TIMESTAMPTZ))) END"""


def _epoch() -> str:
    return f"""CASE WHEN regexp_full_match(trim(value), '[+-]?[0-9]{{1,14}}([.][0-9]{{1,9}})?')
        AND abs(try_cast(trim(value) AS DECIMAL(24,6)) / unit) < {_LARGEST_EPOCH}
        THEN make_timestamp(cast(try_cast(trim(value) AS DECIMAL(24,6)) * (1000000 / unit) AS BIGINT)) END"""


def _to_utc(formats: list[str]) -> str:
    return f"""CASE
        WHEN format IS NULL THEN strata_iso_utc(value, tz)
        WHEN format = 'epoch_s' THEN coalesce(strata_epoch(value, 1), strata_iso_utc(value, tz))
        WHEN format = 'epoch_ms' THEN coalesce(strata_epoch(value, 1000), strata_iso_utc(value, tz))
        {" ".join(f"WHEN format = {literal(form)} THEN {_declared_utc(form)}" for form in formats)} END"""


def _declared_utc(form: str) -> str:
    parsed = f"try_strptime(trim(value), {literal(form)})"
    utc = f"make_timestamp(epoch_us({parsed}))" if "%z" in form else f"strata_utc_of_local({parsed}, tz)"
    return utc if form.startswith("%Y") else f"coalesce({utc}, strata_iso_utc(value, tz))"


def _to_day(formats: list[str]) -> str:
    iso = f"""CASE WHEN regexp_full_match(trim(value), '({ISO_LOCAL})|({ISO_OFFSET})')
        THEN try_cast(left(trim(value), 10) AS DATE) END"""
    declared = " ".join(f"WHEN format = {literal(form)} THEN {_declared_day(form, iso)}" for form in formats)
    return f"""CASE
        WHEN format IS NULL THEN {iso}
        WHEN format = 'epoch_s' THEN coalesce(cast(strata_epoch(value, 1) AS DATE), {iso})
        WHEN format = 'epoch_ms' THEN coalesce(cast(strata_epoch(value, 1000) AS DATE), {iso})
        {declared} END"""


def _declared_day(form: str, iso: str) -> str:
    parts = [f"cast(try_strptime(trim(value), {literal(form)}) AS DATE)"]
    if " " not in form:  # the date of `31/12/2024 10:00` where only the date's format is declared
        day, clock = "split_part(trim(value), ' ', 1)", "split_part(trim(value), ' ', 2)"
        parsed = f"cast(try_strptime({day}, {literal(form)}) AS DATE)"
        parts.append(f"CASE WHEN regexp_full_match({clock}, '{_CLOCK}') THEN {parsed} END")
    if not form.startswith("%Y"):
        parts.append(iso)
    return f"coalesce({', '.join(parts)})"


def _number(digits: int) -> str:
    return f"CASE decimal_point WHEN ',' THEN {_number_with(',', digits)} ELSE {_number_with('.', digits)} END"


def _number_with(point: str, digits: int) -> str:
    """A plain number by the short way (DuckDB would also take `1_000`); else without sign and currency it must be digits in
    groups of three: `1,5` is no 15."""
    bare = f"regexp_replace(value, '{_SIGN_AND_CURRENCY}', '\\1\\2', 'g')"
    unsigned = f"ltrim({bare}, '+-')"
    digits_only = f"regexp_replace({bare}, '[^0-9+{point}-]', '', 'g')"
    grouped = _GROUPED[point].replace("'", "''")
    typed = f"try_cast(value AS DECIMAL(18,{digits}))"
    plain = f"WHEN NOT contains(value, '_') AND {typed} IS NOT NULL THEN {typed}" if point == "." else ""
    return f"""CASE WHEN value = '' THEN NULL {plain}
        WHEN regexp_full_match({unsigned}, '{grouped}') AND length({bare}) - length({unsigned}) <= 1
        THEN try_cast(replace({digits_only}, ',', '.') AS DECIMAL(18,{digits})) END"""
