"""What texts of each encoding are made of: parts of an alphabet with their shares, and what a change between them costs.

Weights only; they are applied in `likelihood.py`. A part takes only characters that no part before it has; shares need not add
up to one where a part is dear to enter.
"""

import numpy as np

from orchestration.landing import characters as known

SEPARATOR, LOWER, UPPER, PLAIN, HAN, KANA, HALF, HALF_MARK, MARK, LATIN, CAPITAL, OTHER, BAD = range(13)
"""Groups of characters that follow each other in a like way."""

Part = tuple[int, float, str]


def _chinese() -> list[Part]:
    return [
        (HAN, 0.55, known.SIMPLIFIED),
        (HAN, 0.33, known.level("gb2312", range(0xB0, 0xD8), range(0xA1, 0xFF))),
        (HAN, 0.05, known.TRADITIONAL),
        (HAN, 0.02, known.level("gb2312", range(0xD8, 0xF8), range(0xA1, 0xFF))),
        (HAN, 0.02, known.level("big5", range(0xA4, 0xC7), range(0x40, 0xFF))),
        (MARK, 0.03, known.FULL_WIDTH),
        (KANA, 0.6, known.KANA),  # dear to enter and leave, see `changes`
        (LATIN, 0.2, known.PINYIN),
        *_foreign(),
    ]


def _taiwanese() -> list[Part]:
    return [
        (HAN, 0.6, known.TRADITIONAL),
        (HAN, 0.34, known.level("big5", range(0xA4, 0xC7), range(0x40, 0xFF))),
        (HAN, 0.02, known.level("big5", range(0xC9, 0xFA), range(0x40, 0xFF))),
        (MARK, 0.03, known.FULL_WIDTH),
        *_foreign(),
    ]


def _japanese() -> list[Part]:
    return [
        *_half_width(),
        (HAN, 0.35, known.JAPANESE),
        (KANA, 0.4, known.KANA),
        (HAN, 0.17, known.level("shift_jis", range(0x88, 0x99), range(0x40, 0xFD))),
        (MARK, 0.03, known.FULL_WIDTH),
        (HAN, 0.003, known.level("shift_jis", range(0x99, 0xA0), range(0x40, 0xFD))),
        (HAN, 0.004, known.level("shift_jis", range(0xE0, 0xEB), range(0x40, 0xFD))),
        *_foreign(),
    ]


def _western() -> list[Part]:
    return [(LATIN, 0.75, known.LATIN_LOWER), (CAPITAL, 0.25, known.LATIN_UPPER), (MARK, 0.12, known.LATIN_MARKS)]


def _any() -> list[Part]:
    han = known.SIMPLIFIED + known.TRADITIONAL + known.JAPANESE
    others = known.OTHER_SCRIPTS + known.FURTHER_SCRIPTS
    rest = [(HAN, 0.3, known.span(0x4E00, 0x9FFF)), (OTHER, 0.2, others), (OTHER, 0.1, known.span(0x2000, 0x27FF))]
    return [
        (HAN, 0.5, han),
        (KANA, 0.4, known.KANA),
        (MARK, 0.03, known.FULL_WIDTH),
        *_western(),
        *_half_width(),
        *rest,
    ]


def _half_width() -> list[Part]:
    return [(HALF, 0.8, known.HALF_KANA), (HALF_MARK, 0.2, known.HALF_MARKS)]


def _foreign() -> list[Part]:
    return [(OTHER, 0.2, known.OTHER_SCRIPTS), (LATIN, 0.05, known.LATIN_LOWER)]


PARTS = {
    "utf-8": _any,
    "gb18030": _chinese,
    "gbk": _chinese,
    "big5": _taiwanese,
    "shift_jis": _japanese,
    "cp1252": _western,
    "latin-1": _western,
}


def changes(mixed: bool) -> np.ndarray:
    """Bits of going from one group (row) to another: scripts keep to themselves, and accents stand in words.

    `mixed`: Japanese texts, that change between Han characters and kana all the time.
    """
    bits = np.zeros((13, 13), dtype=np.float32)
    letters, eastern = [LOWER, UPPER], [HAN, KANA]
    bits[np.ix_(letters, eastern)] = bits[np.ix_(eastern, letters)] = 3.0
    bits[HAN, KANA] = bits[KANA, HAN] = 0.0 if mixed else 5.0
    bits[:, HALF] = 5.0
    bits[SEPARATOR, HALF] = 3.0
    bits[[HAN, KANA, LOWER], HALF] = 9.0
    bits[[HALF, HALF_MARK], HALF] = 0.3
    bits[:, HALF_MARK] = 12.0
    bits[HALF, HALF_MARK] = 0.0
    bits[np.ix_([HALF, HALF_MARK], [HAN, KANA, LATIN, CAPITAL, LOWER, OTHER])] = 6.0
    bits[:, OTHER] = 6.0
    bits[OTHER, OTHER] = 0.2
    bits[np.ix_([OTHER, LATIN, CAPITAL], eastern)] = bits[np.ix_(eastern, [LATIN, CAPITAL])] = 7.0
    bits[LOWER, CAPITAL] = 8.0
    bits[np.ix_([LATIN, CAPITAL], [LATIN, CAPITAL])] = 4.0
    bits[SEPARATOR, LATIN] = 2.0
    bits[LATIN, CAPITAL] = 8.0
    bits[PLAIN, LATIN] = 2.0
    return bits
