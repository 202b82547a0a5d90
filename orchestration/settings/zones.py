"""What is known of a time zone beforehand, so that DuckDB need not ask ICU for every row, which costs ten times as much."""

from datetime import UTC, datetime, timedelta
from functools import cache
from zoneinfo import ZoneInfo

_LAST_YEAR, _LATEST_START = 2100, 2030


@cache
def settled(zone: str) -> tuple[datetime, int] | None:
    """The day from which the zone keeps one offset, and the offset in seconds (China: since 1991); None where it still changes.

    The day lies two days or more behind the last change, so it is right in local time and in UTC.
    """
    info = ZoneInfo(zone)
    day = datetime(_LAST_YEAR, 1, 1, tzinfo=UTC)
    offset = info.utcoffset(day.astimezone(info)) or timedelta()
    while day.year > 1900 and info.utcoffset(day.astimezone(info)) == offset:
        day -= timedelta(days=28)
    if day.year > _LATEST_START:
        return None
    return (day + timedelta(days=30)).replace(tzinfo=None), int(offset.total_seconds())


def local_of_utc(moment: str, zone: str) -> str:
    """SQL: a naive UTC timestamp as naive time of the zone. `moment`: SQL."""
    converted = f"timezone('{zone}', timezone('UTC', {moment}))"
    return _by_offset(moment, "+", zone, converted)


def utc_of_local(moment: str, zone: str) -> str:
    """SQL: a naive timestamp of the zone as naive UTC. `moment`: SQL."""
    return _by_offset(moment, "-", zone, f"timezone('UTC', timezone('{zone}', {moment}))")


def _by_offset(moment: str, sign: str, zone: str, converted: str) -> str:
    known = settled(zone)
    if known is None:
        return converted
    since, seconds = known
    return f"CASE WHEN {moment} >= TIMESTAMP '{since:%Y-%m-%d}' THEN {moment} {sign} to_seconds({seconds}) ELSE {converted} END"
