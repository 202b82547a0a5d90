"""Who must never be taken for one person: pairs that share what relatives, colleagues or careless clerks share, nothing else.

500 pairs of each kind, each person with a record in two sources that agree with each other, so that linking nothing is no way to
pass. A new kind is an entry of KINDS.
"""

import csv
import random
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import date, timedelta

from faker import Faker

from orchestration.cli.bench_sets import TRUTH_IN_ID, Set
from orchestration.settings import Home, load_settings
from orchestration.settings.sources import SourcesFile

PAIRS, SEED = 500, 11
HEADER = ["id", "name", "mail", "phone", "born", "sex", "street", "city"]
SHOP_PHONES = [f"0571-8888{number:04}" for number in range(20)]
CITIES = ("杭州市", "上海市", "成都市", "武汉市", "广州市", "南京市")


@dataclass(frozen=True)
class Person:
    """One person as both sources tell of it; `surname` and `given` in Chinese signs."""

    surname: str
    given: str
    mail: str
    phone: str
    born: date
    sex: str
    street: str
    city: str

    @property
    def row(self) -> list[str]:
        name = self.surname + self.given
        return [name, self.mail, self.phone, self.born.isoformat(), self.sex, self.street, self.city]


Planted = Callable[[random.Random, Person, Person], tuple[Person, Person]]


def _family(r: random.Random, one: Person, other: Person) -> tuple[Person, Person]:
    return one, replace(other, surname=one.surname, phone=one.phone, street=one.street, city=one.city)


def _twins(r: random.Random, one: Person, other: Person) -> tuple[Person, Person]:
    return one, replace(_family(r, one, other)[1], born=one.born)


def _father_and_son(r: random.Random, one: Person, other: Person) -> tuple[Person, Person]:
    father, son = replace(one, sex="male"), replace(_family(r, one, other)[1], given=one.given, sex="male")
    return father, replace(son, born=father.born + timedelta(days=r.randrange(25 * 365, 40 * 365)))


def _shop_phone(r: random.Random, one: Person, other: Person) -> tuple[Person, Person]:
    phone = r.choice(SHOP_PHONES)
    return replace(one, phone=phone), replace(other, phone=phone)


def _role_mailbox(r: random.Random, one: Person, other: Person) -> tuple[Person, Person]:
    mail = f"{r.choice(('info', 'sales', 'kefu'))}@{r.choice(('huaxin', 'beichen', 'qingshan'))}.example.cn"
    return replace(one, mail=mail), replace(other, mail=mail)


def _placeholders(r: random.Random, one: Person, other: Person) -> tuple[Person, Person]:
    return _unknown(one), _unknown(other)


def _unknown(person: Person) -> Person:
    return replace(person, mail="test@test.com", phone="13800138000", born=date(1990, 1, 1))


KINDS: dict[str, Planted] = {
    "families with one phone": _family,
    "twins": _twins,
    "father and son of one name": _father_and_son,
    "shop phones": _shop_phone,
    "role mailboxes": _role_mailbox,
    "placeholders": _placeholders,
}


def planted(home: Home) -> Set:
    """The pairs in the sources `shop` and `app`. Ids such as x-12-0-3: kind 0, pair 3, and person 12, which TRUTH_IN_ID reads."""
    r, fake = random.Random(SEED), Faker("zh_CN")
    fake.seed_instance(SEED)
    rows = []
    for place, plant in enumerate(KINDS.values()):
        for pair in range(PAIRS):
            one, other = (_person(r, fake, 2 * (place * PAIRS + pair) + number) for number in range(2))
            while set(other.given) & set(one.given):
                other = replace(other, given=fake.first_name())
            for number, person in enumerate(plant(r, one, other)):
                rows.append([f"x-{2 * (place * PAIRS + pair) + number}-{place}-{pair}", *person.row])
    for source in ("shop", "app"):
        path = home.landing / source / "people" / "people.csv"
        path.parent.mkdir(parents=True)
        with path.open("w", newline="", encoding="utf-8") as file:
            csv.writer(file).writerows([HEADER, *r.sample(rows, len(rows))])
    return Set(replace(load_settings(), sources=_sources()), TRUTH_IN_ID)


def kind_and_pair(record_id: str) -> str:
    """SQL: the kind, by its place in KINDS, and the pair of a record, as (kind, pair)."""
    return f"(split_part({record_id}, '-', 3), split_part({record_id}, '-', 4))"


def _person(r: random.Random, fake: Faker, number: int) -> Person:
    return Person(
        surname=fake.last_name(),
        given=fake.first_name(),
        mail=f"u{number:05}@mail.example.cn",
        phone=f"139{number * 7_919 % 100_000_000:08}",
        born=date(1950, 1, 2) + timedelta(days=r.randrange(18_000)),
        sex=r.choice(("male", "female")),
        street=f"{fake.street_name()}{r.randrange(1, 900)}号{r.randrange(101, 2_999)}室",
        city=r.choice(CITIES),
    )


def _sources() -> SourcesFile:
    columns = {
        "source_record_id": "id", "full_name": "name", "email": "mail", "phone": "phone", "birth_date": "born", "gender": "sex",
        "street": "street", "city": "city",
    }  # fmt: skip
    block = {"entity": "persons", "key": ["id"], "columns": columns, "format": {"dates": "%Y-%m-%d"}}
    return SourcesFile.model_validate(
        {"sources": {name: {"channel": "crm", "trust": 10, "entities": {"people": block}} for name in ("shop", "app")}}
    )
