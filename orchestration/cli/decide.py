"""`strata link`, `unlink` and `undo`: what a person knows better than the linking. Takes effect with the next run."""

import getpass
import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime

import duckdb
from rich.console import Console
from typer import BadParameter

from orchestration.logic.identity import Contradiction, Decision, add_decisions, read_decisions
from orchestration.runlock import run_lock
from orchestration.settings import Home
from orchestration.warehouse import connect

console = Console(soft_wrap=True, highlight=False)

_CUSTOMER = re.compile("C[0-9a-f]{16}")
_NOTHING_LINKED = "nothing is linked yet: run `strata run` first"
_LINKED = "select 1 from information_schema.tables where table_schema = 'identity' and table_name = 'clusters'"
_RECORDS_OF = """
    select record_id from identity.clusters join intermediate.int_identity__records using (record_id)
    where customer_id = $id order by first_seen_at nulls last, record_id
"""


def decide_link(home: Home, one: str, other: str, reason: str) -> None:
    """These two (customer ids or record ids) are one customer. Raises BadParameter where that cannot be said."""
    with last_run(home, "strata link") as con:
        left, right = _records(con, one), _records(con, other)
        if set(left) & set(right):
            raise BadParameter(f"{one} and {other} are the same; allowed: two customers or records")
        decided = add(home, [decision("link", left[:1], right[:1], reason)])
    _tell(decided)


def decide_unlink(home: Home, one: str, other: str, reason: str) -> None:
    """These two (customer ids or record ids) are not one customer: a record is taken out of its customer, two customers stay
    apart. Raises BadParameter where that cannot be said."""
    with last_run(home, "strata unlink") as con:
        left, right = _records(con, one), _records(con, other)
        if len(left) == 1 or len(right) == 1:
            left, right = _without(left, right), _without(right, left)
        if not left or not right or set(left) & set(right):
            raise BadParameter(
                f"{one} and {other} are the same; allowed: two customers, two records, or a customer and a record"
            )
        apart = set(_customers(con, left)) & set(_customers(con, right))
        if not apart:  # two customers already: their oldest records speak for them
            left, right = left[:1], right[:1]
        decided = add(home, [decision("unlink", left, right, reason)])
    _tell(decided)


def decide_undo(home: Home, event_id: str, reason: str) -> None:
    """Takes back a decision, an undo, or (as an unlink) a merge that the linking made. Raises BadParameter where there is no
    such event, or it counts no more."""
    with last_run(home, "strata undo") as con:
        kept = read_decisions(home.decisions)
        found = next((one for one in kept if one.event_id == event_id), None)
        if found:
            by = {one.undoes: one.event_id for one in kept if one.undoes and _counts(kept, one)}
            if event_id in by:
                raise BadParameter(f"{event_id} was taken back by {by[event_id]}; that one may be undone")
            new = decision("undo", found.left, found.right, reason, undoes=event_id)
        else:
            left, right = _merged(con, event_id)
            new = decision("unlink", left, right, f"{reason} (merge {event_id} taken back)")
        decided = add(home, [new])
    _tell(decided)


@contextmanager
def last_run(home: Home, command: str) -> Iterator[duckdb.DuckDBPyConnection]:
    """The warehouse as the last run left it, locked while `command` looks at it. Raises BadParameter where nothing was linked."""
    with run_lock(home, command):
        if not home.warehouse.exists():
            raise BadParameter(_NOTHING_LINKED)
        with connect(home, read_only=True) as con:
            if not con.execute(_LINKED).fetchall():
                raise BadParameter(_NOTHING_LINKED)
            yield con


def decision(
    kind: str,
    left: list[str] | tuple[str, ...],
    right: list[str] | tuple[str, ...],
    reason: str,
    undoes: str | None = None,
) -> Decision:
    """A decision taken now by the user of this terminal. Raises BadParameter without a reason."""
    if not reason.strip():
        raise BadParameter("--reason: found nothing; allowed: a few words, without personal data: they are published")
    now = datetime.now(UTC).replace(microsecond=0)
    return Decision(kind, tuple(left), tuple(right), reason.strip(), user(), now, undoes)  # type: ignore[arg-type]


def add(home: Home, new: list[Decision]) -> list[Decision]:
    """Keeps the decisions, all or none. Raises BadParameter where they contradict others."""
    try:
        return add_decisions(home.decisions, new)
    except Contradiction as error:
        raise BadParameter(str(error)) from None


def user() -> str:
    """Who runs this command; a container's user may have no name."""
    try:
        return getpass.getuser()
    except (KeyError, OSError):
        return f"uid {os.getuid()}"


def _counts(kept: list[Decision], undo: Decision) -> bool:
    """Whether an undo was not itself taken back."""
    later = [one for one in kept if one.kind == "undo" and one.undoes == undo.event_id]
    return not any(_counts(kept, one) for one in later)


def _records(con: duckdb.DuckDBPyConnection, name: str) -> list[str]:
    """The records that a customer id (all of them, the oldest first) or a record id means."""
    if _CUSTOMER.fullmatch(name):
        found = con.execute(_RECORDS_OF, {"id": name}).fetchall()
    else:
        found = con.execute("select record_id from identity.clusters where record_id = $id", {"id": name}).fetchall()
    if not found:
        raise BadParameter(
            f"found {name}; allowed: a customer_id of the last run, or a record as `strata explain` shows it (source/block/id)"
        )
    return [record for (record,) in found]


def _customers(con: duckdb.DuckDBPyConnection, records: list[str]) -> list[str]:
    query = "select distinct customer_id from identity.clusters where record_id in (select unnest($records))"
    return [customer for (customer,) in con.execute(query, {"records": records}).fetchall()]


def _without(records: list[str], others: list[str]) -> list[str]:
    """The records of a customer without the one that is taken out of it."""
    return [record for record in records if len(records) == 1 or record not in others]


def _merged(con: duckdb.DuckDBPyConnection, event_id: str) -> tuple[list[str], list[str]]:
    row = con.execute(
        "select kind, customer_id, other_customer_id from identity.events where event_id = $id", {"id": event_id}
    ).fetchone()
    if not row or row[0] != "merged":
        found = f"a {row[0]} event" if row else "no such event"
        raise BadParameter(f"{event_id}: found {found}; allowed: events of the kinds merged, override and undone")
    query = "select record_id from identity.clusters where 'C' || left(sha256(record_id), 16) = $id"
    left, right = ([record for (record,) in con.execute(query, {"id": name}).fetchall()] for name in row[1:])
    return left, right


def _tell(decided: list[Decision]) -> None:
    for one in decided:
        console.print(
            f"{one.event_id}: {one.kind} {one.left[0]} {one.right[0]}; counts from the next `strata run`,"
            f" taken back by `strata undo {one.event_id}`"
        )
