"""The records a source holds of the persons it knows: how many, since when, in which versions.

How a person is spelled and reached in them is in `spelling.py`; columns of one source belong to its channel module.
"""

from dataclasses import dataclass, fields, replace

import numpy as np
import pyarrow as pa

from orchestration.sample.chunk import DAY, Chunk
from orchestration.sample.people import People
from orchestration.sample.spelling import Habit, as_typed, at_places, emails, names, phones
from orchestration.sample.text import Text, choose, join, pick

SPLITTERS = 0.12
"""Share of persons that use their second phone and address in about half of their records."""


@dataclass(frozen=True)
class Records:
    """Versions of person records of one source, one row each. `number` counts the records, `who` is the position of the
    person in the chunk; times in seconds UTC."""

    number: np.ndarray
    who: np.ndarray
    created: np.ndarray
    updated: np.ndarray
    full_name: Text
    family: Text
    given: Text
    email: Text
    phone: Text
    phone_typed: Text
    birth: np.ndarray
    gender: Text
    city: np.ndarray
    street: Text

    def __len__(self) -> int:
        return len(self.who)

    @property
    def is_first(self) -> np.ndarray:
        """True for the first version of each record."""
        return self.created == self.updated

    def account_of(self, customers: int) -> np.ndarray:
        """By customer the number of its first record (-1: none)."""
        account = np.full(customers, -1)
        account[self.who[::-1]] = self.number[::-1]
        return account


def identify(
    chunk: Chunk, people: People, who: np.ndarray, source: str, habit: Habit, first_seen: np.ndarray | None = None
) -> Records:
    """The records that `source` holds of the persons at `who`; a few persons have two.

    `first_seen`: by person of the chunk the first time the source saw them (seconds UTC), which no record is
    younger than.
    """
    rng = chunk.rng(f"records/{source}")
    who = np.sort(np.concatenate([who, who[rng.random(len(who)) < habit.again]]))
    created = _created(chunk, rng, people, who, first_seen)
    full, family, given = names(rng, people, who, habit, created)
    splits = np.random.default_rng([chunk.seed, chunk.number]).random(len(people))[who] < SPLITTERS
    second = rng.random(len(who)) < np.where(splits, 0.5, habit.second_key)
    phone = phones(chunk, rng, people, who, habit, second)
    settled = (people.moved[who] >= 0) & (people.moved[who] < created) & (rng.random(len(who)) < 0.8)
    moved = settled | (people.moved[who] < 0)
    records = Records(
        number=np.arange(len(who)), who=who, created=created, updated=created, full_name=full, family=family,
        given=given,
        email=emails(rng, people, who, habit, second), phone=phone, phone_typed=as_typed(rng, phone),
        birth=people.birth[who] + np.where(rng.random(len(who)) < 0.015, 30, 0),
        gender=pick(("male", "female"), people.gender[who]),
        city=np.where(moved, people.city[who], people.old_city[who]),
        street=choose(moved, at_places(people.street, who), at_places(people.old_street, who)),
    )  # fmt: skip
    return _with_versions(chunk, rng, people, records)


def _with_versions(chunk: Chunk, rng: np.random.Generator, people: People, records: Records) -> Records:
    """The records, and after them the newer versions of those whose person moved or married, or that were just
    edited."""
    moved = people.moved[records.who]
    edited = rng.random(len(records)) < 0.05
    at = np.where(moved > records.created, moved, records.created + rng.integers(DAY, 200 * DAY, len(records)))
    changes = np.flatnonzero(
        ((moved > records.created) & (rng.random(len(records)) < 0.6) | edited) & (at < chunk.span.end)
    )
    newer = _take(records, changes)
    newer = replace(newer, updated=at[changes], city=people.city[newer.who], street=at_places(people.street, newer.who))
    newer = _married(people, newer)
    parts = [(getattr(records, f.name), getattr(newer, f.name)) for f in fields(Records)]
    return Records(*(np.concatenate(p) if isinstance(p[0], np.ndarray) else pa.concat_arrays(p) for p in parts))


def _married(people: People, newer: Records) -> Records:
    """The same versions under the new family name where the person took one."""
    name = at_places(people.married_family, newer.who)
    wed = np.array(name.is_valid())
    full = choose(wed, join(" ", newer.given, name), newer.full_name)
    return replace(newer, family=choose(wed, name, newer.family), full_name=full)


def _take(records: Records, places: np.ndarray) -> Records:
    columns = (getattr(records, f.name) for f in fields(Records))
    return Records(*(c[places] if isinstance(c, np.ndarray) else at_places(c, places) for c in columns))


def _created(
    chunk: Chunk, rng: np.random.Generator, people: People, who: np.ndarray, first_seen: np.ndarray | None
) -> np.ndarray:
    """A channel comes some time after the first one, at the latest a minute before its first event."""
    later = np.where(rng.random(len(who)) < 0.45, 0, rng.exponential(120 * DAY, len(who)))
    created = np.minimum(people.acquired[who] + later + rng.integers(0, 3600, len(who)), chunk.span.end - 2 * DAY)
    if first_seen is not None:
        created = np.minimum(created, first_seen[who] - rng.integers(60, 3600, len(who)))
    return created.astype(np.int64)
