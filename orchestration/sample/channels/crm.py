"""Three CRMs: Salesforce-like (key accounts abroad), HubSpot-like (small business and leads), 纷享销客-like (sales
in China).

All three hold the same things in their own words; `CRMS` says how each spells and stores them, `crm_files.py`
writes the columns.
"""

from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from orchestration.sample.behaviour import Acts, scattered
from orchestration.sample.channels import crm_files
from orchestration.sample.channels.common import of, truth_of
from orchestration.sample.channels.crm_files import Book, Deals
from orchestration.sample.chunk import DAY
from orchestration.sample.records import Records, identify
from orchestration.sample.spelling import Habit
from orchestration.sample.text import Text, code, pick, texts
from orchestration.sample.truth import Yield
from orchestration.sample.truth import records as record_truth
from orchestration.sample.world import World


@dataclass(frozen=True)
class Crm:
    """One CRM: the shape of its ids, its habits with persons, how it writes company names."""

    name: str
    contact: str
    company: str
    deal: str
    habit: Habit
    native: bool
    endings: tuple[str, ...]


CRMS = (
    Crm("salesforce", "003", "001", "006",
    Habit(email=0.93, phone=0.75, latin=0.95, nickname=0.08, role_mailbox=0.04, again=0.02),
        False, (" Ltd.", " Limited", " Co., Ltd.")),
    Crm("hubspot", "7", "8", "9", Habit(email=0.95, phone=0.6, latin=0.9, nickname=0.15, role_mailbox=0.04), False,
    ("", " Ltd", " Co.,Ltd")),
    Crm("fxiaoke", "CT", "KH", "SJ", Habit(email=0.5, phone=0.95, latin=0.0, nickname=0.02, typo=0.03), True,
    ("有限公司", "有限责任公司", "(中国)有限公司")),
)  # fmt: skip
ACTIVITIES_A_YEAR = 5.0


def make_crm(world: World) -> Yield:
    """Persons, companies, memberships, opportunities and activities of all three CRMs."""
    return _joined([_make(world, crm) for crm in CRMS])


def _joined(parts: list[Yield]) -> Yield:
    return Yield([row for part in parts for row in part.rows], [table for part in parts for table in part.records])


def _make(world: World, crm: Crm) -> Yield:
    chunk, people = world.chunk, world.people
    records = identify(chunk, people, world.presence.who(crm.name), crm.name, crm.habit)
    contact = code(crm.contact, chunk.identifiers(len(records), 4)[records.number], 12)
    account = _accounts(world, records)
    company = code(crm.company, chunk.first + account + 1, 12)
    book = Book(
        world,
        crm.name,
        records,
        contact,
        _spelled(world, crm, records),
        pick(company, _place(account, people.company[records.who])),
    )
    rows = [
        crm_files.contacts(book), crm_files.accounts(book, account, company, _company_names(world, crm, account)),
        crm_files.memberships(book),
        crm_files.opportunities(book, _deals(world, crm, book)),
        crm_files.activities(book, *_acts(world, crm, records, contact)),
    ]  # fmt: skip
    truth = [truth_of(crm.name, "contacts", records, contact, people)]
    truth.append(
        record_truth(crm.name, rows[1].block, company, people.companies.true_id.take(pa.array(account, pa.int64())))
    )
    return Yield([part for part in rows if len(part)], truth)


def _accounts(world: World, records: Records) -> np.ndarray:
    """The companies (positions in the chunk) that at least one contact of this CRM works for."""
    employers = np.unique(world.people.company[records.who])
    return employers[employers >= 0]


def _place(account: np.ndarray, company: np.ndarray) -> np.ndarray:
    """Where each contact's company stands among the CRM's accounts (-1: none)."""
    if not len(account):
        return np.full(len(company), -1)
    return np.where(company >= 0, np.searchsorted(account, company), -1)


def _company_names(world: World, crm: Crm, account: np.ndarray) -> Text:
    """The companies as this CRM spells them, each with one of the legal forms in use there."""
    rng, companies = world.chunk.rng(f"{crm.name}/names"), world.people.companies
    stem = of(companies.name if crm.native else companies.name_latin, account)
    return pc.binary_join_element_wise(stem, pick(crm.endings, rng.integers(0, len(crm.endings), len(account))), "")


def _spelled(world: World, crm: Crm, records: Records) -> Text:
    companies = world.people.companies
    return of(companies.name if crm.native else companies.name_latin, world.people.company[records.who])


def _acts(world: World, crm: Crm, records: Records, contact: Text) -> tuple[Acts, Text]:
    """Activities since the contact was made, fading like everything else when the person turns away."""
    since = np.full(len(world.people), world.chunk.span.end)
    first = records.is_first
    since[records.who[first][::-1]] = records.created[first][::-1]
    who = np.unique(records.who)
    acts = scattered(world.chunk, f"{crm.name}/activities", world.people, who, ACTIVITIES_A_YEAR, since)
    kind = world.chunk.rng(f"{crm.name}/kinds").choice([0, 0, 0, 1, 1, 1, 1, 2, 3, 4, 5], len(acts))
    return Acts(acts.who, acts.at, kind), pick(contact, records.account_of(len(world.people))[acts.who])


def _deals(world: World, crm: Crm, book: Book) -> Deals:
    """One deal for half of the contacts with a company: open, won or lost."""
    rng, records = world.chunk.rng(f"{crm.name}/deals"), book.records
    rows = np.flatnonzero(records.is_first & np.array(book.company.is_valid()) & (rng.random(len(records)) < 0.5))
    created = np.minimum(records.created[rows] + rng.integers(DAY, 60 * DAY, len(rows)), world.chunk.span.end - 60)
    closed = created + rng.integers(7 * DAY, 150 * DAY, len(rows))
    closed = np.where(closed < world.chunk.span.end - 60, closed, -1)
    return Deals(
        identifier=code(crm.deal, world.chunk.identifiers(len(rows), 4), 12), rows=rows, created=created, closed=closed,
        is_won=(closed >= 0) & (rng.random(len(rows)) < 0.45),
        amount=np.rint(np.exp(rng.normal(13.5, 1.1, len(rows)))).astype(np.int64),
        source=texts([("fair", "website", "referral", "cold call")[i] for i in rng.integers(0, 4, len(rows))]),
    )  # fmt: skip
