"""What customers do besides buying, and how those who will leave behave before they do.

A customer that leaves for good (purchases.churned) visits less in its last two months, complains more, and is gone
afterwards;
others go on. Which channel an act shows up in is decided in `channels/`.
"""

from dataclasses import dataclass

import numpy as np

from orchestration.sample.baskets import Orders
from orchestration.sample.chunk import DAY, Chunk
from orchestration.sample.people import People
from orchestration.sample.presence import Presence
from orchestration.sample.purchases import Purchases

FADING_DAYS = 60
FADING, GONE, BUYING = 0.3, 0.04, 0.45
VISITS_A_YEAR = 15.0
COMPLAINERS = 0.5
TICKETS_A_YEAR, COMPLAINTS_A_YEAR = 0.35, 0.06


@dataclass(frozen=True)
class Acts:
    """Acts, one row each, by time. `kind` is a number that the drawing function explains."""

    who: np.ndarray
    at: np.ndarray
    kind: np.ndarray

    def __len__(self) -> int:
        return len(self.who)

    def where(self, mask: np.ndarray) -> "Acts":
        """The acts for which `mask` is true."""
        return Acts(self.who[mask], self.at[mask], self.kind[mask])


def visits(chunk: Chunk, people: People, presence: Presence, purchases: Purchases, orders: Orders) -> Acts:
    """Digital events; kind 0 website, 1 app. Some come from browsing, some just before orders in the web shop."""
    rng = chunk.rng("visits")
    reach = presence.flags["app"] | presence.flags["webshop"] | presence.flags["newsletter"]
    pace = rng.gamma(0.7, VISITS_A_YEAR / 0.7, len(people)) * np.where(reach, 1.0, 0.15)
    browsing = _over_time(chunk, rng, people, pace)
    buyers = np.flatnonzero((orders.who >= 0) & (orders.shop == 0))
    buyers = np.repeat(buyers, rng.poisson(2.0, len(buyers)))
    before = np.maximum(orders.at[buyers] - rng.integers(60, 2 * DAY, len(buyers)), people.acquired[orders.who[buyers]])
    who = np.concatenate([browsing.who, orders.who[buyers]])
    at = np.concatenate([browsing.at, before])
    care = attention(purchases.churned[who], at)
    care[len(browsing) :] = care[len(browsing) :].clip(BUYING)
    stays = rng.random(len(who)) < care
    who, at = who[stays], at[stays]
    in_app = presence.flags["app"][who] & (rng.random(len(who)) < 0.65)
    return _sorted(who, at, in_app.astype(np.int64))


def service(chunk: Chunk, people: People, purchases: Purchases) -> Acts:
    """Tickets and calls; kind 0 enquiry, 1 after sales, 2 before sales, 3 complaint, 4 wish for something personal."""
    rng = chunk.rng("service")
    normal = _over_time(chunk, rng, people, np.full(len(people), TICKETS_A_YEAR + COMPLAINTS_A_YEAR))
    stays = rng.random(len(normal)) < attention(purchases.churned[normal.who], normal.at)
    normal = normal.where(stays)
    complaint = rng.random(len(normal)) < COMPLAINTS_A_YEAR / (TICKETS_A_YEAR + COMPLAINTS_A_YEAR)
    kind = np.where(complaint, 3, rng.choice([0, 0, 1, 1, 1, 2, 4], len(normal)))
    angry = np.flatnonzero((purchases.churned >= 0) & (rng.random(len(people)) < COMPLAINERS))
    angry = np.repeat(angry, 1 + (rng.random(len(angry)) < 0.4))
    when = purchases.churned[angry] - rng.integers(1, 45 * DAY, len(angry))
    when = np.maximum(when, people.acquired[angry] + 60)
    return _sorted(
        np.concatenate([normal.who, angry]),
        np.concatenate([normal.at, when]),
        np.concatenate([kind, np.full(len(angry), 3)]),
    )


def attention(churned: np.ndarray, at: np.ndarray) -> np.ndarray:
    """The share of usual activity left at that time: full, fading in the last two months before leaving, nearly
    none after."""
    left = churned - at
    fading = np.where(left < FADING_DAYS * DAY, FADING, 1.0)
    return np.where(churned < 0, 1.0, np.where(left < 0, GONE, fading))


def leaves_soon(purchases: Purchases, acts: Acts) -> np.ndarray:
    """Whether the customer of each act leaves within three months after it, or has left."""
    churned = purchases.churned[acts.who]
    return (churned >= 0) & (churned - acts.at < 90 * DAY)


def scattered(
    chunk: Chunk, part: str, people: People, who: np.ndarray, a_year: float, since: np.ndarray | None = None
) -> Acts:
    """Acts of the given customers at an even pace from when they came (or from `since`, by customer) on; kind 0."""
    pace = np.zeros(len(people))
    pace[who] = a_year
    return _over_time(chunk, chunk.rng(part), people, pace, since)


def _over_time(
    chunk: Chunk, rng: np.random.Generator, people: People, a_year: np.ndarray, since: np.ndarray | None = None
) -> Acts:
    start = people.acquired if since is None else since
    length = (chunk.span.end - 60 - start).clip(0)
    who = np.repeat(np.arange(len(people)), rng.poisson(a_year * length / (365 * DAY)))
    at = (start[who] + rng.random(len(who)) * length[who]).astype(np.int64)
    return _sorted(who, at, np.zeros(len(who), dtype=np.int64))


def _sorted(who: np.ndarray, at: np.ndarray, kind: np.ndarray) -> Acts:
    order = np.argsort(at, kind="stable")
    return Acts(who[order], at[order], kind[order])
