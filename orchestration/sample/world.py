"""Everything true about one chunk, gathered for the channels: persons, where they are known, what they bought and
did."""

from dataclasses import dataclass

from orchestration.sample.baskets import Orders, fill
from orchestration.sample.behaviour import Acts, service, visits
from orchestration.sample.chunk import Chunk
from orchestration.sample.families import relate
from orchestration.sample.people import People, make_people
from orchestration.sample.presence import SHOPS, Presence, spread
from orchestration.sample.purchases import PROSPECT_SHARE, Purchases, make_purchases


@dataclass(frozen=True)
class World:
    """One chunk's truth. `visits` and `service` are explained in behaviour.py."""

    chunk: Chunk
    people: People
    presence: Presence
    purchases: Purchases
    orders: Orders
    visits: Acts
    service: Acts


def make_world(chunk: Chunk) -> World:
    """The truth of a chunk: a function of its seed, number, size and span alone."""
    people = relate(chunk, make_people(chunk))
    presence = spread(chunk, people)
    shopless = ~sum(presence.flags[shop] for shop in SHOPS).astype(bool)  # type: ignore[union-attr]
    prospect = shopless | (chunk.rng("prospects").random(len(people)) < PROSPECT_SHARE)
    purchases = make_purchases(chunk, people.acquired, prospect)
    orders = fill(chunk, people, presence, purchases)
    acts = visits(chunk, people, presence, purchases, orders)
    return World(chunk, people, presence, purchases, orders, acts, service(chunk, people, purchases))
