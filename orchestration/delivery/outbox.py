"""The outbox: one small file a message, which says what was sent, so that no warning is told twice and none is lost.

A message is written down as `sending` before it goes out and as `sent` or `failed` after. One that still says `sending` when
nobody sends any more (the machine died in between) may or may not have arrived: it becomes `uncertain`, is shown, and goes
out again only when somebody says so. No text and no address is kept, only the ids of the warnings.
"""

import fcntl
import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from datetime import date
from pathlib import Path

from orchestration.durable import write_file

STATES = ("sending", "sent", "failed", "uncertain", "again")
# What counts as told: it arrived, or may have.
TOLD = ("sending", "sent", "uncertain")


@dataclass(frozen=True)
class Message:
    """One message to one destination. `problem`: why it failed, without addresses; `attempts`: so far."""

    message_id: str
    owner: str
    destination: str
    as_of: str
    warnings: tuple[str, ...]
    state: str
    attempts: int = 0
    problem: str | None = None


@contextmanager
def alone(folder: Path) -> Iterator[None]:
    """Waits until no other process sends from this outbox."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    descriptor = os.open(folder / "lock", os.O_RDWR | os.O_CREAT, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)


def read_outbox(folder: Path) -> list[Message]:
    """Every message, by day and id."""
    found = []
    for path in sorted(folder.glob("*.json")):
        told = json.loads(path.read_text(encoding="utf-8"))
        found.append(Message(**(told | {"warnings": tuple(told["warnings"])})))
    return sorted(found, key=lambda message: (message.as_of, message.message_id))


def write(folder: Path, message: Message) -> Message:
    """Puts the message's file in place, safe on disk."""
    content = json.dumps(asdict(message), ensure_ascii=False, sort_keys=True)
    write_file(folder / f"{message.message_id}.json", content.encode())
    return message


def settle(folder: Path) -> list[Message]:
    """Every message; those that a death cut short are uncertain now. The caller is alone."""
    return [
        write(folder, replace(message, state="uncertain", problem="the sending process died before the answer"))
        if message.state == "sending"
        else message
        for message in read_outbox(folder)
    ]


def told_to(messages: list[Message], owner: str, destination: str) -> set[str]:
    """The warnings that this destination was told of."""
    return {
        warning
        for message in messages
        if message.state in TOLD and (message.owner, message.destination) == (owner, destination)
        for warning in message.warnings
    }


def latest_day(messages: list[Message]) -> date | None:
    """The newest day that anything was told of."""
    return max((date.fromisoformat(message.as_of) for message in messages), default=None)


def send_again(folder: Path, message_id: str) -> bool:
    """Lets the warnings of an uncertain message go out with the next delivery. False when there is no such message."""
    with alone(folder):
        chosen = [one for one in settle(folder) if one.message_id == message_id and one.state == "uncertain"]
        for message in chosen:
            write(folder, replace(message, state="again"))
    return bool(chosen)
