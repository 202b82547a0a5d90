"""The true persons of a chunk: who they are, how they are reached, when they came. Nobody's mistakes: those are in
`records.py`.

Add a property of a person here; a property of a record (a typo, a missing value) does not belong here.
"""

from dataclasses import dataclass, replace

import numpy as np

from orchestration.sample import words
from orchestration.sample.chunk import DAY, Chunk
from orchestration.sample.companies import Companies, make_companies
from orchestration.sample.contacts import addresses, letters, phone_numbers
from orchestration.sample.text import Text, choose, code, constant, draw, join, keep, pick, whole

CONTACT_SHARE = 0.12
FOREIGN_CITIES = np.array([city.country != "CN" for city in words.CITIES])


@dataclass(frozen=True)
class People:
    """The persons of one chunk, one row each. Shared values are null where nobody shares; times are seconds UTC, -1
    never."""

    index: np.ndarray
    is_western: np.ndarray
    is_contact: np.ndarray
    gender: np.ndarray
    city: np.ndarray
    old_city: np.ndarray
    birth: np.ndarray
    acquired: np.ndarray
    moved: np.ndarray
    company: np.ndarray
    household: np.ndarray
    relation: Text
    family: Text
    given: Text
    family_latin: Text
    given_latin: Text
    nickname: Text
    married_family: Text
    street: Text
    old_street: Text
    email: Text
    email_other: Text
    email_shared: Text
    phone: Text
    phone_other: Text
    phone_shared: Text
    wechat: Text
    card: Text
    device: Text
    companies: Companies

    def __len__(self) -> int:
        return len(self.index)

    @property
    def true_id(self) -> Text:
        return code("P", self.index, 8)


def make_people(chunk: Chunk) -> People:
    """Persons without families yet (see `families.relate`)."""
    rng, size = chunk.rng("people"), chunk.size
    index = chunk.first + np.arange(size)
    city = draw(rng, [c.weight for c in words.CITIES], size)
    is_western = FOREIGN_CITIES[city] & (rng.random(size) < 0.85)
    is_contact = rng.random(size) < CONTACT_SHARE
    companies = make_companies(chunk, int(is_contact.sum()))
    gender = rng.integers(0, 2, size)
    family, family_latin = _family_names(rng, is_western)
    given, given_latin, nickname = _given_names(rng, is_western, gender)
    people = People(
        index=index, is_western=is_western, is_contact=is_contact, gender=gender, city=city, old_city=city.copy(),
        birth=rng.integers(-10_000, 13_500, size), acquired=_acquired(chunk, rng), moved=np.full(size, -1),
        company=np.where(is_contact, _employer(rng, companies, is_western), -1), household=index.copy(),
        relation=constant(None, size), family=family, given=given, family_latin=family_latin, given_latin=given_latin,
        nickname=nickname,
        married_family=constant(None, size), street=_streets(rng, is_western), old_street=_streets(rng, is_western),
        email=constant(None, size), email_other=constant(None, size), email_shared=constant(None, size),
        phone=phone_numbers(city, index * 2), phone_other=phone_numbers(city, index * 2 + 1),
        phone_shared=constant(None, size),
        wechat=keep(code("wx_", index * 48_271 % 9_999_991), ~is_western & (rng.random(size) < 0.8)),
        card=code("LC", index * 7_919 % 9_999_991, 8), device=code("dev-", index * 31_337 % 9_999_991),
        companies=companies,
    )  # fmt: skip
    return with_emails(chunk, _with_moves(chunk, people))


def with_emails(chunk: Chunk, people: People) -> People:
    """The people with their private, second and business addresses."""
    rng, size = chunk.rng("emails"), len(people)
    hosts = [rng.integers(0, len(words.MAIL_HOSTS), size) for _ in range(2)]
    private = addresses(people.given_latin, people.family_latin, people.index, pick(words.MAIL_HOSTS, hosts[0]), ".")
    other = addresses(people.family_latin, people.given_latin, people.index, pick(words.MAIL_HOSTS, hosts[1]), "")
    domain = pick(people.companies.domain, people.company)
    business = join("", letters(people.given_latin), ".", letters(people.family_latin), "@", domain)
    email = choose(people.is_contact, business, private)
    return replace(people, email=email, email_other=choose(people.is_contact, private, other))


