"""Company names, tax ids and places read into comparable form, without legal form, punctuation and script.

华信有限公司 and "Huaxin Co., Ltd" agree, and so do 上海市 and "Shanghai". The legal forms are a table in identity.yml.
Persons' names are read in `names.py`.
"""

import re
import unicodedata
from collections.abc import Iterable, Sequence

import pandas as pd
from pypinyin import Style, lazy_pinyin

_HAN = re.compile(r"[\u3400-\u9fff\uf900-\ufaff]")
_CREDIT_CODE = "0123456789ABCDEFGHJKLMNPQRTUWXY"
_SIGNS = re.compile(r"[\W_]+")


def company_names(names: Iterable[str], legal_forms: Sequence[str]) -> pd.DataFrame:
    """Keys of distinct company names. Grain: distinct name; columns name, name_key (empty when nothing is left), script
    (company_han, company, or none when nothing is left)."""
    strip = _legal_form_pattern(legal_forms)
    rows = []
    for name in names:
        key = _key(name, strip)
        rows.append((name, key, "none" if not key else "company_han" if _HAN.search(name) else "company"))
    return pd.DataFrame(rows, columns=["name", "name_key", "script"]).astype("str")


def place_names(names: Iterable[str]) -> pd.DataFrame:
    """Keys of distinct city names. Grain: distinct name; columns name, name_key."""
    rows = [
        (name, _key(re.sub("(?:特别行政区|市|city)$", "", name.strip().lower()), re.compile("(?!)"))) for name in names
    ]
    return pd.DataFrame(rows, columns=["name", "name_key"]).astype("str")


def address_keys(addresses: Iterable[tuple[str, str]]) -> pd.DataFrame:
    """Keys of distinct (address, city). Grain: as given; columns address, city, address_key.

    The key is the address without its city, blanks and punctuation; empty when it has no house number.
    """
    rows = [(address, city, _address_key(address, city)) for address, city in addresses]
    return pd.DataFrame(rows, columns=["address", "city", "address_key"]).astype("str")


def _address_key(address: str, city: str) -> str:
    plain = unicodedata.normalize("NFKC", address).lower().replace(city.lower(), "") if city else address.lower()
    key = _SIGNS.sub("", unicodedata.normalize("NFKC", plain))
    return key if any(sign.isdigit() for sign in key) else ""


def is_tax_id(value: str) -> bool:
    """Whether a tax id can be one: a 统一社会信用代码 (18 signs, GB 32100-2015) must have its check digit, others 5 signs."""
    if len(value) != 18 or not set(value) <= set(_CREDIT_CODE):
        return len(value) >= 5
    total = sum(_CREDIT_CODE.index(sign) * pow(3, place, 31) for place, sign in enumerate(value[:17]))
    return _CREDIT_CODE[-total % 31] == value[17]


def _legal_form_pattern(legal_forms: Sequence[str]) -> re.Pattern[str]:
    chinese = sorted((form for form in legal_forms if _HAN.search(form)), key=len, reverse=True)
    western = sorted(
        (_SIGNS.sub(" ", form).strip() for form in legal_forms if not _HAN.search(form)), key=len, reverse=True
    )
    alternatives = [*map(re.escape, chinese), *(rf"\b{re.escape(form)}\b" for form in western)]
    return re.compile("|".join(alternatives) or "(?!)")


def _key(name: str, legal_form: re.Pattern[str]) -> str:
    plain = "".join(sign for sign in unicodedata.normalize("NFKD", name).lower() if not unicodedata.combining(sign))
    bare = legal_form.sub(" ", _SIGNS.sub(" ", plain))
    if _HAN.search(bare):
        bare = "".join(lazy_pinyin(bare, style=Style.NORMAL))
    return _SIGNS.sub("", bare)
