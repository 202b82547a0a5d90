"""The way in: tells each owner's destinations of the warnings that they were not told of yet.

The sending is done by a process of its own, in its own session: a kill of the run does not reach it, so that it ends what it
began and writes down what came of it. Whoever delivers next waits for it.
"""

import hashlib
import json
import re
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import asdict, dataclass, replace
from datetime import date
from pathlib import Path

from orchestration.delivery import digest
from orchestration.delivery.outbox import Message, alone, latest_day, settle, told_to, write
from orchestration.delivery.senders import LARGEST, NotSent, Text, send
from orchestration.reports.folder import LATEST
from orchestration.reports.reading import reader
from orchestration.serving import ORDINARY, published
from orchestration.settings import Home, Settings, load_settings
from orchestration.settings.notifications import Destination


class DeliveryFailed(Exception):
    """The sending process broke off. The text holds no value of a row."""


@dataclass(frozen=True)
class Delivered:
    """What came of one delivery: a line a message, and the messages of any time whose fate is unknown."""

    as_of: str | None
    messages: tuple[Message, ...]
    uncertain: tuple[Message, ...]

    @property
    def failed(self) -> list[Message]:
        return [message for message in self.messages if message.state == "failed"]


def deliver(home: Home) -> Delivered:
    """Delivers what is published now, in a process of its own, and waits for it. Raises DeliveryFailed when that breaks."""
    command = [sys.executable, "-m", "orchestration.delivery", str(home.root)]
    ended = subprocess.run(command, capture_output=True, text=True, start_new_session=True, check=False)
    if ended.returncode:
        # Only the kind of error: its text may quote what was to be sent.
        kinds = re.findall(r"^([\w.]+(?:Error|Exception|Errors))\b", ended.stderr, re.MULTILINE) or [
            "no error was told"
        ]
        raise DeliveryFailed(
            f"the delivery broke off ({kinds[-1]}); what is published stays; what was not told goes out with `strata deliver`"
        )
    told = json.loads(ended.stdout.splitlines()[-1])  # before it a library may have printed something
    messages, uncertain = (
        tuple(Message(**(one | {"warnings": tuple(one["warnings"])})) for one in told[key])
        for key in ("messages", "uncertain")
    )
    return Delivered(told["as_of"], messages, uncertain)


def main(home: Home) -> None:
    """What that process does; prints the report as JSON."""
    delivered = _deliver(home, load_settings())
    print(json.dumps(asdict(delivered), ensure_ascii=False))


def _deliver(home: Home, settings: Settings) -> Delivered:
    told = published(home)
    with alone(home.outbox):
        before = settle(home.outbox)
        newest = latest_day(before)
        messages = []
        # An older day that is published again has nothing to say to people who know a newer one.
        if told is not None and (newest is None or told.as_of >= newest):
            messages = [
                _sent(home, settings, place, message, text)
                for place, message, text in _due(home, settings, told.as_of, before)
            ]
        uncertain = [message for message in settle(home.outbox) if message.state == "uncertain"]
    return Delivered(told.as_of.isoformat() if told else None, tuple(messages), tuple(uncertain))


def _due(
    home: Home, settings: Settings, day: date, before: list[Message]
) -> Iterator[tuple[Destination, Message, Text]]:
    notifications, people = settings.notifications, settings.people
    with reader(home.serving / ORDINARY, home.temporary) as con:
        for owner, places in notifications.owners.items():
            entries = digest.waiting(con, day, owner, people.strategies)
            for place in places:
                known = told_to(before, owner, place.code)
                fresh = [entry for entry in entries if entry.warning_id not in known][: notifications.digest_at_most]
                workbook = _workbook(home, owner)
                for told, subject, body in digest.parts(fresh, people.owners[owner], day, LARGEST.get(place.kind)):
                    warnings = tuple(entry.warning_id for entry in told)
                    message_id = _message_id(owner, place, day, warnings, before)
                    message = Message(message_id, owner, place.code, day.isoformat(), warnings, "sending")
                    yield place, message, Text(message_id, subject, body, workbook)


def _sent(home: Home, settings: Settings, place: Destination, message: Message, text: Text) -> Message:
    write(home.outbox, message)
    try:
        attempts = send(place, text, settings.notifications.smtp, settings.notifications.retry)
    except NotSent as problem:
        state = "uncertain" if problem.is_uncertain else "failed"
        return write(home.outbox, replace(message, state=state, problem=str(problem)))
    except Exception as error:  # of a foreign library: it must not keep the other messages from going out
        return write(home.outbox, replace(message, state="uncertain", problem=type(error).__name__))
    return write(home.outbox, replace(message, state="sent", attempts=attempts))


def _message_id(owner: str, place: Destination, day: date, warnings: tuple[str, ...], before: list[Message]) -> str:
    """Differs from an earlier message that said the same but did not arrive: its file stays."""
    told = json.dumps([owner, place.code, day.isoformat(), warnings])
    kept = {message.message_id for message in before}
    tries = (hashlib.sha256(f"{told}/{number}".encode()).hexdigest()[:20] for number in range(len(kept) + 1))
    return next(name for name in tries if name not in kept)


def _workbook(home: Home, owner: str) -> Path | None:
    path = home.reports / LATEST / "owners" / f"{owner}.xlsx"
    return path if path.exists() else None
