"""How likely bytes are as text of one encoding, in bits: the smaller, the better it explains them.

The cost of a decoding is the sum over its characters of -log2 of the chance of the character's class and of its place within the
class, and of what a change between classes costs. As all encodings explain the same bytes, costs can be compared directly: the
difference of two is the evidence for one against the other. No file, no declaration and no refusal is known here.
"""

from dataclasses import dataclass
from functools import cache

import numpy as np

from orchestration.landing import characters as known
from orchestration.landing import scripts

UNDECODABLE_BITS = 16.0
"""Of a stretch of bytes that an encoding cannot read, beside BITS_PER_BYTE for each of its bytes."""
BITS_PER_BYTE = 8.0
_NEVER = 30.0
_RARE = 20.0
_BEYOND = 0x10000
"""Stands for every character beyond 16 bits."""


@dataclass(frozen=True)
class Cost:
    """Bits of one decoding: `bits` in all, `mean` a non-ASCII character of those that decode, `failed` stretches that do not."""

    bits: float
    mean: float
    letters: int
    failed: int


def cost(codec: str, stretches: list[bytes]) -> Cost:
    """What these stretches of bytes cost in one encoding."""
    texts, lost = _decode(codec, stretches)
    points = np.frombuffer(("\n" + "\n".join(texts) + "\n").encode("utf-32-le", "surrogatepass"), dtype="<u4")
    points = np.minimum(points, _BEYOND)
    costs, groups, changes = _tables(codec)
    group = groups[points]
    bits = costs[points[1:]] + changes[group[:-1], group[1:]]
    foreign = bits[points[1:] > 0x7F]
    mean = float(foreign.mean()) if len(foreign) else 0.0
    return Cost(float(bits.sum()) + lost, mean, len(foreign), len(stretches) - len(texts))


def _decode(codec: str, stretches: list[bytes]) -> tuple[list[str], float]:
    texts, lost = [], 0.0
    for stretch in stretches:
        try:
            texts.append(stretch.decode(codec))
        except UnicodeDecodeError:
            lost += UNDECODABLE_BITS + BITS_PER_BYTE * len(stretch)
    return texts, lost


@cache
def _tables(codec: str) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Bits of a code point, its group, and bits of a change of groups."""
    costs = np.full(_BEYOND + 1, _RARE, dtype=np.float32)
    groups = np.full(_BEYOND + 1, scripts.HAN, dtype=np.uint8)
    groups[0x80:0x2E80] = groups[0xA000:] = scripts.OTHER
    _set(costs, groups, scripts.BAD, _NEVER, known.span(0, 0x1F) + known.span(0x7F, 0x9F) + known.span(0xE000, 0xF8FF))
    _set(costs, groups, scripts.PLAIN, 6.0, known.span(0x20, 0x7E))
    _set(costs, groups, scripts.LOWER, 5.0, known.span(0x61, 0x7A))
    _set(costs, groups, scripts.UPPER, 5.5, known.span(0x41, 0x5A))
    _set(costs, groups, scripts.SEPARATOR, 0.0, "\n")
    taken = set(known.span(0, 0x9F))
    for group, share, letters in scripts.PARTS[codec]():
        fresh = [letter for letter in dict.fromkeys(letters) if letter not in taken]
        taken.update(fresh)
        _set(costs, groups, group, float(np.log2(len(fresh) / share)), "".join(fresh))
    return costs, groups, scripts.changes(mixed=codec in ("shift_jis", "utf-8"))


def _set(costs: np.ndarray, groups: np.ndarray, group: int, bits: float, letters: str) -> None:
    points = [ord(letter) for letter in letters]
    costs[points], groups[points] = bits, group
