"""What the bytes of a text say about its encoding: against a declared one, or for the one that explains them best.

Works on the non-ASCII stretches of a sample and their cost in each encoding; byte order marks and what a declaration means are in
`encodings.py`, the weighing of characters is in `likelihood.py`.
"""

import re

import numpy as np

from orchestration.landing.likelihood import cost

LEAST_EVIDENCE_BITS = 40.0
"""How much better another encoding must explain the sample before a declaration is refused."""
LEAST_BITS_PER_LETTER = 1.0
"""The same for each non-ASCII character: a slight lead over a long text is style, not another encoding."""
LARGEST_MEAN_BITS = 17.0
"""A non-ASCII character of likely text costs 4 to 14 bits; of mojibake in two-byte encodings mostly more than this."""
BITS_PER_DOUBT = 4.0
"""`auto`: every so many bits of lead over the second best halve the doubt."""

LARGEST_WESTERN_BITS = 9.0
"""`auto`: the same for one-byte encodings, where mojibake is cheaper; Western names cost 5 to 8."""
UTF8_BITS = 6.0
"""`auto`: the head start of utf-8, which is the most frequent by far and seldom reads what is not utf-8."""

_CANDIDATES = ("utf-8", "gb18030", "big5", "shift_jis", "cp1252")
_STRETCH = re.compile(rb"[\x80-\xff][\x30-\x39\x40-\xff]{0,400}")
_MOST_LOOKS = 10_000
"""So many stretches are looked at, repeated ones included."""
_SURE_BYTES = 60
"""So many different non-ASCII bytes are not utf-8 by chance; a Chinese name of two characters sometimes is."""


def contradiction(name: str, sample: bytes) -> str | None:
    """The encoding that the sample must be in rather than the named one, None when there is none or too little evidence."""
    pieces = stretches(sample)
    own = cost(name, pieces)
    for rival in _CANDIDATES:
        other = cost(rival, pieces)
        least = max(LEAST_EVIDENCE_BITS, LEAST_BITS_PER_LETTER * other.letters)
        if own.bits - other.bits >= least and not other.failed and other.mean <= LARGEST_MEAN_BITS:
            return rival
    return None


def best_encoding(sample: bytes) -> tuple[str, float]:
    """The encoding that explains the sample best and the confidence in it: 0 when the text would be unlikely in any.

    Encodings that are not supported are no candidates; text in one of them is refused only where it looks unlikely.
    """
    pieces = stretches(sample)
    costs = {name: cost(name, pieces) for name in _CANDIDATES}
    bits = {name: found.bits - UTF8_BITS * (name == "utf-8") for name, found in costs.items()}
    best, second = sorted(bits, key=bits.__getitem__)[:2]
    largest = LARGEST_WESTERN_BITS if best == "cp1252" else LARGEST_MEAN_BITS
    if costs[best].failed or costs[best].mean > largest:
        return best, 0.0
    return best, round(1.0 - 0.5 ** ((bits[second] - bits[best]) / BITS_PER_DOUBT), 3)


def surely_not_by_chance(sample: bytes) -> bool:
    """Whether a sample that reads as utf-8 holds so much beyond ASCII that it must be."""
    return sum(map(len, stretches(sample, _SURE_BYTES))) >= _SURE_BYTES


def stretches(sample: bytes, enough: int = 20_000) -> list[bytes]:
    """The different non-ASCII stretches, each once: a repeated text is no further evidence. `enough`: so many bytes of them.

    One that ends with the sample is left out, where there are others: its last character may be cut.
    """
    places = np.flatnonzero(np.frombuffer(sample, dtype=np.uint8) & 0x80)
    found: dict[bytes, None] = {}
    at = size = looks = 0
    while at < len(places) and size < enough and looks < _MOST_LOOKS:
        looks += 1
        start, end = _bounds(sample, int(places[at]))
        at = int(np.searchsorted(places, end))
        if sample[start:end] not in found and (end < len(sample) or not found):
            found[sample[start:end]] = None
            size += end - start
    return list(found)


def _bounds(sample: bytes, high: int) -> tuple[int, int]:
    """A stretch begins with its first non-ASCII byte, or an ASCII letter before it: no separator is ever inside a character."""
    end = _STRETCH.match(sample, high).end()  # type: ignore[union-attr]
    return high - sample[max(high - 1, 0) : high].isalpha(), end
