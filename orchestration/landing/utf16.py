"""Whether bytes are UTF-16 and which side of each pair comes first, by the ASCII characters that every landed format has.

Only UTF-16 is known here; byte order marks of other encodings are in `encodings.py`.
"""

import codecs

import numpy as np

_LEAST_SHARE = 0.02
"""Of units that are ASCII: separators and numbers alone are more, stray NULs in a text of bytes are less."""


def utf16_side(sample: bytes) -> str | None:
    """`utf-16-le` or `utf-16-be`, None when the sample is not UTF-16. An odd byte or half a pair at its end is no fault."""
    if sample.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return "utf-16-le" if sample.startswith(codecs.BOM_UTF16_LE) else "utf-16-be"
    if b"\0" not in sample:
        return None
    share, side = max((_ascii_share(sample, kind), side) for kind, side in (("<u2", "utf-16-le"), (">u2", "utf-16-be")))
    return side if share >= _LEAST_SHARE else None


def _ascii_share(sample: bytes, kind: str) -> float:
    units = np.frombuffer(sample[: len(sample) & ~1], dtype=kind)
    printable = (units >= 0x20) & (units < 0x7F)
    return float((printable | np.isin(units, (9, 10, 13))).mean()) if len(units) else 0.0
