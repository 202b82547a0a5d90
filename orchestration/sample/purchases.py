"""When customers buy: a buy-till-you-die process in seasonal time (BG/NBD: Fader, Hardie & Lee 2005), and who has
left for good.

Each customer buys at its own gamma-distributed rate and may leave after each order with its own beta-distributed
chance. The clock
runs faster in seasons. What is bought, and where, is decided in `baskets.py`.
"""

from dataclasses import dataclass

import numpy as np

from orchestration.sample.chunk import DAY, Chunk

RATE_SHAPE, RATE_MEAN_DAYS = 1.1, 36.0
LEAVE_ALPHA, LEAVE_BETA = 0.7, 8.0
PROSPECT_SHARE = 0.12
LONGEST_HISTORY = 250
SEASONS = (1.1, 0.75, 0.9, 0.95, 1.0, 1.35, 0.85, 0.85, 0.95, 1.0, 1.7, 1.2)
"""Orders of each month against the mean: 618 in June, 双11 in November."""


@dataclass(frozen=True)
class Purchases:
    """The orders of a chunk, one row each, by customer and time. `churned`: seconds UTC by customer, -1 while it
    stays."""

    who: np.ndarray
    at: np.ndarray
    churned: np.ndarray


def make_purchases(chunk: Chunk, acquired: np.ndarray, is_prospect: np.ndarray) -> Purchases:
    """Order times of all customers but the prospects, in seconds UTC before the end of the span."""
    rng, clock = chunk.rng("purchases"), _clock(chunk)
    size, end = len(acquired), clock[1][-1]
    rate = rng.gamma(RATE_SHAPE, 1 / (RATE_MEAN_DAYS * RATE_SHAPE), size)
    leaving = rng.beta(LEAVE_ALPHA, LEAVE_BETA, size)
    now = np.interp(acquired + rng.integers(600, 2 * DAY, size), *clock)
    alive, last, left = ~is_prospect & (now < end), np.full(size, -1.0), np.zeros(size, dtype=bool)
    who, times = [], []
    for _ in range(LONGEST_HISTORY):
        buyers = np.flatnonzero(alive)
        if not len(buyers):
            break
        who.append(buyers)
        times.append(now[buyers])
        last[buyers] = now[buyers]
        left[buyers] = rng.random(len(buyers)) < leaving[buyers]
        now[buyers] += rng.exponential(1 / rate[buyers]).clip(0.05)
        alive = alive & ~left & (now < end)
    return _in_order(chunk, rng, clock, (who, times), np.where(left, last, -1.0))


def _in_order(
    chunk: Chunk,
    rng: np.random.Generator,
    clock: tuple[np.ndarray, np.ndarray],
    drawn: tuple[list[np.ndarray], list[np.ndarray]],
    last: np.ndarray,
) -> Purchases:
    who = np.concatenate([*drawn[0], np.empty(0, dtype=np.int64)]).astype(np.int64)
    at = np.interp(np.concatenate([*drawn[1], np.empty(0)]), clock[1], clock[0]).astype(np.int64)
    at = np.minimum(_shop_hours(rng, at), chunk.span.end - 60)
    order = np.lexsort((at, who))
    gone = np.interp(last, clock[1], clock[0]) + rng.exponential(20 * DAY, len(last))
    return Purchases(who[order], at[order], np.where((last >= 0) & (gone < chunk.span.end), gone, -1).astype(np.int64))


def _clock(chunk: Chunk) -> tuple[np.ndarray, np.ndarray]:
    """Calendar seconds and the seasonal days that have passed until then."""
    seconds = chunk.span.start + np.arange(chunk.span.days + 1) * DAY
    months = seconds.astype("datetime64[s]").astype("datetime64[M]").astype(np.int64) % 12
    return seconds.astype(float), np.concatenate([[0], np.asarray(SEASONS)[months[:-1]].cumsum()])


def _shop_hours(rng: np.random.Generator, at: np.ndarray) -> np.ndarray:
    """The same business day (UTC+8), at an hour when people shop."""
    day = (at + 8 * 3600) // DAY
    return day * DAY - 8 * 3600 + (rng.beta(3, 2, len(at)) * 15 * 3600 + 8 * 3600).astype(np.int64)
