"""The same person spelled, typed and reached differently: scripts, nicknames, typos, shared keys, placeholders.

A `Habit` says how often one source does which; who the person is, is in `people.py`. No record is made here.
"""

from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from orchestration.sample import words
from orchestration.sample.chunk import Chunk
from orchestration.sample.people import People
from orchestration.sample.text import Text, choose, join, keep, pick, texts, whole

PLACEHOLDER_PHONES = ("13800000000", "13800138000", "00000000000", "11111111111")
PLACEHOLDER_EMAILS = ("test@test.com", "none@none.com", "noemail@example.com", "a@a.com")


@dataclass(frozen=True)
class Habit:
    """Shares of the records with each property. `latin`: Chinese names in pinyin; `old`: still the address before a
    move."""

    email: float = 0.9
    phone: float = 0.9
    latin: float = 0.03
    nickname: float = 0.03
    typo: float = 0.03
    second_key: float = 0.03
    placeholder: float = 0.015
    shop_phone: float = 0.0
    role_mailbox: float = 0.0
    title_only: float = 0.0
    again: float = 0.0


def at_places(column: Text, who: np.ndarray) -> Text:
    """A column of the people at these positions in the chunk."""
    return column.take(pa.array(who, pa.int64()))


def names(
    rng: np.random.Generator, people: People, who: np.ndarray, habit: Habit, created: np.ndarray
) -> tuple[Text, Text, Text]:
    """Full, family and given name in the script of the source, with pinyin, nicknames, typos, titles and married
    names."""
    size, western = len(who), people.is_western[who]
    latin = western | (rng.random(size) < habit.latin)
    nick = rng.random(size) < habit.nickname
    family = choose(latin, at_places(people.family_latin, who), at_places(people.family, who))
    married = np.array(people.married_family.is_valid())[who] & (people.moved[who] < created)
    family = choose(married, at_places(people.married_family, who), family)
    given = choose(latin, at_places(people.given_latin, who), at_places(people.given, who))
    given = choose(nick, at_places(people.nickname, who), given)
    wrong = rng.random(size) < habit.typo
    given = choose(wrong, _misspelled(rng, given, wrong), given)
    title = ~latin & (rng.random(size) < habit.title_only)
    given = choose(title, pick(("先生", "女士"), people.gender[who]), given)
    turned = latin & ~western & (rng.random(size) < 0.4)
    spaced = choose(turned, join(" ", family, given), join(" ", given, family))
    return choose(latin | (nick & ~title), spaced, join("", family, given)), family, given


def _misspelled(rng: np.random.Generator, names: Text, wrong: np.ndarray) -> Text:
    """The names with one slip each: two letters swapped, or for Chinese another character."""
    result = names.to_pylist()
    for place in np.flatnonzero(wrong):
        name, spot = result[place], int(rng.integers(0, max(1, len(result[place]) - 1)))
        if name.isascii() and len(name) > 2:
            result[place] = name[:spot] + name[spot + 1] + name[spot] + name[spot + 2 :]
        else:
            result[place] = name[:-1] + words.GIVEN_CHARACTERS[int(rng.integers(0, len(words.GIVEN_CHARACTERS)))]
    return texts(result)


def emails(rng: np.random.Generator, people: People, who: np.ndarray, habit: Habit, second: np.ndarray) -> Text:
    size = len(who)
    email = choose(second, at_places(people.email_other, who), at_places(people.email, who))
    shared = at_places(people.email_shared, who)
    email = choose(np.array(shared.is_valid()) & (rng.random(size) < 0.4), shared, email)
    role = np.array(people.is_contact)[who] & (rng.random(size) < habit.role_mailbox)
    mailbox = join(
        "@", pick(("info", "sales"), rng.integers(0, 2, size)), pick(people.companies.domain, people.company[who])
    )
    email = choose(role, mailbox, email)
    email = choose(rng.random(size) < 0.006, pc.replace_substring(email, ".example", ".exmaple"), email)
    email = choose(rng.random(size) < 0.05, pc.utf8_upper(email), email)
    email = choose(rng.random(size) < habit.placeholder, pick(PLACEHOLDER_EMAILS, rng.integers(0, 4, size)), email)
    return keep(email, rng.random(size) < habit.email)


def phones(
    chunk: Chunk, rng: np.random.Generator, people: People, who: np.ndarray, habit: Habit, second: np.ndarray
) -> Text:
    """The number the record holds, E.164 but for placeholders."""
    size = len(who)
    phone = choose(second, at_places(people.phone_other, who), at_places(people.phone, who))
    shared = at_places(people.phone_shared, who)
    phone = choose(np.array(shared.is_valid()) & (rng.random(size) < 0.45), shared, phone)
    phone = choose(rng.random(size) < habit.shop_phone, store_phone(rng.integers(0, chunk.stores, size)), phone)
    phone = choose(rng.random(size) < habit.placeholder, pick(PLACEHOLDER_PHONES, rng.integers(0, 4, size)), phone)
    return keep(phone, rng.random(size) < habit.phone)


def store_phone(store: np.ndarray) -> Text:
    """The telephone of each store, which clerks enter for customers who give none."""
    return join("", "+861390000", whole(store + 1000, 4))


def as_typed(rng: np.random.Generator, phone: Text) -> Text:
    """Numbers as people type them: mostly plain eleven digits in China, with a plus abroad, some with signs between."""
    style = rng.random(len(phone))
    plain = pc.replace_substring_regex(phone, r"^\+86", "")
    dashed = pc.replace_substring_regex(plain, r"^(1\d{2})(\d{4})(\d{4})$", r"\1-\2-\3")
    coded = pc.replace_substring_regex(phone, r"^\+86", "+86 ")
    zeros = pc.replace_substring_regex(coded, r"^\+(\d{2})", r"00\1")
    return choose(
        style < 0.78,
        plain,
        choose(style < 0.86, dashed, choose(style < 0.96, coded, choose(style < 0.98, zeros, plain))),
    )
