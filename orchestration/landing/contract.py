"""The row contract as SQL: which rows of a canonical entity may enter raw, by the entity's columns and the block's mapping.

The first failing rule wins, in this order: required and key, then per column in the entity's order number, timestamp,
date_range, allowed. Statements are made of identifiers of the contract and constants of the configuration alone; names that
come from a file are bound parameters. Casts are `casts.py`; running it is `judge.py`.
"""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

from orchestration.landing.casts import literal
from orchestration.settings.entities import Column
from orchestration.settings.sources import BlockRef

EVENT_COLUMNS = {
    "orders": "ordered_at",
    "order_lines": "ordered_at",
    "refunds": "refunded_at",
    "interactions": "occurred_at",
    "opportunities": "created_at",
    "feedback": "given_at",
}
"""The main event time of an entity, where it has one: it decides the last day that landed."""

REASONS = {
    "required": "a required value is empty",
    "timestamp": "no date or time of the declared format",
    "date_range": "before 1900 or after tomorrow",
    "number": "no finite number",
    "allowed": "not among the allowed values",
}
_FIRST_DAY = datetime(1900, 1, 1)


@dataclass(frozen=True)
class Clock:
    """The bounds of times, from the moment of landing and the zone of the source, as SQL constants."""

    zone: str
    now: datetime

    def _local_midnight(self, days: int) -> datetime:
        local = self.now.astimezone(ZoneInfo(self.zone))
        return datetime.combine(local.date() + timedelta(days=days), time(), ZoneInfo(self.zone)).astimezone(UTC)

    @property
    def today(self) -> str:
        """End of today, for what counts as having happened."""
        return f"TIMESTAMP '{self._local_midnight(1):%Y-%m-%d %H:%M:%S}'"

    @property
    def times(self) -> tuple[str, str]:
        first = _FIRST_DAY.replace(tzinfo=ZoneInfo(self.zone)).astimezone(UTC)
        return f"TIMESTAMP '{first:%Y-%m-%d %H:%M:%S}'", f"TIMESTAMP '{self._local_midnight(2):%Y-%m-%d %H:%M:%S}'"

    @property
    def days(self) -> tuple[str, str]:
        local = self.now.astimezone(ZoneInfo(self.zone)).date()
        return f"DATE '{_FIRST_DAY:%Y-%m-%d}'", f"DATE '{local + timedelta(days=2):%Y-%m-%d}'"


@dataclass(frozen=True)
class Received:
    """Where the columns of a file stand in the relation `received`: `wanted` source column → SQL column, `others` likewise.

    `nullable`: wanted columns with a null in this batch. `made_extra`: the reader brought `extra` itself.
    """

    wanted: dict[str, str]
    others: dict[str, str]
    nullable: frozenset[str]
    made_extra: bool


def judged_sql(ref: BlockRef, received: Received, clock: Clock, file_sha256: str) -> tuple[str, list[str]]:
    """A query over `received` and its parameters. Grain: one received row, in its order: `_extra`, `_record_key`,
    `_record_hash`, `_fault` (`rule:column` or null), `_warning_<rule>` (count), `_event` (UTC or null)."""
    extra, parameters = _extra(received)
    given = given_columns(ref, received)
    mapped = ", ".join(f"{_origin(ref, received, column)} AS {column.name}" for column in given)
    typed = [f"{_cast(ref, column)} AS _typed_{column.name}" for column in given if _cast(ref, column)]
    known = [f"{_known(ref, column)} AS _known_{column.name}" for column in given if column.allowed]
    event = EVENT_COLUMNS.get(ref.canonical)
    nullable = {column.name for column in given if ref.settings.columns.get(column.name) in received.nullable}
    happened = (
        f"CASE WHEN _typed_{event} < {clock.today} THEN _typed_{event} END"
        if event in {c.name for c in given}
        else "NULL"
    )
    begin = literal(f"{ref.source}/{ref.block}/" if ref.settings.key else f"{file_sha256}/")
    hashed = _hash([column.name for column in given], nullable)
    sql = f"""
        WITH mapped AS (SELECT {_key(ref, received)} AS _key, {mapped}, {extra} AS _extra FROM received),
        typed AS (SELECT {", ".join(["*", *typed, *known])} FROM mapped)
        SELECT _extra, sha256({begin} || _key) AS _record_key, {hashed} AS _record_hash,
            {_fault(ref, given, clock)} AS _fault, {_warnings(given, clock)}, cast({happened} AS TIMESTAMP) AS _event
        FROM typed"""
    return sql, parameters


def given_columns(ref: BlockRef, received: Received) -> list[Column]:
    """The canonical columns that a file brings or the block fixes, in the entity's order."""
    block = ref.settings
    return [c for c in ref.entity.columns if c.name in block.constants or block.columns.get(c.name) in received.wanted]


