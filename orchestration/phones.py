"""Phone numbers in E.164, by the phonenumbers library, for distinct values only; and the country that tells how to read one.

Chinese mobile numbers, most of what arrives, are read by the library's own pattern for them in one pass over all values (the
library needs some 80 µs a number); a test holds both ways equal. Nothing here knows tables.
"""

from typing import Any

import pandas as pd
import phonenumbers

COLUMNS = ["phone", "country", "e164"]

# How countries are written besides their ISO 3166-1 code, in lower case (as `clean_country` in dbt reads them).
COUNTRY_NAMES = {
    "china": "CN", "chn": "CN", "中国": "CN", "p.r. china": "CN", "pr china": "CN", "hong kong": "HK", "hkg": "HK", "香港": "HK",
    "taiwan": "TW", "twn": "TW", "台湾": "TW", "united states": "US", "usa": "US", "united states of america": "US", "美国": "US",
    "united kingdom": "GB", "gbr": "GB", "great britain": "GB", "英国": "GB", "germany": "DE", "deu": "DE", "deutschland": "DE",
    "德国": "DE", "japan": "JP", "jpn": "JP", "日本": "JP", "singapore": "SG", "sgp": "SG", "新加坡": "SG",
}  # fmt: skip

_METADATA: Any = phonenumbers.PhoneMetadata.metadata_for_region("CN", None)
_CHINESE_MOBILE = rf"^(?:\+?86|0086)?({_METADATA.mobile.national_number_pattern})$"
_SEPARATORS = r"[\s\-().]"


def phone_numbers(phones: pd.DataFrame) -> pd.DataFrame:
    """Reads distinct (phone, country): `country` is the ISO code of the region a number without country code belongs to.

    Grain: as given; columns COLUMNS. `e164` is null for what is no valid number.
    """
    digits = phones["phone"].str.normalize("NFKC").str.replace(_SEPARATORS, "", regex=True)
    mobile = digits.str.extract(_CHINESE_MOBILE, expand=True)[0]
    is_mobile = mobile.notna() & ((phones["country"] == "CN") | digits.str.startswith("+86"))
    e164 = ("+86" + mobile).where(is_mobile)
    rest = phones[~is_mobile]
    parsed = [parse(phone, country) for phone, country in zip(rest["phone"], rest["country"], strict=True)]
    e164 = e164.where(is_mobile, pd.Series(parsed, index=rest.index, dtype="str"))
    return phones.assign(e164=e164)[COLUMNS]


def parse(phone: str, country: str) -> str | None:
    """One number by the library: E.164, or None when it is no valid number of its region."""
    try:
        number = phonenumbers.parse(phone, country or None)
    except phonenumbers.NumberParseException:
        return None
    if not phonenumbers.is_valid_number(number):
        return None
    return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)
