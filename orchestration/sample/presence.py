"""Which customer is known in which channel. One row of `CHANCES` per channel; what it knows of them is in
`channels/`."""

from dataclasses import dataclass

import numpy as np

from orchestration.sample.chunk import Chunk
from orchestration.sample.people import People

CHANCES: dict[str, tuple[float, float, float]] = {
    # channel: (a consumer in China, a consumer abroad, a business contact)
    "webshop": (0.55, 0.60, 0.40),
    "app": (0.50, 0.20, 0.20),
    "loyalty": (0.54, 0.08, 0.20),
    "marketplace": (0.24, 0.50, 0.12),
    "outlets": (0.16, 0.00, 0.05),
    "salesforce": (0.00, 0.00, 0.65),
    "fxiaoke": (0.00, 0.00, 0.60),
    "hubspot": (0.05, 0.25, 0.30),
    "fair": (0.01, 0.01, 0.22),
    "enrichment": (0.20, 0.15, 0.08),
    "survey": (0.12, 0.12, 0.05),
    "social": (0.20, 0.00, 0.05),
    "newsletter": (0.15, 0.25, 0.20),
}
SHOPS = ("webshop", "marketplace", "loyalty", "outlets")
"""Where orders can be made; loyalty members buy in our own stores."""


@dataclass(frozen=True)
class Presence:
    """By channel a flag for each customer of the chunk."""

    flags: dict[str, np.ndarray]

    def who(self, channel: str) -> np.ndarray:
        """The customers (positions in the chunk) that the channel knows."""
        return np.flatnonzero(self.flags[channel])


def spread(chunk: Chunk, people: People) -> Presence:
    """Draws the channels of every customer; who is drawn nowhere has a web shop account."""
    rng = chunk.rng("presence")
    kind = np.where(people.is_contact, 2, people.is_western.astype(np.int64))
    flags = {channel: rng.random(len(people)) < np.array(chances)[kind] for channel, chances in CHANCES.items()}
    companies = people.companies.is_foreign[people.company]
    flags["salesforce"] &= companies | (rng.random(len(people)) < 0.15)
    flags["fxiaoke"] &= ~companies | (rng.random(len(people)) < 0.05)
    flags["social"] &= np.array(people.wechat.is_valid())
    nowhere = ~np.any([flags[name] for name in (*SHOPS, "app", "salesforce", "fxiaoke", "hubspot")], axis=0)
    flags["webshop"] |= nowhere
    return Presence(flags)
