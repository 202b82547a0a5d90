"""Who is related to whom, and what relatives share: the hard cases of linking, planted on purpose.

Relatives sit next to each other in a chunk. A relation with its shares is one row of `RELATIONS`; nothing else
belongs here.
"""

from dataclasses import dataclass, replace

import numpy as np
import pyarrow as pa

from orchestration.sample.chunk import Chunk
from orchestration.sample.people import People, with_emails
from orchestration.sample.text import Text, choose, constant, keep


@dataclass(frozen=True)
class Relation:
    """Pairs of persons. `share`: pairs by person; `phone`, `email`: how often the second may use the first one's."""

    name: str
    share: float
    same_family: bool = True
    same_given: bool = False
    same_birth: bool = False
    years_younger: int = 0
    phone: float = 0.0
    email: float = 0.0


RELATIONS = (
    Relation("relatives", 0.008, years_younger=3, phone=1.0),
    Relation("parent_and_child", 0.006, years_younger=27, phone=0.8, email=0.2),
    Relation("couple", 0.008, same_family=False, phone=0.4, email=0.3),
    Relation("twins", 0.004, same_birth=True, phone=0.15),
    Relation("father_and_son", 0.002, same_given=True, years_younger=28, phone=0.1),
)


def relate(chunk: Chunk, people: People) -> People:
    """The people with relatives: the second of each pair takes address and, by relation, name, birth or phone of
    the first."""
    rng, size = chunk.rng("families"), len(people)
    pairs = size // 2
    bounds = np.cumsum([relation.share * 2 for relation in RELATIONS])
    kind = np.searchsorted(bounds, rng.random(pairs), side="right")
    first, other = slice(0, pairs * 2, 2), slice(1, pairs * 2, 2)
    unfit = people.is_contact[first] | people.is_contact[other] | (people.is_western[first] != people.is_western[other])
    kind = np.where(unfit, len(RELATIONS), kind)
    phone, email = rng.random(pairs), rng.random(pairs)
    for number, relation in enumerate(RELATIONS):
        second = np.flatnonzero(kind == number) * 2 + 1
        if len(second):
            draws = (phone[kind == number] < relation.phone, email[kind == number] < relation.email)
            people = _join(people, second, relation, draws)
    return with_emails(chunk, people)


def _join(people: People, second: np.ndarray, relation: Relation, draws: tuple[np.ndarray, np.ndarray]) -> People:
    """One relation applied to the persons at `second`, whose relatives come just before them."""
    size = len(people)
    source, chosen = np.arange(size), np.zeros(size, dtype=bool)
    source[second], chosen[second] = second - 1, True
    shares_phone, shares_email = np.zeros(size, dtype=bool), np.zeros(size, dtype=bool)
    shares_phone[second], shares_email[second] = draws

    def copy(column: Text, really: bool = True) -> Text:
        return choose(chosen, column.take(pa.array(source)), column) if really else column

    same_name = relation.same_given
    birth = np.where(
        chosen,
        people.birth[source] + (0 if relation.same_birth else int(relation.years_younger * 365.25)),
        people.birth,
    )
    return replace(
        people,
        city=people.city[source], old_city=people.old_city[source], moved=people.moved[source],
        household=people.household[source],
        is_western=people.is_western[source], street=copy(people.street), old_street=copy(people.old_street),
        family=copy(people.family, relation.same_family), family_latin=copy(people.family_latin, relation.same_family),
        given=copy(people.given, same_name), given_latin=copy(people.given_latin, same_name),
        nickname=copy(people.nickname, same_name),
        gender=people.gender[source] if same_name else people.gender, birth=birth,
        relation=choose(chosen | np.isin(np.arange(size), second - 1), constant(relation.name, size), people.relation),
        phone_shared=choose(shares_phone, keep(people.phone.take(pa.array(source)), chosen), people.phone_shared),
        email_shared=choose(shares_email, keep(people.email.take(pa.array(source)), chosen), people.email_shared),
    )  # fmt: skip
