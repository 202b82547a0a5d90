"""The digest: whom an owner should call, the largest expected loss first, in both languages, without direct identifiers."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

import duckdb

from orchestration.settings.people import Owner, StrategiesFile

_WAITING = """
select
    w.warning_id, w.customer_id, t.display_name, t.tier_zh || ' ' || t.tier_en, w.band, w.expected_loss,
    w.reasons, w.strategy_code, w.may_contact
from serving.churn_warnings as w
left join serving.customer_tier_table as t on t.customer_id = w.customer_id
where w.as_of = $day and w.owner = $owner and w.within_capacity
order by w.priority_rank, w.warning_id
"""
_BANDS = {"high": ("高", "high"), "medium": ("中", "medium")}


@dataclass(frozen=True)
class Entry:
    """One warning in words. Grain: warning."""

    warning_id: str
    expected_loss: Decimal
    zh: str
    en: str


def waiting(con: duckdb.DuckDBPyConnection, day: date, owner: str, strategies: StrategiesFile) -> list[Entry]:
    """The warnings of the day that the owner can reach this week, from the ordinary serving file (names masked)."""
    rows = con.execute(_WAITING, {"day": day, "owner": owner}).fetchall()
    return [_entry(row, strategies) for row in rows]


def parts(entries: list[Entry], owner: Owner, day: date, largest: int | None) -> Iterator[tuple[list[Entry], str, str]]:
    """Messages that hold all entries: (entries, subject, body), each of at most `largest` bytes in UTF-8 if given.

    A single entry that is too long for a message of its own is cut.
    """
    subject = f"流失预警 Churn warnings · {owner.name.zh} {owner.name.en} · {day.isoformat()}"
    rest = list(entries)
    while rest:
        count = len(rest)
        while count > 1 and _size(subject, _body(rest[:count])) > (largest or float("inf")):
            count -= 1
        body = _body(rest[:count])
        if largest and _size(subject, body) > largest:
            room = largest - len(f"{subject}\n…".encode())
            body = body.encode()[:room].decode(errors="ignore") + "…"
        yield rest[:count], subject, body
        rest = rest[count:]


def _size(subject: str, body: str) -> int:
    return len(f"{subject}\n{body}".encode())


def _body(entries: list[Entry]) -> str:
    total = sum((entry.expected_loss for entry in entries), Decimal(0))
    head = [
        f"需联系 {len(entries)} 位客户,预期损失 {total:,.0f},按损失从大到小:",
        f"{len(entries)} customers to contact, expected loss {total:,.0f}, the largest first:",
    ]
    lines = [f"{place}. {entry.zh}\n   {entry.en}" for place, entry in enumerate(entries, start=1)]
    tail = ["处理结果请回填 / tell what came of it: strata warnings import"]
    return "\n".join([*head, *lines, *tail])


def _entry(row: tuple, strategies: StrategiesFile) -> Entry:
    warning_id, customer_id, name, tier, band, loss, reasons, strategy_code, may_contact = row
    told = json.loads(reasons)
    strategy = strategies.strategies.get(strategy_code)
    who, (band_zh, band_en) = f"{name or ''} ({customer_id}, {tier})".strip(), _BANDS[band]
    limits = ("", "") if may_contact else ("(已撤回营销同意)", " (marketing consent withdrawn)")
    zh = [f"{band_zh} {loss:,.0f}", ";".join(reason["zh"] for reason in told), strategy.text.zh if strategy else ""]
    en = [f"{band_en} {loss:,.0f}", "; ".join(reason["en"] for reason in told), strategy.text.en if strategy else ""]
    return Entry(
        warning_id,
        loss,
        f"{who} {' · '.join(part for part in zh if part)}{limits[0]}",
        f"{' · '.join(part for part in en if part)}{limits[1]}",
    )
