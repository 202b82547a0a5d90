"""Help desk, hotline and satisfaction scores: known by e-mail or by the calling number. Those who leave complain
first."""

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from orchestration.sample import catalogue
from orchestration.sample.behaviour import Acts, leaves_soon, scattered
from orchestration.sample.channels.common import of
from orchestration.sample.chunk import BUSINESS_TIMEZONE, DAY
from orchestration.sample.rows import Rows
from orchestration.sample.text import Text, code, keep, moments, pick, texts, whole
from orchestration.sample.truth import Yield, references
from orchestration.sample.world import World

TOPICS = ("question", "after_sales", "before_sales", "complaint", "personalisation")
COMMENTS = (None, "thanks", "很满意", "too slow", "没有解决", "said \"later\", twice")  # fmt: skip
COMPLAINT = 3


def make_support(world: World) -> Yield:
    """Tickets with scores by e-mail; hotline calls and call-backs by phone."""
    by_mail = np.array(world.people.email.is_valid())[world.service.who] & (
        world.chunk.rng("support").random(len(world.service)) < 0.65
    )
    tickets, mail_truth = _tickets(world, world.service.where(by_mail))
    calls, call_truth = _calls(world, world.service.where(~by_mail))
    return Yield([part for part in (*tickets, calls) if len(part)], [], [mail_truth, call_truth])


def _iso(at: np.ndarray) -> Text:
    return moments(at, "%Y-%m-%dT%H:%M:%S+08:00", BUSINESS_TIMEZONE)


def _tickets(world: World, acts: Acts) -> tuple[list[Rows], pa.Table]:
    rng, size, people = world.chunk.rng("support/tickets"), len(acts), world.people
    email, identifier = of(people.email, acts.who), code("T", world.chunk.identifiers(size, 100), 10)
    tickets = Rows("support", "tickets", {
        "ticket_id": identifier, "requester": email, "topic": pick(TOPICS, acts.kind), "opened_at": _iso(acts.at),
        "product_category": pick(list(catalogue.CATEGORIES), rng.integers(0, 6, size)),
        "direction": pick(("in",), np.zeros(size, dtype=int)),
    }, acts.at)  # fmt: skip
    at = acts.at + rng.integers(3600, 3 * DAY, size)
    told = np.flatnonzero((rng.random(size) < 0.6) & (at < world.chunk.span.end))
    low = (acts.kind[told] == COMPLAINT) | (leaves_soon(world.purchases, acts)[told] & (rng.random(len(told)) < 0.5))
    score = np.where(low, rng.choice([1, 1, 2, 3], len(told)), rng.choice([3, 4, 4, 5, 5, 5], len(told)))
    csat = Rows("support", "csat", {
        "id": pc.replace_substring_regex(of(identifier, told), "^T", "Q"), "requester": of(email, told),
        "question": pick(("How satisfied are you?",), np.zeros(len(told), dtype=int)), "score": whole(score),
        "comment": pick(texts(COMMENTS), np.where(low, rng.integers(3, 6, len(told)), rng.integers(0, 3, len(told)))),
        "at": _iso(at[told]),
    }, at[told])  # fmt: skip
    return [tickets, csat], references("support", "email", email, email, of(people.true_id, acts.who))


def _calls(world: World, acts: Acts) -> tuple[Rows, pa.Table]:
    """Hotline calls, and call-backs (回访) to business contacts."""
    back = scattered(world.chunk, "support/callbacks", world.people, np.flatnonzero(world.people.is_contact), 0.5)
    who, at = np.concatenate([acts.who, back.who]), np.concatenate([acts.at, back.at])
    kind = np.concatenate([np.where(acts.kind == COMPLAINT, 2, 0), np.full(len(back), 1)])
    rng, size = world.chunk.rng("support/calls"), len(who)
    shared = of(world.people.phone_shared, who)
    phone = pc.if_else(
        pc.and_(shared.is_valid(), pa.array(rng.random(size) < 0.3)), shared, of(world.people.phone, who)
    )
    phone = keep(phone, rng.random(size) < 0.97)
    typed = pc.replace_substring_regex(phone, r"^\+86", "")
    rows = Rows("support", "calls", {
        "call_id": code("L", world.chunk.identifiers(size, 100), 10), "number": typed,
        "kind": pick(("hotline", "follow_up", "complaint"), kind),
        "called_at": moments(at, "%Y-%m-%d %H:%M:%S", BUSINESS_TIMEZONE), "direction": pick(("in", "out", "in"), kind),
        "seconds": whole(rng.integers(20, 1500, size)),
    }, at)  # fmt: skip
    return rows, references("support", "phone", typed, phone, of(world.people.true_id, who))
