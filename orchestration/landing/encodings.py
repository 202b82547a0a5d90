"""Which encoding a text file is in: the declared one, held against the bytes, or found when declared `auto`.

A declaration is believed unless the bytes speak against it: another encoding must read all of the sample, as likely
text, and explain it better by at least `evidence.LEAST_EVIDENCE_BITS`. The least evidence is about four different
names (two of three Chinese characters each), so that one or two non-ASCII fields rarely refuse a file. Encodings that
give the very same text are not told apart, as there is nothing to refuse. `auto` knows the supported encodings only:
a file in another one (EUC-KR, Windows-1250) is refused where its text looks unlikely, which is not always. Decoding
of rows is done by the readers, strictly.
"""

import codecs
import re

from orchestration.landing import limits
from orchestration.landing.batches import FileRefused
from orchestration.landing.utf16 import utf16_side

_BOMS = ((codecs.BOM_UTF8, "utf-8"), (codecs.BOM_UTF16_LE, "utf-16"), (codecs.BOM_UTF16_BE, "utf-16"))
_CONTROLS = re.compile("[\x80-\x9f]")


def settle_encoding(declared: str, sample: bytes) -> tuple[str, float | None, int]:
    """Codec to decode with, confidence (None when declared), and the length of the byte order mark to skip.

    `sample`: the first bytes of the content. Raises FileRefused('encoding') when they contradict the declaration, or when
    `auto` finds nothing with enough confidence.
    """
    mark, marked = next(((bom, name) for bom, name in _BOMS if sample.startswith(bom)), (b"", ""))
    if declared == "auto":
        return (*_find(marked, sample), len(mark))
    name = declared.replace("utf-8-sig", "utf-8")
    if marked and marked != name:
        raise _refusal(declared, f"the file begins with the byte order mark of {marked}")
    side = utf16_side(sample)
    if (name == "utf-16") != (side is not None) and sample:
        raise _refusal(declared, f"the bytes are {'' if side else 'not '}utf-16")
    if rival := _contradiction(name, sample[len(mark) :]):
        raise _refusal(declared, f"the bytes read better as {rival}")
    return side or name, None, len(mark)


def undecodable(text: str, codec: str) -> bool:
    """Whether a decoded line holds what the codec lets through but no text has: C1 controls in latin-1."""
    return codec == "latin-1" and bool(_CONTROLS.search(text))


def is_utf8(sample: bytes) -> bool:
    """Whether the sample is utf-8, a character cut at its end aside."""
    try:
        codecs.getincrementaldecoder("utf-8")().decode(sample)
    except UnicodeDecodeError:
        return False
    return True


def _contradiction(name: str, sample: bytes) -> str | None:
    if name == "utf-16" or sample.isascii() or (name == "utf-8" and is_utf8(sample)):
        return None
    from orchestration.landing.evidence import contradiction  # only doubtful files pay for its tables

    return contradiction(name, sample)


def _find(marked: str, sample: bytes) -> tuple[str, float]:
    if side := utf16_side(sample):
        return side, 1.0
    if marked or sample.isascii():
        return "utf-8", 1.0
    from orchestration.landing.evidence import best_encoding, surely_not_by_chance

    if is_utf8(sample) and surely_not_by_chance(sample):
        return "utf-8", 1.0
    best, confidence = best_encoding(sample)
    if confidence < limits.LEAST_ENCODING_CONFIDENCE:
        raise FileRefused(
            "encoding", f"no encoding found with confidence {limits.LEAST_ENCODING_CONFIDENCE} (best {confidence})"
        )
    return best, confidence


def _refusal(declared: str, reason: str) -> FileRefused:
    return FileRefused("encoding", f"declared {declared}, but {reason}")
