"""One chunk of customers: which ones, over which time, and its own random streams.

Every part of the sample draws from `Chunk.rng(<its name>)`, so that a change in one part leaves the others as they
were,
and the same arguments give the same bytes. Nothing is drawn here.
"""

import zlib
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import numpy as np

BUSINESS_TIMEZONE = "Asia/Shanghai"
DAY = 86_400


@dataclass(frozen=True)
class Span:
    """The time the sample covers, `days` whole business days that end where `as_of` begins."""

    as_of: date
    days: int

    @property
    def end(self) -> int:
        """Seconds UTC of as_of 00:00 business time; everything that happens lies before it."""
        midnight = datetime(self.as_of.year, self.as_of.month, self.as_of.day, tzinfo=ZoneInfo(BUSINESS_TIMEZONE))
        return int(midnight.astimezone(UTC).timestamp())

    @property
    def start(self) -> int:
        return self.end - self.days * DAY

    @property
    def first_day(self) -> date:
        return self.as_of - timedelta(days=self.days)


@dataclass(frozen=True)
class Chunk:
    """`size` customers from global number `first` on."""

    seed: int
    number: int
    first: int
    size: int
    span: Span
    stores: int

    def rng(self, part: str) -> np.random.Generator:
        """The random stream of one part of this chunk."""
        return np.random.default_rng([self.seed, self.number, zlib.crc32(part.encode())])

    def identifiers(self, count: int, per_customer: int = 1000) -> np.ndarray:
        """`count` numbers no other chunk uses (up to `per_customer` for each customer)."""
        return self.first * per_customer + np.arange(1, count + 1)
