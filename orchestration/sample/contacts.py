"""Telephone numbers and e-mail addresses: one bijection from person to number, so that no two persons share one by
accident.

Who shares a number on purpose is decided in `families.py`; placeholders and typos in `records.py`.
"""

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from orchestration.sample import words
from orchestration.sample.text import Text, constant, join, pick, whole

PLANS = {
    "CN": ("+86",
    tuple(f"1{second}{third}" for second in "358" for third in "0123456789" if second + third not in ("38", "54")), 8),
    "US": ("+1",
    tuple(area + exchange for area in ("212", "206", "415", "312", "617") for exchange in ("23", "34", "45", "56",
    "67", "78")), 5),
    "DE": ("+49", ("1511", "1512", "1514", "1515", "1516", "1517"), 7),
    "GB": ("+44", ("7400", "7401", "7402", "7403", "7404", "7405", "7406", "7407", "7408", "7409"), 6),
    "SG": ("+65", ("81", "82", "83", "84", "85", "86", "87"), 6),
}  # fmt: skip
"""Country: calling code, prefixes of mobile numbers, digits after the prefix."""
SPREAD = 2_654_435_761


def phone_numbers(city: np.ndarray, number: np.ndarray) -> Text:
    """The number of each person (E.164) in the plan of its city's country; distinct numbers give distinct phones."""
    country = np.array([list(PLANS).index(c.country) for c in words.CITIES])[city]
    result = constant(None, len(number))
    for place, (calling, prefixes, digits) in enumerate(PLANS.values()):
        room = 10**digits
        spread = number * SPREAD % (room * len(prefixes))
        phones = join("", calling, pick(prefixes, spread // room), whole(spread % room, digits))
        result = pc.if_else(pa.array(country == place), phones, result)
    return result


def addresses(given: Text, family: Text, number: np.ndarray, host: Text, separator: str) -> Text:
    """E-mail addresses such as wei.wang4821@mail.example, distinct for distinct numbers below ten million."""
    local = join(separator, letters(given), letters(family))
    return join("", local, whole(number * 48_271 % 9_999_991), "@", host)


def letters(name: Text) -> Text:
    """A name as it is written before an @: lower case a to z only."""
    plain = pc.utf8_lower(name)
    for umlaut, ascii_letters in (("ä", "ae"), ("ö", "oe"), ("ü", "ue"), ("ß", "ss")):
        plain = pc.replace_substring(plain, umlaut, ascii_letters)
    return pc.replace_substring_regex(plain, "[^a-z]", "")
