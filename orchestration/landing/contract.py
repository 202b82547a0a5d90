"""The row contract as SQL: which rows of a canonical entity may enter raw, by the entity's columns and the block's mapping.

The first failing rule wins, in this order: required and key, then per column in the entity's order number, timestamp,
date_range, allowed. Statements are made of identifiers of the contract and constants of the configuration alone; names that
come from a file are bound parameters. Casts are `casts.py`; running it is `judge.py`.
"""

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
    "cut_short": "a spreadsheet cut the number short (8.61E+12)",
}
_FIRST_DAY = datetime(1900, 1, 1)
_CUT_SHORT = r" *[0-9][.,][0-9]+[Ee][+][0-9]{1,2} *"


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

    `made_extra`: the reader brought `extra` itself. `deleted`: the SQL column that marks tombstones, where there is one.
    """

    wanted: dict[str, str]
    others: dict[str, str]
    made_extra: bool
    deleted: str | None = None


def judged_sql(ref: BlockRef, received: Received, clock: Clock) -> tuple[str, list[str]]:
    """A query over `received` and its parameters. Grain: one received row, in its order.

    Always `_record_hash`, `_fault` (`rule:column` or null) and `_fault_key` (its key's hash or null); where the block or the
    batch calls for them `_extra`, `_record_key`, `_tombstone_at`, `_event` (UTC) and `_warning_<rule>` (count).
    """
    extra, parameters = _extra(received)
    given = given_columns(ref, received)
    mapped = [f"{_origin(ref, received, column)} AS {column.name}" for column in given]
    mapped += [f"{extra} AS _extra"] if extra else []
    mapped += [f"{_key(ref, received)} AS _record_key"] if ref.settings.key else []
    mapped += [f"{received.deleted} AS _deleted"] if received.deleted else []
    typed = [f"{_cast(ref, column)} AS _typed_{column.name}" for column in given if _cast(ref, column)]
    known = [f"{_known(ref, column)} AS _known_{column.name}" for column in given if column.allowed]
    told = [
        f"{_hash([column.name for column in given], extra, received.deleted)} AS _record_hash",
        f"{_fault(ref, given, clock, received.deleted)} AS _fault",
        *(["_extra"] if extra else []),
        *(["_record_key"] if ref.settings.key else []),
        *(["strata_iso_utc(_deleted, 'UTC') AS _tombstone_at"] if received.deleted else []),
        *_event(ref, given, clock),
        *_warnings(given, clock),
    ]
    has_key = "_fault IS NOT NULL AND _record_key IS NOT NULL"
    fault_key = f"CASE WHEN {has_key} THEN hash(_record_key) END" if ref.settings.key else "cast(NULL AS UBIGINT)"
    sql = f"""
        WITH mapped AS (SELECT {", ".join(mapped)} FROM received),
        typed AS (SELECT {", ".join(["*", *typed, *known])} FROM mapped)
        SELECT *, {fault_key} AS _fault_key FROM (SELECT {", ".join(told)} FROM typed)"""
    return sql, parameters


def given_columns(ref: BlockRef, received: Received) -> list[Column]:
    """The canonical columns that a file brings or the block fixes, in the entity's order."""
    block = ref.settings
    return [c for c in ref.entity.columns if c.name in block.constants or block.columns.get(c.name) in received.wanted]


def _hash(names: list[str], extra: str | None, deleted: str | None) -> str:
    """63 bits over the names and values of what was given. It only ever tells versions of one record apart."""
    values = [*names, *(["_extra"] if extra else []), *(["_deleted"] if deleted else [])]
    return f"cast(hash({', '.join([literal(','.join(values)), *values])}) >> 1 AS BIGINT)"


def _origin(ref: BlockRef, received: Received, column: Column) -> str:
    if column.name in ref.settings.constants:
        return literal(ref.settings.constants[column.name])
    return received.wanted[ref.settings.columns[column.name]]


def _extra(received: Received) -> tuple[str | None, list[str]]:
    if received.made_extra:
        return "extra", []
    if not received.others:
        return None, []
    return f"cast(json_object({', '.join(f'?, {name}' for name in received.others.values())}) AS VARCHAR)", list(
        received.others
    )


def _key(ref: BlockRef, received: Received) -> str:
    """The key's values as one text; null when all are empty. In a key of several the separator is escaped."""
    names = [received.wanted[column] for column in ref.settings.key if column in received.wanted]
    if not names:
        return "cast(NULL AS VARCHAR)"
    empty = " AND ".join(_is_blank(name) for name in names)
    if len(ref.settings.key) == 1:
        return f"CASE WHEN {empty} THEN NULL ELSE {names[0]} END"
    bare = [f"coalesce({name}, '')" for name in names]
    escaped = [f"replace({part}, chr(31), chr(31) || '.')" for part in bare]
    return f"""CASE WHEN {empty} THEN NULL
        WHEN {" OR ".join(f"contains({part}, chr(31))" for part in bare)} THEN {" || chr(31) || ".join(escaped)}
        ELSE {" || chr(31) || ".join(bare)} END"""


def _event(ref: BlockRef, given: list[Column], clock: Clock) -> list[str]:
    name = EVENT_COLUMNS.get(ref.canonical)
    if name not in {column.name for column in given}:
        return []
    return [f"cast(CASE WHEN _typed_{name} < {clock.today} THEN _typed_{name} END AS TIMESTAMP) AS _event"]


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


def _is_blank(name: str) -> str:
    """Null, empty or spaces alone. What begins with more than a space is not: that spares a trim of nearly every value."""
    return f"CASE WHEN {name} >= '!' THEN false WHEN {name} IS NULL THEN true ELSE trim({name}) = '' END"


def _checks(column: Column, clock: Clock) -> list[tuple[str, str]]:
    """(rule, SQL condition under which the column breaks it)."""
    name, given = column.name, f"NOT {_is_blank(column.name)}"
    if column.kind in ("timestamp", "date"):
        low, high = clock.times if column.kind == "timestamp" else clock.days
        return [
            ("timestamp", f"_typed_{name} IS NULL AND {given}"),
            ("date_range", f"(_typed_{name} < {low} OR _typed_{name} >= {high})"),
        ]
    if column.identifier:
        return [("cut_short", f"contains({name}, '+') AND regexp_full_match({name}, '{_CUT_SHORT}')")]
    rule = {"number": "number", "integer": "number", "boolean": "allowed"}.get(column.kind)
    found = [(rule, f"_typed_{name} IS NULL AND {given}")] if rule else []
    return [*found, ("allowed", f"NOT _known_{name} AND {given}")] if column.allowed else found


def _fault(ref: BlockRef, given: list[Column], clock: Clock, deleted: str | None) -> str:
    required = {column.name: _is_blank(column.name) for column in given if column.required}
    absent = {column.name: "true" for column in ref.entity.columns if column.required and column not in given}
    without_key = ["WHEN _record_key IS NULL THEN 'required:key'"] if ref.settings.key else []
    tombstone = [f"WHEN _deleted IS NOT NULL THEN CASE {without_key[0]} END"] if deleted else []
    cases = [f"WHEN {condition} THEN 'required:{name}'" for name, condition in (absent | required).items()]
    hard = [column for column in given if column.hard or column.allowed]
    broken = [f"WHEN {wrong} THEN '{rule}:{column.name}'" for column in hard for rule, wrong in _checks(column, clock)]
    cases = [*tombstone, *cases, *without_key, *broken]
    return f"CASE {' '.join(cases)} END" if cases else "cast(NULL AS VARCHAR)"


def _warnings(given: list[Column], clock: Clock) -> list[str]:
    broken: dict[str, list[str]] = {}
    for column in given:
        for rule, condition in _checks(column, clock) if not (column.hard or column.allowed) else ():
            broken.setdefault(rule, []).append(f"coalesce(cast({condition} AS INTEGER), 0)")
    return [f"{' + '.join(parts)} AS _warning_{rule}" for rule, parts in broken.items()]
