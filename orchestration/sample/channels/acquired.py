"""Persons that come from outside: leads of trade fairs, and bought profiles."""

import numpy as np

from orchestration.sample import words
from orchestration.sample.channels.common import city_texts, of, truth_of
from orchestration.sample.chunk import BUSINESS_TIMEZONE
from orchestration.sample.records import Records, identify
from orchestration.sample.rows import Rows
from orchestration.sample.spelling import Habit
from orchestration.sample.text import Text, code, constant, days, keep, moments, pick
from orchestration.sample.truth import Yield
from orchestration.sample.world import World

FAIR = Habit(
    email=0.75, phone=0.8, latin=0.2, nickname=0.08, typo=0.06, role_mailbox=0.12, title_only=0.04, placeholder=0.02
)
BOUGHT = Habit(email=0.65, phone=0.82, latin=0.1, typo=0.05, second_key=0.1, placeholder=0.02)
INCOMES = ("<100k", "100k-200k", "200k-400k", ">400k")


def make_acquired(world: World) -> Yield:
    """Fair leads and bought profiles."""
    leads = identify(world.chunk, world.people, world.presence.who("fair"), "fair", FAIR)
    bought = identify(world.chunk, world.people, world.presence.who("enrichment"), "enrichment", BOUGHT)
    lead_ids, bought_ids = (
        code(prefix, world.chunk.identifiers(len(r), 4)[r.number], 9) for prefix, r in (("FL-", leads), ("PV-", bought))
    )
    truth = [
        truth_of("fair", "leads", leads, lead_ids, world.people),
        truth_of("enrichment", "persons", bought, bought_ids, world.people),
    ]
    return Yield(
        [part for part in (_leads(world, leads, lead_ids), _bought(world, bought, bought_ids)) if len(part)], truth
    )


def _leads(world: World, records: Records, ids: Text) -> Rows:
    """Leads are captured once and never kept up."""
    rng, place = world.chunk.rng("fair/leads"), city_texts(records.city, native=False)
    companies, size = world.people.companies, len(records)
    rows = Rows("fair", "leads", {
        "Lead no": ids, "Name": records.full_name, "E-mail": records.email, "Phone": records.phone_typed,
        "Company": of(companies.name_latin, world.people.company[records.who]),
        "Position": pick(words.JOBS, rng.integers(0, len(words.JOBS), size)),
        "City": place["city"], "Country": place["country"],
        "Fair": pick(("Canton Fair", "Hannover", "CIIE"), rng.integers(0, 3, size)),
        "Captured": moments(records.created, "%Y-%m-%d %H:%M:%S", BUSINESS_TIMEZONE),
    }, records.created)  # fmt: skip
    return rows.take(np.flatnonzero(records.is_first))


def _bought(world: World, records: Records, ids: Text) -> Rows:
    """Profiles with the provider's name, licence and date beside each."""
    rng, size = world.chunk.rng("enrichment/persons"), len(records)
    place = city_texts(records.city, native=True)
    rows = Rows("enrichment", "persons", {
        "provider_id": ids, "name": records.full_name, "email": records.email, "phone": records.phone_typed,
        "birth_date": keep(days(records.birth), rng.random(size) < 0.6), "gender": records.gender,
        "city": place["city"], "country": place["country"],
        "income_band": pick(INCOMES, rng.integers(0, 4, size)),
        "education": pick(("school", "bachelor", "master"), rng.integers(0, 3, size)),
        "occupation": pick(words.OCCUPATIONS, rng.integers(0, len(words.OCCUPATIONS), size)),
        "household": pick(("1", "2", "3", "4+"), rng.integers(0, 4, size)),
        "obtained_at": moments(records.created, "%Y-%m-%dT%H:%M:%SZ"),
        "provider": constant("Datenquelle Example", size), "licence": constant("single use", size),
    }, records.created)  # fmt: skip
    return rows.take(np.flatnonzero(records.is_first))
