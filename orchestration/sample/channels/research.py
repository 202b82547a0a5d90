"""Surveys (answers, stated traits) and the newsletter's consents: known by e-mail only."""

import numpy as np
import pyarrow as pa

from orchestration.sample.behaviour import Acts, leaves_soon, scattered
from orchestration.sample.channels.common import of
from orchestration.sample.chunk import BUSINESS_TIMEZONE, DAY
from orchestration.sample.rows import Rows, concat
from orchestration.sample.text import Text, code, constant, moments, pick
from orchestration.sample.truth import Yield, references
from orchestration.sample.world import World

TRAITS = {
    "interest": ("travel", "cooking", "sports", "读书"),
    "lifestyle": ("urban", "family", "outdoor"),
    "value": ("quality", "price", "环保"),
}
UNANSWERED = 0.9
"""Invitations that nobody answers, by answer."""
QUESTIONS = ("How likely are you to recommend us?", "What should we do better?", "How do you like the product?")


def make_research(world: World) -> Yield:
    """Survey answers and traits, newsletter consents, each with whose e-mail it was."""
    acts = scattered(world.chunk, "survey", world.people, world.presence.who("survey"), 1.2)
    traits, told = _traits(world)
    consents, readers = _consents(world)
    respondents = np.concatenate([acts.who, told])
    truth = [_whose(world, "survey", respondents), _whose(world, "marketing", readers)]
    answers = concat([_answers(world, acts), _unanswered(world, acts)])
    return Yield([part for part in (answers, traits, consents) if len(part)], [], truth)


def _whose(world: World, source: str, who: np.ndarray) -> pa.Table:
    email = of(world.people.email, who)
    return references(source, "email", email, email, of(world.people.true_id, who))


def _stamp(at: np.ndarray) -> Text:
    return moments(at, "%Y-%m-%d %H:%M:%S", BUSINESS_TIMEZONE)


def _answers(world: World, acts: Acts) -> Rows:
    rng, size = world.chunk.rng("survey/answers"), len(acts)
    kind = rng.choice([0, 0, 1, 2], size)
    unhappy = leaves_soon(world.purchases, acts) & (rng.random(size) < 0.7)
    score = np.where(unhappy, rng.integers(0, 7, size), rng.integers(6, 11, size))
    return Rows("survey", "answers", {
        "answer_id": code("A", world.chunk.identifiers(size, 100), 10),
        "email": of(world.people.email, acts.who),
        "kind": pick(("nps", "open", "product"), kind),
        "question": pick(QUESTIONS, kind), "score": pick([str(n) for n in range(11)], np.where(kind == 1, -1, score)),
        "answer": pick(("faster delivery, please", "more \"colours\"", "没有意见"),
        np.where(kind == 1, rng.integers(0, 3, size), -1)),
        "submitted": _stamp(acts.at),
    }, acts.at)  # fmt: skip


def _unanswered(world: World, acts: Acts) -> Rows:
    """What a survey tool writes of an invitation that was sent and not answered: no score."""
    who = np.flatnonzero(world.chunk.rng("survey/unanswered").random(len(acts)) < UNANSWERED)
    size = len(who)
    return Rows("survey", "answers", {
        "answer_id": code("I", world.chunk.identifiers(size, 100), 10), "email": of(world.people.email, acts.who[who]),
        "kind": constant("nps", size), "question": constant(QUESTIONS[0], size), "score": constant(None, size),
        "answer": constant(None, size), "submitted": _stamp(acts.at[who]),
    }, acts.at[who])  # fmt: skip


def _traits(world: World) -> tuple[Rows, np.ndarray]:
    """Up to three traits a respondent, stated once; and who told them."""
    people, rng = world.people, world.chunk.rng("survey/traits")
    who = world.presence.who("survey")
    at = (people.acquired[who] + rng.random(len(who)) * (world.chunk.span.end - 60 - people.acquired[who])).astype(
        np.int64
    )
    told = rng.random((len(TRAITS), len(who))) < 0.6
    names, values, places = [], [], []
    for place, choices in enumerate(TRAITS.values()):
        mine = np.flatnonzero(told[place])
        places.append(mine)
        names.append(np.full(len(mine), place))
        values.append(np.array(choices, dtype=object)[rng.integers(0, len(choices), len(mine))])
    row = np.concatenate(places)
    rows = Rows("survey", "traits", {
        "email": of(people.email, who[row]), "trait": pick(list(TRAITS), np.concatenate(names)),
        "value": pick(list(np.concatenate(values)), np.arange(len(row))),
        "basis": constant("stated", len(row)), "submitted": _stamp(at[row]),
    }, at[row])  # fmt: skip
    return rows, who[row]


def _consents(world: World) -> tuple[Rows, np.ndarray]:
    """Signing on to the newsletter, and for one in seven signing off."""
    people, rng = world.people, world.chunk.rng("marketing/consents")
    who = world.presence.who("newsletter")
    given = people.acquired[who] + rng.integers(60, 3600, len(who))
    given = np.minimum(given, world.chunk.span.end - 60)
    later = given + rng.integers(7 * DAY, 500 * DAY, len(who))
    off = np.flatnonzero((rng.random(len(who)) < 0.15) & (later < world.chunk.span.end))
    who, at = np.concatenate([who, who[off]]), np.concatenate([given, later[off]])
    state = np.concatenate([np.zeros(len(given), dtype=int), np.ones(len(off), dtype=int)])
    return Rows("marketing", "consents", {
        "email": of(people.email, who), "purpose": constant("newsletter", len(who)),
        "state": pick(("yes", "no"), state), "decided_at": _stamp(at),
    }, at), who  # fmt: skip