def _family_names(rng: np.random.Generator, is_western: np.ndarray) -> tuple[Text, Text]:
    chinese, western = words.chinese_names(), words.western_names()
    common = draw(rng, 1 / (np.arange(len(chinese.family)) + 3), len(is_western))
    index = np.where(
        is_western, len(chinese.family) + draw(rng, 1 / (np.arange(len(western.family)) + 20), len(is_western)), common
    )
    return pick(chinese.family + western.family, index), pick(chinese.family_latin + western.family_latin, index)


def _given_names(rng: np.random.Generator, is_western: np.ndarray, gender: np.ndarray) -> tuple[Text, Text, Text]:
    chinese, western = words.chinese_names(), words.western_names()
    native = [*chinese.given[0], *chinese.given[1], *western.given[0], *western.given[1]]
    latin = [*chinese.given_latin[0], *chinese.given_latin[1], *western.given_latin[0], *western.given_latin[1]]
    lengths = np.array([len(chinese.given[0]), len(chinese.given[1]), len(western.given[0]), len(western.given[1])])
    kind = gender + 2 * is_western
    index = (rng.random(len(gender)) * lengths[kind]).astype(np.int64) + np.concatenate([[0], lengths.cumsum()])[kind]
    english = pick(words.ENGLISH_NAMES, rng.integers(0, len(words.ENGLISH_NAMES), len(gender)))
    return (
        pick(native, index),
        pick(latin, index),
        choose(is_western, pick([words.NICKNAMES.get(n, n) for n in native], index), english),
    )


def _acquired(chunk: Chunk, rng: np.random.Generator) -> np.ndarray:
    """Most came early, so that they have a history; the last came yesterday."""
    return (chunk.span.start + rng.beta(1, 1.8, chunk.size) * (chunk.span.days - 1) * DAY).astype(np.int64)


def _employer(rng: np.random.Generator, companies: Companies, is_western: np.ndarray) -> np.ndarray:
    """A company of the chunk, abroad for Western contacts where there is one."""
    abroad, home = np.flatnonzero(companies.is_foreign), np.flatnonzero(~companies.is_foreign)
    lists = [group if len(group) else np.arange(len(companies.index)) for group in (home, abroad)]
    return np.where(is_western, rng.choice(lists[1], len(is_western)), rng.choice(lists[0], len(is_western)))


def _streets(rng: np.random.Generator, is_western: np.ndarray) -> Text:
    number, size = whole(rng.integers(1, 900, len(is_western))), len(is_western)
    western = join(" ", number, pick(words.LATIN_STREETS, rng.integers(0, len(words.LATIN_STREETS), size)))
    rooms = join(
        "",
        pick(words.STREETS, rng.integers(0, len(words.STREETS), size)),
        number,
        "号",
        whole(rng.integers(101, 2999, size)),
        "室",
    )
    return choose(is_western, western, rooms)


def _with_moves(chunk: Chunk, people: People) -> People:
    """8 % moved (half of them to another city of their country), 2 % of the Western women took another name."""
    rng, size = chunk.rng("moves"), len(people)
    moved = rng.random(size) < 0.08
    at = (people.acquired + rng.random(size) * (chunk.span.end - people.acquired)).astype(np.int64)
    elsewhere = np.where(FOREIGN_CITIES[people.city], people.city, rng.integers(0, int((~FOREIGN_CITIES).sum()), size))
    old_city = np.where(moved & (rng.random(size) < 0.5), elsewhere, people.city)
    marries = people.is_western & (people.gender == 1) & (rng.random(size) < 0.08)
    surname = pick(words.western_names().family, rng.integers(0, 600, size))
    old_street = choose(moved, people.old_street, people.street)
    return replace(
        people,
        moved=np.where(moved | marries, at, -1),
        old_city=old_city,
        old_street=old_street,
        married_family=keep(surname, marries),
    )