def _hash(names: list[str], nullable: Collection[str]) -> str:
    """Hex sha256 over the values by name. NUL ends each part (no value holds one) and nulls are listed at the end, so that no
    two records share a text. `nullable`: columns with a null in this batch; the others need no listing, which costs time."""
    parts = ", ".join(f"'{name}=', {name}, chr(0)" for name in [*names, "_extra"])
    nulls = "".join(f", CASE WHEN {name} IS NULL THEN '{name};' END" for name in names if name in nullable)
    return f"sha256(concat({parts}{nulls}))"


def _origin(ref: BlockRef, received: Received, column: Column) -> str:
    if column.name in ref.settings.constants:
        return literal(ref.settings.constants[column.name])
    return received.wanted[ref.settings.columns[column.name]]


def _extra(received: Received) -> tuple[str, list[str]]:
    if received.made_extra:
        return "extra", []
    if not received.others:
        return "'{}'", []
    return f"cast(json_object({', '.join(f'?, {name}' for name in received.others.values())}) AS VARCHAR)", list(
        received.others
    )


def _key(ref: BlockRef, received: Received) -> str:
    """The key's values, NUL after each; null when all are empty. Without a key the row number stands for it."""
    names = [received.wanted[column] for column in ref.settings.key if column in received.wanted]
    if not ref.settings.key:
        return "cast(_row_number AS VARCHAR)"
    if not names:
        return "cast(NULL AS VARCHAR)"
    empty = " AND ".join(f"coalesce(trim({name}), '') = ''" for name in names)
    parts = " || ".join(f"coalesce({name}, '') || chr(0)" for name in names)
    return f"CASE WHEN {empty} THEN NULL ELSE {parts} END"


def _cast(ref: BlockRef, column: Column) -> str:
    form = ref.settings.format
    match column.kind:
        case "timestamp":
            return f"to_utc({column.name}, {_constant(form.format_of_times)}, {literal(ref.timezone)})"
        case "date":
            return f"to_day({column.name}, {_constant(form.dates)})"
        case "number":
            return (
                f"to_{'rate' if column.name.startswith('rate_') else 'amount'}({column.name}, {literal(form.decimal)})"
            )
        case "integer":
            amount = f"to_amount({column.name}, {literal(form.decimal)})"
            return f"CASE WHEN {amount} = floor({amount}) THEN {amount} END"
        case "boolean":
            return f"to_truth({column.name})"
    return ""


def _constant(text: str | None) -> str:
    return "cast(NULL AS VARCHAR)" if text is None else literal(text)


def _known(ref: BlockRef, column: Column) -> str:
    """Whether a value is allowed, once the block's values map is applied."""
    mapping = ref.settings.values.get(column.name, {})
    received = [value for value in column.allowed if value not in mapping] + list(mapping)
    return f"{column.name} IN ({', '.join(map(literal, received))})"


def _is_given(name: str) -> str:
    return f"{name} IS NOT NULL AND trim({name}) <> ''"


def _checks(column: Column, clock: Clock) -> list[tuple[str, str]]:
    """(rule, SQL condition under which the column breaks it)."""
    name, given = column.name, _is_given(column.name)
    if column.kind in ("timestamp", "date"):
        low, high = clock.times if column.kind == "timestamp" else clock.days
        return [
            ("timestamp", f"_typed_{name} IS NULL AND {given}"),
            ("date_range", f"(_typed_{name} < {low} OR _typed_{name} >= {high})"),
        ]
    rule = {"number": "number", "integer": "number", "boolean": "allowed"}.get(column.kind)
    found = [(rule, f"_typed_{name} IS NULL AND {given}")] if rule else []
    return [*found, ("allowed", f"NOT _known_{name} AND {given}")] if column.allowed else found


def _fault(ref: BlockRef, given: list[Column], clock: Clock) -> str:
    required = {column.name: f"NOT ({_is_given(column.name)})" for column in given if column.required}
    absent = {column.name: "true" for column in ref.entity.columns if column.required and column not in given}
    cases = [f"WHEN {condition} THEN 'required:{name}'" for name, condition in (absent | required).items()]
    if ref.settings.key:
        cases.append("WHEN _key IS NULL THEN 'required:key'")
    hard = [column for column in given if column.hard or column.allowed]
    cases += [
        f"WHEN {broken} THEN '{rule}:{column.name}'" for column in hard for rule, broken in _checks(column, clock)
    ]
    return f"CASE {' '.join(cases)} END" if cases else "cast(NULL AS VARCHAR)"


def _warnings(given: list[Column], clock: Clock) -> str:
    soft = [column for column in given if not column.hard and not column.allowed]
    broken: dict[str, list[str]] = {rule: [] for rule in REASONS if rule != "required"}
    for column in soft:
        for rule, condition in _checks(column, clock):
            broken[rule].append(f"coalesce(cast({condition} AS INTEGER), 0)")
    return ", ".join(f"{' + '.join(parts) or '0'} AS _warning_{rule}" for rule, parts in broken.items())
