"""What is kept of an erasure: while it is under way whom it is about, and for good a receipt that says nothing of the person.

`state/erasures/<id>.work.json` (0600) holds the texts that the proof looks for, and goes with the last step. The receipt
names the person by keyed hashes alone, so that the question whether somebody was erased can be answered by who asks with the
address or the id.
"""

import json
import secrets
from collections.abc import Iterable
from dataclasses import asdict, dataclass, field
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

from orchestration.durable import sync, write_file
from orchestration.landing import Name, key_of
from orchestration.privacy.texts import Text
from orchestration.settings import Home

_WORK, _RECEIPT, _KEYS = ".work.json", ".json", ".keys.json"
ERASING, PUBLISHING = "erasing", "publishing"


class ErasureUnfinished(Exception):
    """An erasure was cut short: nothing is built on what it left. The text says how it is ended."""


@dataclass
class Work:
    """One erasure under way. `stage`: erasing, until nothing of the person is left to build on, then publishing.

    `published`: day and knowledge of what was published when it began, and the model that linked it. `subjects`: keyed hashes
    of how one may ask for it.
    """

    erasure_id: str
    begun_at: str
    by: str
    reason: str
    subjects: list[str]
    keys: int
    customers: list[str]
    records: list[tuple[str, str, str]]
    references: list[str]
    texts: list[Text]
    published: tuple[str, str, str | None] | None = None
    stage: str = ERASING
    reached: dict[str, Any] = field(default_factory=dict)

    @property
    def state(self) -> tuple[date, datetime, str | None] | None:
        """`published` as values; known_at is aware."""
        if self.published is None:
            return None
        as_of, known_at, model = self.published
        return date.fromisoformat(as_of), datetime.fromisoformat(known_at).replace(tzinfo=UTC), model


def new_id() -> str:
    return f"{datetime.now(UTC):%Y%m%dT%H%M%S}-{secrets.token_hex(3)}"


def subject_keys(secret: bytes, asked: Iterable[tuple[str, str]]) -> list[str]:
    """Keyed hashes of (customer, email or phone; normal value)."""
    return sorted({key_of(secret, Name("subject", kind, value)) for kind, value in asked})


def keep_work(home: Home, work: Work) -> None:
    path = work_path(home, work)
    write_file(path, json.dumps(asdict(work), ensure_ascii=False).encode())
    path.chmod(0o600)


def works(home: Home) -> list[Work]:
    """The erasures that have not ended, the first one first."""
    return [_work(path) for path in sorted(home.erasures.glob("*" + _WORK))]


def work_path(home: Home, work: Work) -> Path:
    return home.erasures / (work.erasure_id + _WORK)


def check_finished(home: Home) -> None:
    """Raises ErasureUnfinished while raw or any copy may still hold somebody who is being erased."""
    cut_short = [work.erasure_id for work in works(home) if work.stage == ERASING]
    if cut_short:
        raise ErasureUnfinished(
            f"the erasure {cut_short[0]} was cut short: end it by the same `strata erase` command, then run again"
        )


def read_receipts(home: Home) -> list[dict[str, Any]]:
    """All receipts, the first one first."""
    paths = sorted(home.erasures.glob("*" + _RECEIPT))
    return [json.loads(path.read_text(encoding="utf-8")) for path in paths if not path.name.endswith((_WORK, _KEYS))]


def end(home: Home, work: Work, proof: dict[str, Any]) -> Path:
    """Writes the receipt; with a proof that found nothing the texts of the person go too."""
    told = {
        "erasure_id": work.erasure_id,
        "begun_at": work.begun_at,
        "ended_at": datetime.now(UTC).isoformat(timespec="seconds"),
        "by": work.by,
        "reason": work.reason,
        "subjects": work.subjects,
        "suppression_keys": work.keys,
        "customers": len(work.customers),
        "records": len(work.records) + len(work.references),
        "reached": work.reached,
        "published_again": list(work.published[:2]) if work.published else None,
        "proof": proof,
    }
    path = home.erasures / (work.erasure_id + _RECEIPT)
    write_file(path, json.dumps(told, ensure_ascii=False, indent=1).encode())
    if proof["passed"]:
        work_path(home, work).unlink()
        sync(home.erasures)
    return path


def _work(path: Path) -> Work:
    told = json.loads(path.read_text(encoding="utf-8"))
    told["texts"] = [Text(*text) for text in told["texts"]]
    told["records"] = [tuple(record) for record in told["records"]]
    return Work(**told)
