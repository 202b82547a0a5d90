"""What people decided about customers: these records are one customer, those are not; and what they took back.

Decisions are kept in the home, one JSON line each, and only ever added to; a run takes those that were known by its `known_at`.
So a state with a decision can be rebuilt, and one taken back leaves the state that was before. How decisions change the
clusters is in `clusters.py` and `resolve.py`.
"""

import hashlib
import json
from collections.abc import Collection, Iterable, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Literal

import pyarrow as pa

from orchestration.durable import read_lines, write_lines

Kind = Literal["link", "unlink", "undo"]
_SCHEMA = pa.schema(
    {
        "place": pa.int64(), "event_id": pa.string(), "at": pa.timestamp("us"), "kind": pa.string(),
        "left": pa.list_(pa.string()), "right": pa.list_(pa.string()), "undoes": pa.string(), "reason": pa.string(),
        "decided_by": pa.string(), "in_force": pa.bool_(),
    }
)  # fmt: skip


class Contradiction(ValueError):
    """A decision that an earlier one forbids. The text names that one and what to do."""


@dataclass(frozen=True)
class Decision:
    """`link`: all records of `left` and `right` are one customer. `unlink`: none of `left` is one with any of `right`.
    `undo`: the decision `undoes` counts no more; `left` and `right` are its. `at` is aware; `decided_by` names the user."""

    kind: Kind
    left: tuple[str, ...]
    right: tuple[str, ...]
    reason: str
    decided_by: str
    at: datetime
    undoes: str | None = None
    event_id: str = ""


def pair_id(left: str, right: str) -> str:
    """Names a pair of records in the review, as `resolve.py` does in SQL."""
    return "P" + hashlib.sha256(f"{left}|{right}".encode()).hexdigest()[:16]


def read_decisions(path: Path) -> list[Decision]:
    """All decisions, the first one first. Raises KeptLinesDamaged naming the line."""
    return read_lines(path, _decision, "decision")


def _decision(told: dict[str, Any]) -> Decision:
    places = {"left": tuple(told["left"]), "right": tuple(told["right"]), "at": datetime.fromisoformat(told["at"])}
    return Decision(**(told | places))


def add_decisions(path: Path, new: Sequence[Decision]) -> list[Decision]:
    """Adds decisions, all or none, and returns them with their event ids. The caller holds the run lock.

    Raises Contradiction where one links what another keeps apart.
    """
    before = read_decisions(path)
    added = [_named(decision, place) for place, decision in enumerate(new, start=len(before))]
    kept = [*before, *added]
    _agree(kept, {decision.event_id for decision in added})
    write_decisions(path, kept)
    return added


def write_decisions(path: Path, decisions: Iterable[Decision]) -> None:
    """Puts these decisions in place of those that are there. For an erasure; else decisions are only added."""
    write_lines(path, (asdict(item) | {"at": item.at.isoformat()} for item in decisions))


def in_force(decisions: Sequence[Decision]) -> list[Decision]:
    """The links and unlinks that nobody took back; an undo may be taken back itself."""
    undone: set[str] = set()
    left = []
    for decision in reversed(decisions):
        if decision.event_id in undone:
            continue
        if decision.undoes:
            undone.add(decision.undoes)
        else:
            left.append(decision)
    return left[::-1]


def decisions_table(decisions: Iterable[Decision], known_at: datetime) -> pa.Table:
    """What was decided by `known_at` (aware). Grain: decision; `place` is their order, `at` in UTC, `in_force` says whether a
    link or unlink counts."""
    known = [decision for decision in decisions if decision.at <= known_at]
    counting = {decision.event_id for decision in in_force(known)}
    rows = [
        asdict(decision)
        | {
            "place": place, "at": decision.at.astimezone(UTC).replace(tzinfo=None), "in_force": decision.event_id in counting,
        }
        for place, decision in enumerate(known)
    ]  # fmt: skip
    return pa.Table.from_pylist(rows, _SCHEMA)


def _named(decision: Decision, place: int) -> Decision:
    told = json.dumps([place, decision.kind, decision.left, decision.right, decision.undoes, decision.at.isoformat()])
    return replace(decision, event_id="E" + hashlib.sha256(told.encode()).hexdigest()[:16])


def _agree(decisions: Sequence[Decision], new: Collection[str]) -> None:
    """Raises Contradiction where links in force make one of two records that are to stay apart."""
    counting = in_force(decisions)
    group: dict[str, str] = {}

    def find(record: str) -> str:
        while group.get(record, record) != record:
            record = group[record]
        return record

    links = [decision for decision in counting if decision.kind == "link"]
    for decision in links:
        first, *others = (*decision.left, *decision.right)
        for other in others:
            group[find(other)] = find(first)
    for decision in counting:
        both = {find(one) for one in decision.left} & {find(one) for one in decision.right}
        if decision.kind == "unlink" and both:
            involved = [decision, *(link for link in links if find(link.left[0]) in both)]
            blamed = ", ".join(f"{one.event_id} ({one.kind})" for one in involved if one.event_id not in new)
            raise Contradiction(
                f"earlier decisions say the opposite: {blamed}; take one back first (strata undo EVENT_ID)"
                if blamed
                else "the decisions contradict each other: two records are to be one customer, and to stay apart"
            )
