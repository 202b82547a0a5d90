"""criteria_changes: every set of criteria that was published with, what it changed key by key, and how the metrics moved.

When criteria began to hold, and who put them into force by which plan, is in control.criteria_ledger (see
orchestration/statements.py). The moves compare all customers with themselves, before and after, and so prove no cause: what
else happened at that time moves them too. A controlled effect is that of an intervention, which is named beside them.
"""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

import duckdb

from orchestration.logic.effects.interventions import quantiles
from orchestration.logic.effects.matching import METRICS, all_units
from orchestration.logic.effects.verdicts import words
from orchestration.logic.segmentation.grid import business_timezone
from orchestration.logic.segmentation.store import literal, replace_day, values
from orchestration.settings.insights import InsightSettings

# Ways to reach people stand in owners.yml; that they changed is told, not what they are.
UNTOLD = ("contact",)
LONGEST = 200  # letters of a value


@dataclass(frozen=True)
class Change:
    """One set of criteria. `changes`: key, from and to; None where a set can no longer be read. `applied`: by whom and when."""

    number: int
    version: str
    previous: str | None
    valid_from: date
    valid_to: date | None
    changes: list[dict[str, str | None]] | None
    plan_id: str | None
    applied_by: str | None
    applied_at: datetime | None


def criteria_changes(con: duckdb.DuckDBPyConnection, as_of: date, settings: InsightSettings) -> int:
    """Writes insights.criteria_changes of `as_of`. Grain: change_number, metric. Needs control.criteria_ledger,
    insights.tier_history. Returns the rows."""
    timezone = business_timezone(con)
    query = " union all ".join(_query(change, as_of, settings, timezone) for change in _changes(con, settings))
    return replace_day(
        con, "criteria_changes", as_of, f"select *, {words('verdict')} from ({query})", settings.criteria_version
    )


def told(settings: InsightSettings) -> dict[str, Any]:
    """Everything that decides classes, warnings, owners and strategies, as plain values."""
    parts = {"criteria": settings.criteria, "churn": settings.churn, "people": settings.people}
    return {name: part.model_dump(mode="json", exclude_none=True) for name, part in parts.items()}


def differences(before: dict[str, Any], after: dict[str, Any]) -> list[dict[str, str | None]]:
    """Key by key what is not the same: key, from, to; null where a key came or went."""
    old, new = dict(_flat(before)), dict(_flat(after))
    return [
        {"key": key, "from": _shown(key, old.get(key)), "to": _shown(key, new.get(key))}
        for key in sorted(old.keys() | new.keys())
        if old.get(key) != new.get(key)
    ]


def _flat(value: Any, key: str = "") -> Iterator[tuple[str, str]]:
    """Each value with the path of its key; parts of a list by their code, if they have one, else by their place."""
    if isinstance(value, dict):
        for name, part in value.items():
            yield from _flat(part, f"{key}.{name}" if key else str(name))
    elif isinstance(value, list) and any(isinstance(part, dict) for part in value):
        for place, part in enumerate(value, start=1):
            yield from _flat(part, f"{key}.{part.get('code', place) if isinstance(part, dict) else place}")
    else:
        yield key, value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def _shown(key: str, value: str | None) -> str | None:
    if value is None or key.rpartition(".")[2] in UNTOLD:
        return None
    return value if len(value) <= LONGEST else f"{value[: LONGEST - 1]}…"


def _changes(con: duckdb.DuckDBPyConnection, settings: InsightSettings) -> list[Change]:
    rows = con.execute(
        "select criteria_version, valid_from, criteria, plan_id, applied_by, applied_at"
        " from control.criteria_ledger order by place"
    ).fetchall()
    found: list[Change] = []
    before: dict[str, Any] | None = None
    for place, (version, valid_from, criteria, *applied) in enumerate(rows):
        now = told(settings) if version == settings.criteria_version else json.loads(criteria) if criteria else None
        changes: list[dict[str, str | None]] | None = [] if place == 0 else None
        if before is not None and now is not None:
            changes = differences(before, now)
        later = rows[place + 1][1] if place + 1 < len(rows) else None
        found.append(
            Change(place + 1, version, rows[place - 1][0] if place else None, valid_from, later, changes, *applied)
        )
        before = now
    return found


def _query(change: Change, as_of: date, settings: InsightSettings, timezone: str) -> str:
    effects, start = settings.criteria.effects, change.valid_from
    end = start + timedelta(days=effects.change_days)
    over = end <= as_of
    interventions = [
        one.code
        for one in effects.interventions
        if one.kind == "criteria_change" and start <= one.started_on < (change.valid_to or as_of)
    ]
    changes = change.changes
    columns = {
        "change_number": change.number,
        "changed_to": change.version,
        "changed_from": change.previous,
        "valid_from": start,
        "valid_to": change.valid_to,
        "count_keys": None if changes is None else len(changes),
        "changes": None if changes is None else json.dumps(changes, ensure_ascii=False),
        "plan_id": change.plan_id,
        "applied_by": change.applied_by,
        "interventions": ", ".join(interventions) or None,
    }
    return _MOVES.format(
        told=", ".join(f"{literal(value)} as {name}" for name, value in columns.items()),
        applied_at=f"timestamp {literal(str(change.applied_at))}" if change.applied_at else "null",
        metrics=values("m(metric)", [(metric,) for metric in METRICS]),
        units=all_units(start, effects.change_days, min(end, as_of), settings, timezone),
        end=literal(end),
        over=literal(over),
        zs=quantiles(float(effects.confidence), len(METRICS)),
        least=effects.minimum_customers,
    )


_MOVES = """
select
    {told}, cast({applied_at} as timestamp) as applied_at, metric, {end} as period_end,
    cast(round(value_before, 4) as decimal(28, 4)) as value_before,
    case when {over} then cast(round(value_after, 4) as decimal(28, 4)) end as value,
    case when {over} then cast(round(change, 4) as decimal(28, 4)) end as difference,
    case when {over} then cast(round(change - z * error, 4) as decimal(28, 4)) end as low,
    case when {over} then cast(round(change + z * error, 4) as decimal(28, 4)) end as high,
    coalesce(n, 0) as count_customers,
    case
        when not {over} then 'not_over'
        when coalesce(n, 0) < {least} or error is null then 'too_few'
        when change - z * error > 0 then 'increased' when change + z * error < 0 then 'decreased'
        else 'no_detectable_effect'
    end as verdict
from {metrics}
left join (
    select *, {zs}[greatest(count(*) filter (where n >= {least} and error is not null) over (), 1)] as z
    from (
        select
            metric, count(*) as n, avg(before) as value_before, avg(after) as value_after, avg(after - before) as change,
            sqrt(var_samp(after - before) / count(*)) as error
        from ({units}) where before is not null and after is not null group by metric
    )
) as moved using (metric)
"""
