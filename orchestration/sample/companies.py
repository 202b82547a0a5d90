"""The companies that business contacts work for: names, domains, tax numbers with a valid check digit.

How a CRM misspells them is in `channels/crm.py`. No person is made here.
"""

from dataclasses import dataclass

import numpy as np

from orchestration.sample import words
from orchestration.sample.chunk import Chunk
from orchestration.sample.contacts import phone_numbers
from orchestration.sample.text import Text, code, join, pick, texts, whole

CREDIT_CODE = "0123456789ABCDEFGHJKLMNPQRTUWXY"
CONTACTS_A_COMPANY = 3


@dataclass(frozen=True)
class Companies:
    """The companies of one chunk, one row each; `city` indexes words.CITIES."""

    index: np.ndarray
    city: np.ndarray
    industry: np.ndarray
    employees: np.ndarray
    is_foreign: np.ndarray
    name: Text
    name_latin: Text
    domain: Text
    tax_id: Text
    phone: Text

    @property
    def true_id(self) -> Text:
        return code("K", self.index, 8)


def make_companies(chunk: Chunk, contacts: int) -> Companies:
    """About one company for three contacts."""
    rng, count = chunk.rng("companies"), max(1, contacts // CONTACTS_A_COMPANY)
    index = chunk.first + np.arange(count)
    is_foreign = rng.random(count) < 0.5
    foreign = np.array([city.country != "CN" for city in words.CITIES])
    city = np.where(is_foreign, rng.choice(np.flatnonzero(foreign), count), rng.choice(np.flatnonzero(~foreign), count))
    stem, industry = rng.integers(0, len(words.COMPANY_STEMS), count), rng.integers(0, len(words.INDUSTRIES), count)
    number = whole(index * 7 % 9_999_991)
    latin = join(
        " ", pick(words.COMPANY_STEMS, stem), pick([name.title() for name in words.INDUSTRIES], industry), number
    )
    native = join("", pick([c.native for c in words.CITIES], city), pick(words.COMPANY_STEMS_ZH, stem), number, "贸易")
    domain = join("", pick([name.lower() for name in words.COMPANY_STEMS], stem), number, ".example")
    employees = np.rint(np.exp(rng.normal(4, 1.3, count))).astype(np.int64) + 1
    tax_id = texts([_tax_number(int(i), f) for i, f in zip(index, is_foreign, strict=True)])
    phone = phone_numbers(np.where(is_foreign, city, 0), index + 20_000_000)
    return Companies(index, city, industry, employees, is_foreign, native, latin, domain, tax_id, phone)


def _tax_number(index: int, is_foreign: bool) -> str:
    """A unified social credit code (GB 32100-2015, mod 31 check digit), or a VAT number abroad."""
    if is_foreign:
        return f"DE{100_000_000 + index * 37 % 899_999_999}"
    body = f"91310115MA{index * 31 % 9_999_991:07d}"
    total = sum(CREDIT_CODE.index(sign) * pow(3, place, 31) for place, sign in enumerate(body))
    return body + CREDIT_CODE[(31 - total % 31) % 31]
