"""Reference data: catalogue, stores, marketing spend, exchange rates, holidays. The same for every customer,
written once."""

from datetime import date, timedelta

import numpy as np

from orchestration.sample import catalogue, words
from orchestration.sample.chunk import DAY, Chunk
from orchestration.sample.rows import Rows
from orchestration.sample.spelling import store_phone
from orchestration.sample.text import Text, constant, join, money, pick, texts, whole

MEDIA = ("search", "social", "fair", "e-mail")
HOLIDAYS = (
    # name, first day, days off, worked weekend days (State Council notices for 2023 to 2026)
    ("元旦", "2024-01-01", 1, ()), ("春节", "2024-02-10", 8, ("2024-02-04", "2024-02-18")),
    ("清明节", "2024-04-04", 3, ("2024-04-07",)),
    ("劳动节", "2024-05-01", 5, ("2024-04-28", "2024-05-11")), ("端午节", "2024-06-10", 1, ()),
    ("中秋节", "2024-09-15", 3, ("2024-09-14",)),
    ("国庆节", "2024-10-01", 7, ("2024-09-29", "2024-10-12")), ("元旦", "2025-01-01", 1, ()),
    ("春节", "2025-01-28", 8, ("2025-01-26", "2025-02-08")),
    ("清明节", "2025-04-04", 3, ()), ("劳动节", "2025-05-01", 5, ("2025-04-27",)), ("端午节", "2025-05-31", 3, ()),
    ("国庆节", "2025-10-01", 8, ("2025-09-28", "2025-10-11")), ("元旦", "2026-01-01", 3, ("2026-01-04",)),
    ("春节", "2026-02-15", 9, ("2026-02-14", "2026-02-28")), ("清明节", "2026-04-04", 3, ()),
    ("劳动节", "2026-05-01", 5, ("2026-05-09",)),
    ("端午节", "2026-06-19", 3, ()),
)  # fmt: skip


def make_reference(chunk: Chunk) -> list[Rows]:
    """All reference blocks; rates and spend day by day over the span."""
    return [_products(chunk), _stores(chunk), _spend(chunk), _rates(chunk), _holidays(chunk)]


def _products(chunk: Chunk) -> Rows:
    goods = catalogue.PRODUCTS
    return Rows("webshop", "products", {
        "sku": texts([p.product_id for p in goods]), "title": texts([p.name for p in goods]),
        "category": texts([p.category for p in goods]),
        "brand": texts([p.brand for p in goods]), "tags": texts([f"{p.category};{p.brand}" for p in goods]),
        "list_price": money(catalogue.PRICES),
    }, np.full(len(goods), chunk.span.start))  # fmt: skip


def _stores(chunk: Chunk) -> Rows:
    number = np.arange(chunk.stores)
    cities = [words.CITIES[catalogue.STORE_CITIES[n % len(catalogue.STORE_CITIES)]] for n in number]
    return Rows("stores", "stores", {
        "门店编号": texts(catalogue.store_codes(chunk.stores)),
        "门店名称": join("", texts([c.native for c in cities]), whole(number + 1), "店"),
        "电话": store_phone(number), "城市": texts([c.native for c in cities]),
        "省份": texts([c.region_native for c in cities]),
    }, np.full(chunk.stores, chunk.span.start))  # fmt: skip


def _day_texts(chunk: Chunk) -> tuple[list[str], np.ndarray]:
    """Every day of the span, and a moment in it."""
    names = [(chunk.span.first_day + timedelta(days=n)).isoformat() for n in range(chunk.span.days)]
    return names, chunk.span.start + np.arange(chunk.span.days) * DAY + 3600


def _spend(chunk: Chunk) -> Rows:
    """Twelve campaigns, each on for a month in four."""
    rng, (names, at) = chunk.rng("spend"), _day_texts(chunk)
    day, campaign = (grid.ravel() for grid in np.meshgrid(np.arange(chunk.span.days), np.arange(12), indexing="ij"))
    on = (day // 30 + campaign) % 4 == 0
    day, campaign = day[on], campaign[on]
    return Rows("marketing", "spend", {
        "day": pick(names, day), "campaign": pick([f"C{n + 1:02d}" for n in range(12)], campaign),
        "medium": pick(MEDIA, campaign % 4),
        "currency": constant("CNY", len(day)), "cost": money(np.rint(rng.gamma(3, 20_000, len(day))).astype(np.int64)),
    }, at[day])  # fmt: skip


def _rates(chunk: Chunk) -> Rows:
    """A small walk around the rates of the catalogue."""
    rng, (names, at) = chunk.rng("rates"), _day_texts(chunk)
    currencies = [code for code in catalogue.RATES if code != "CNY"]
    walks = np.cumsum(rng.normal(0, 0.0015, (chunk.span.days, len(currencies))), axis=0)
    rates = np.array([catalogue.RATES[code] for code in currencies]) * np.exp(walks)
    days = np.repeat(np.arange(chunk.span.days), len(currencies))
    return Rows("finance", "exchange_rates", {
        "day": pick(names, days), "currency": pick(currencies, np.tile(np.arange(len(currencies)), chunk.span.days)),
        "rate": texts([f"{rate:.4f}" for rate in rates.ravel()]),
    }, at[days])  # fmt: skip


def _holidays(chunk: Chunk) -> Rows:
    """Days off and worked weekend days (调休) from 2024 on, as far as the span reaches."""
    rows: list[tuple[str, str, str]] = []
    for name, first, length, worked in HOLIDAYS:
        rows += [((date.fromisoformat(first) + timedelta(days=n)).isoformat(), name, "false") for n in range(length)]
        rows += [(day, f"{name}调休", "true") for day in worked]
    known = sorted(row for row in rows if row[0] < chunk.span.as_of.isoformat())
    columns: dict[str, Text] = {
        name: texts([row[place] for row in known]) for place, name in enumerate(("day", "name", "is_workday"))
    }
    return Rows("calendar", "holidays", columns, np.full(len(known), chunk.span.start))
