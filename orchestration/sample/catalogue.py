"""What the retailer sells and where its stores are: the same for every size and seed.

Add a category or a store city here. Prices are in CNY; the channels turn them into the order's currency.
"""

from dataclasses import dataclass

import numpy as np

from orchestration.sample import words

CATEGORIES = {
    # category: (Chinese name, price of the cheapest product in CNY, brands)
    "apparel": ("服饰", 89, ("Lanxi", "Norrway", "Pinea")),
    "beauty": ("美妆", 59, ("Meiyun", "Sonnelle", "Auri")),
    "home": ("家居", 49, ("Muji-ya", "Haushof", "Anju")),
    "electronics": ("数码", 199, ("Voltra", "Xingke", "Lumio")),
    "food": ("食品", 19, ("Shanwei", "Kornblum", "Oaten")),
    "sports": ("运动", 99, ("Peakline", "Yunbu", "Strive")),
}
PRODUCTS_A_CATEGORY = 24
CURRENCIES = {"CN": "CNY", "US": "USD", "DE": "EUR", "GB": "GBP", "SG": "SGD"}
RATES = {"CNY": 1.0, "USD": 7.18, "EUR": 7.92, "GBP": 9.31, "SGD": 5.45}
"""What one unit is worth in CNY; `reference.py` lets it wander from day to day."""


@dataclass(frozen=True)
class Product:
    """One product; `price` in CNY cents."""

    product_id: str
    name: str
    category: str
    brand: str
    price: int


def _products() -> tuple[Product, ...]:
    made = []
    for category, (native, price, brands) in CATEGORIES.items():
        for place in range(PRODUCTS_A_CATEGORY):
            code = f"{category[:2].upper()}{place + 1:03d}"
            brand = brands[place % len(brands)]
            made.append(
                Product(
                    code, f"{brand} {native} {place + 1:02d}", category, brand, round(price * 1.16**place) * 100 - 10
                )
            )
    return tuple(made)


PRODUCTS = _products()
PRICES = np.array([product.price for product in PRODUCTS])
STORE_CITIES = tuple(place for place, city in enumerate(words.CITIES) if city.country == "CN")


def store_codes(stores: int) -> list[str]:
    """S01, S02, …: our own stores."""
    return [f"S{number + 1:02d}" for number in range(stores)]
