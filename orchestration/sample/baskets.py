"""What is bought and where: a shop, goods, quantities and amounts for every order of a chunk.

How an order looks in one shop's export is decided in `channels/`. Amounts are hundredths of the order's currency.
"""

from dataclasses import dataclass

import numpy as np

from orchestration.sample import catalogue, words
from orchestration.sample.chunk import Chunk
from orchestration.sample.people import People
from orchestration.sample.presence import SHOPS, Presence
from orchestration.sample.purchases import Purchases

CURRENCY_CODES = tuple(catalogue.RATES)
CITY_CURRENCY = np.array([CURRENCY_CODES.index(catalogue.CURRENCIES[city.country]) for city in words.CITIES])
RATE = np.array(list(catalogue.RATES.values()))


@dataclass(frozen=True)
class Lines:
    """Order lines, one row each; `order` is the position of the order. `price` a piece, `rebate` for the line, in
    hundredths."""

    order: np.ndarray
    number: np.ndarray
    product: np.ndarray
    quantity: np.ndarray
    price: np.ndarray
    rebate: np.ndarray

    @property
    def amount(self) -> np.ndarray:
        return self.quantity * self.price - self.rebate

    def of(self, orders: np.ndarray) -> "Lines":
        """The lines of the orders at these (sorted) positions, their `order` counted anew."""
        place = np.searchsorted(orders, self.order).clip(0, max(0, len(orders) - 1))
        mine = orders[place] == self.order if len(orders) else np.zeros(len(self.order), dtype=bool)
        fields = (self.number, self.product, self.quantity, self.price, self.rebate)
        return Lines(place[mine], *(field[mine] for field in fields))


@dataclass(frozen=True)
class Orders:
    """Orders, one row each. `shop`: place in presence.SHOPS; `currency`: place in CURRENCY_CODES; who -1: nobody
    known."""

    who: np.ndarray
    at: np.ndarray
    shop: np.ndarray
    currency: np.ndarray
    lines: Lines

    def __len__(self) -> int:
        return len(self.who)

    def of(self, shop: str) -> "Orders":
        """The orders made in one shop, with their lines."""
        places = np.flatnonzero(self.shop == SHOPS.index(shop))
        return Orders(
            self.who[places], self.at[places], self.shop[places], self.currency[places], self.lines.of(places)
        )

    def first_seen(self, shop: str, customers: int) -> np.ndarray:
        """By customer the time of the first order in this shop (far in the future: none)."""
        seen = np.full(customers, 2**40)
        mine = (self.shop == SHOPS.index(shop)) & (self.who >= 0)
        np.minimum.at(seen, self.who[mine], self.at[mine])
        return seen


def fill(chunk: Chunk, people: People, presence: Presence, purchases: Purchases) -> Orders:
    """The orders of known customers, and one in twelve more of people without card at the tills."""
    rng = chunk.rng("baskets")
    shop = _shops(rng, presence, purchases.who)
    till = np.flatnonzero(shop == SHOPS.index("loyalty"))
    unknown = rng.choice(till, len(till) // 4) if len(till) else till
    who = np.concatenate([purchases.who, np.full(len(unknown), -1)])
    at = np.concatenate(
        [purchases.at, np.minimum(purchases.at[unknown] + rng.integers(60, 3600, len(unknown)), chunk.span.end - 60)]
    )
    shop = np.concatenate([shop, shop[unknown]])
    online = (shop == SHOPS.index("webshop")) | (shop == SHOPS.index("marketplace"))
    currency = np.where(online, CITY_CURRENCY[people.city[who]], 0)
    order = np.argsort(at, kind="stable")
    who, at, shop, currency = who[order], at[order], shop[order], currency[order]
    return Orders(who, at, shop, currency, _lines(rng, len(people), who, currency))


def _shops(rng: np.random.Generator, presence: Presence, who: np.ndarray) -> np.ndarray:
    """Each customer prefers one of its shops and visits the others now and then."""
    flags = np.array([presence.flags[shop] for shop in SHOPS]).T
    weights = flags * rng.gamma(0.5, 1.0, flags.shape).clip(0.02)
    bounds = weights.cumsum(axis=1)
    return (rng.random(len(who))[:, None] * bounds[who, -1:] >= bounds[who]).sum(axis=1).clip(0, len(SHOPS) - 1)


def _lines(rng: np.random.Generator, customers: int, who: np.ndarray, currency: np.ndarray) -> Lines:
    """One to eight lines an order; everybody has a favourite category and a price level."""
    favourite, level = rng.integers(0, len(catalogue.CATEGORIES), customers), rng.beta(1.6, 3.0, customers)
    counts = 1 + rng.poisson(1.1, len(who)).clip(0, 7)
    order = np.repeat(np.arange(len(who)), counts)
    number = np.arange(len(order)) - np.repeat(np.concatenate([[0], counts.cumsum()[:-1]]), counts) + 1
    category = np.where(
        rng.random(len(order)) < 0.55, favourite[who[order]], rng.integers(0, len(catalogue.CATEGORIES), len(order))
    )
    place = (level[who[order]] + rng.normal(0, 0.18, len(order))).clip(0, 0.999) * catalogue.PRODUCTS_A_CATEGORY
    product = category * catalogue.PRODUCTS_A_CATEGORY + place.astype(np.int64)
    quantity = 1 + (rng.random(len(order)) < 0.2) + (rng.random(len(order)) < 0.05)
    price = np.rint(catalogue.PRICES[product] / RATE[currency[order]]).astype(np.int64).clip(50)
    rebate = np.where(rng.random(len(order)) < 0.25, (price * quantity * rng.choice([5, 10, 20], len(order))) // 100, 0)
    return Lines(order, number, product, quantity.astype(np.int64), price, rebate)
