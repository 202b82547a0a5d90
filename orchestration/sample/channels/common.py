"""What several channels share: totals of orders, texts of products, truth of person records. Nothing of one channel
alone."""

import numpy as np
import pyarrow as pa

from orchestration.sample import catalogue, words
from orchestration.sample.baskets import CURRENCY_CODES, Lines, Orders
from orchestration.sample.chunk import DAY
from orchestration.sample.people import People
from orchestration.sample.records import Records
from orchestration.sample.text import Text, pick
from orchestration.sample.truth import records as record_truth

STATUSES = ("pending", "paid", "shipped", "completed", "cancelled", "test")


def totals(orders: Orders) -> tuple[np.ndarray, np.ndarray]:
    """Goods before rebate and rebates of each order, in hundredths."""
    goods = np.bincount(orders.lines.order, orders.lines.price * orders.lines.quantity, len(orders))
    return goods.astype(np.int64), np.bincount(orders.lines.order, orders.lines.rebate, len(orders)).astype(np.int64)


def statuses(rng: np.random.Generator, orders: Orders, end: int) -> np.ndarray:
    """Places in STATUSES: what has become of each order at the end of the span."""
    age = (end - orders.at) / DAY
    status = np.where(age < 1, np.where(rng.random(len(orders)) < 0.3, 0, 1), np.where(age < 5, 2, 3))
    fate = rng.random(len(orders))
    return np.where(fate < 0.045, 4, np.where(fate < 0.05, 5, status))


def currency_of(orders: Orders) -> Text:
    """The currency of each order."""
    return pick(CURRENCY_CODES, orders.currency)


def product_texts(lines: Lines) -> dict[str, Text]:
    """Id, name, category and brand of each line's product."""
    return {
        name: pick([getattr(product, name) for product in catalogue.PRODUCTS], lines.product)
        for name in ("product_id", "name", "category", "brand")
    }


def city_texts(city: np.ndarray, native: bool) -> dict[str, Text]:
    """City, region, postcode and country, in the city's own script or in Latin letters."""
    form = [(c.native, c.region_native) if native else (c.latin, c.region) for c in words.CITIES]
    return {
        "city": pick([f[0] for f in form], city),
        "region": pick([f[1] for f in form], city),
        "postcode": pick(
            [f"{c.postcode:05d}" if c.country != "CN" else f"{c.postcode:06d}" for c in words.CITIES], city
        ),
        "country": pick([c.country for c in words.CITIES], city),
    }


def district_texts(rng: np.random.Generator, city: np.ndarray) -> Text:
    """A district of each city, of four in five; null abroad, where no source writes one."""
    known = [words.DISTRICTS.get(c.latin, ()) for c in words.CITIES]
    counts = np.array([len(names) for names in known])
    place = (np.cumsum(counts) - counts)[city] + (rng.random(len(city)) * counts[city]).astype(np.int64)
    told = (counts[city] > 0) & (rng.random(len(city)) < 0.8)
    return pick([name for names in known for name in names], np.where(told, place, -1))


def truth_of(source: str, block: str, records: Records, identifiers: Text, people: People) -> pa.Table:
    """The truth of person records: each once, whatever versions it has."""
    first = np.flatnonzero(records.is_first)
    true_id = people.true_id.take(pa.array(records.who[first], pa.int64()))
    return record_truth(source, block, identifiers.take(pa.array(first, pa.int64())), true_id)


def of(column: Text, who: np.ndarray) -> Text:
    """A column of the people, by their positions in the chunk (-1: null)."""
    return column.take(pa.array(who, pa.int64(), mask=who < 0))
