"""The steps of an erasure: find, begin, clear, and (once the rest is published again) prove and end.

The order is the point. `begin` keeps the keys first, then whom it is about: from then on no file brings the person back, and a
killed erasure can be ended. `clear` withdraws what people read before it touches raw. So between the two a reader finds nothing
rather than the person: the other way round an erasure that is cut short, or whose publication fails a check, would leave the
old files readable for good.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path

import duckdb

from orchestration.landing import Suppression, find_landed, find_secret, keep_keys, load_suppression, normal
from orchestration.landing.suppression import key_of
from orchestration.privacy import receipts
from orchestration.privacy.orders import orders_of
from orchestration.privacy.places import Gone, reach
from orchestration.privacy.proof import Proof, prove
from orchestration.privacy.receipts import PUBLISHING, Work
from orchestration.privacy.subject import (
    NobodyFound,
    NothingLinked,
    Subject,
    find_again,
    find_subject,
    records_held,
)
from orchestration.privacy.texts import ID, Text, customers_of, texts_of
from orchestration.serving import published
from orchestration.settings import Home, Settings
from orchestration.warehouse import connect

_LINKED = "select 1 from information_schema.tables where table_schema = 'marts' and table_name = 'bridge_person_refs'"


_NOBODY_RESTORED = "--again: nobody who was erased is here; nothing was changed"
_NOTHING_LINKED = "nothing is linked yet: run `strata run` first"
_MODELLED = "select 1 from information_schema.tables where table_schema = 'identity' and table_name = 'model'"


@dataclass(frozen=True)
class Found:
    """A person who can be erased. `rows`: how many rows of each canonical entity are loaded of them."""

    subject: Subject
    texts: list[Text]
    rows: dict[str, int]


def find(home: Home, settings: Settings, kind: str, text: str) -> Found:
    """The person by `customer`, `email` or `phone`; changes nothing. Raises NobodyFound."""
    with _linked(home) as con:
        return _complete(con, home, settings, find_subject(con, home, settings, kind, text))


def find_restored(home: Home, settings: Settings) -> Found:
    """All who were erased before and are here again, as one; changes nothing. Raises NobodyFound.

    Where nothing is linked they are known by their keys alone.
    """
    suppression = load_suppression(home)
    if suppression is None:
        raise NobodyFound(_NOBODY_RESTORED)
    try:
        with _linked(home) as con:
            subject = find_again(con, home, settings, suppression)
            if subject:
                return _complete(con, home, settings, subject)
    except NothingLinked:
        records = sorted(records_held(home, settings, suppression))
        rows = _count(home, settings, suppression)
        if rows:
            ids = ["/".join(record) for record in records]
            return Found(Subject(records=records), [Text(ID, id) for id in (*ids, *sorted(customers_of(ids)))], rows)
    raise NobodyFound(_NOBODY_RESTORED)


@contextmanager
def _linked(home: Home) -> Iterator[duckdb.DuckDBPyConnection]:
    """The warehouse, read only. Raises NothingLinked."""
    if not home.warehouse.exists():
        raise NothingLinked(_NOTHING_LINKED)
    with connect(home, read_only=True) as con:
        if not con.execute(_LINKED).fetchall():
            raise NothingLinked(_NOTHING_LINKED)
        yield con


def _complete(con: duckdb.DuckDBPyConnection, home: Home, settings: Settings, subject: Subject) -> Found:
    subject.names += orders_of(home, settings, subject.names)
    return Found(subject, texts_of(con, home, settings, subject), _count_rows(home, settings, subject))


def begin(home: Home, settings: Settings, found: Found, by: str, reason: str) -> Work:
    """Keeps the keys and whom it is about. From here on the erasure counts."""
    erasure_id = receipts.new_id()
    now = published(home)
    keep_keys(home, erasure_id, found.subject.names, [settings.identity.default_country])
    secret = find_secret(home)
    assert secret is not None
    asked = [("customer", id) for id in found.subject.customers]
    asked += [(name.kind, name.value) for name in found.subject.names if name.kind in ("email", "phone")]
    work = Work(
        erasure_id,
        datetime.now(UTC).isoformat(timespec="seconds"),
        by,
        reason,
        receipts.subject_keys(secret, asked),
        len(set(found.subject.names)),
        found.subject.customers,
        found.subject.records,
        found.subject.references,
        found.texts,
        (now.as_of.isoformat(), now.known_at.isoformat(), _model(home)) if now else None,
    )
    receipts.keep_work(home, work)
    return work


def is_subject(home: Home, settings: Settings, subjects: Sequence[str], kind: str, text: str) -> bool:
    """Whether these keyed hashes, of a receipt or of work, are of who is asked for."""
    secret = find_secret(home)
    if kind == "again":
        return False
    value = text if kind == "customer" else normal(kind, text, settings.identity.default_country)
    return secret is not None and value is not None and receipts.subject_keys(secret, [(kind, value)])[0] in subjects


def clear(home: Home, settings: Settings, under_way: list[Work]) -> None:
    """Takes these persons out of every place; from then on the rest may be published again."""
    suppression = load_suppression(home)
    assert suppression is not None
    record_ids = {id for work in under_way for id in (*map("/".join, work.records), *work.references)}
    gone = Gone(
        frozenset({id for work in under_way for id in work.customers} | customers_of(record_ids)),
        frozenset(record for work in under_way for record in work.records),
        frozenset(record_ids),
    )
    reached = reach(home, settings, suppression, gone)
    for work in under_way:
        work.reached, work.stage = reached, PUBLISHING
        receipts.keep_work(home, work)


def prove_and_end(home: Home, under_way: list[Work]) -> tuple[Proof, list[Path]]:
    """Looks for these persons in every file, and writes a receipt for each; one whose proof failed stays under way."""
    kept = [receipts.work_path(home, work) for work in under_way]
    proof = prove(home, {text for work in under_way for text in work.texts}, kept)
    told = asdict(proof) | {"passed": proof.passed}
    return proof, [receipts.end(home, work, told) for work in under_way]


def _model(home: Home) -> str | None:
    """The kept model that linked the customers of the warehouse, where there was one."""
    with connect(home, read_only=True) as con:
        if not con.execute(_MODELLED).fetchall():
            return None
        version = con.execute("select version from identity.model").fetchall()[0][0]
    return None if version == "none" else str(version)


def _count_rows(home: Home, settings: Settings, subject: Subject) -> dict[str, int]:
    """By keys that are made for this count alone."""
    secret = b"to count by"
    keys = frozenset(key_of(secret, name) for name in subject.names)
    return _count(home, settings, Suppression(secret, keys, (settings.identity.default_country,)))


def _count(home: Home, settings: Settings, suppression: Suppression) -> dict[str, int]:
    counts: dict[str, int] = {}
    for rows, table in find_landed(home, settings.sources, suppression):
        counts[rows.canonical] = counts.get(rows.canonical, 0) + table.num_rows
    return dict(sorted(counts.items()))
