"""Which encoding a text file is in: the declared one, held against the bytes, or found when declared `auto`.

A declaration is believed only as far as the bytes allow: a wrong one refuses the file rather than load mojibake. Decoding of
rows is done by the readers, strictly.
"""

import codecs
import re

from orchestration.landing import limits
from orchestration.landing.batches import FileRefused
from orchestration.settings.source_rules import ENCODINGS

_BOMS = ((codecs.BOM_UTF8, "utf-8"), (codecs.BOM_UTF16_LE, "utf-16"), (codecs.BOM_UTF16_BE, "utf-16"))
_ONE_BYTE = ("latin-1", "cp1252")
_CONTROLS = re.compile("[\x80-\x9f]")
_RUN = re.compile(rb"[\x80-\xff]{2,}")
_HIGH = re.compile(rb"[\x80-\xff]")
_LEAST_EVIDENCE = 20
_LARGEST_RUN_SHARE = 0.6


def settle_encoding(declared: str, sample: bytes) -> tuple[str, float | None, int]:
    """Codec to decode with, confidence (None when declared), and the length of the byte order mark to skip.

    `sample`: the first bytes of the content. Raises FileRefused('encoding') when they contradict the declaration, or when
    `auto` finds nothing with enough confidence.
    """
    mark, marked = next(((bom, name) for bom, name in _BOMS if sample.startswith(bom)), (b"", ""))
    if declared == "auto":
        name, confidence = (marked, 1.0) if marked else _detect(sample)
    else:
        name, confidence = declared.replace("utf-8-sig", "utf-8"), None
        if marked and marked != name:
            raise FileRefused(
                "encoding", f"declared {declared}, but the file begins with the byte order mark of {marked}"
            )
        _check_plausible(name, sample)
    return (_utf16_side(sample) if name == "utf-16" else name), confidence, len(mark)


def undecodable(text: str, codec: str) -> bool:
    """Whether a decoded line holds what the codec lets through but no text has: C1 controls in latin-1."""
    return codec == "latin-1" and bool(_CONTROLS.search(text))


def _utf16_side(sample: bytes) -> str:
    if sample[:2] == codecs.BOM_UTF16_BE or (sample[:1] == b"\0" and sample[1:2] != b"\0"):
        return "utf-16-be"
    return "utf-16-le"


def _check_plausible(name: str, sample: bytes) -> None:
    if name in ("utf-8", "utf-16"):
        return
    high = len(_HIGH.findall(sample))
    if high >= _LEAST_EVIDENCE and is_utf8(sample):
        raise FileRefused("encoding", f"declared {name}, but all of it reads as utf-8")
    if name in _ONE_BYTE and high >= _LEAST_EVIDENCE:
        runs = sum(len(run) for run in _RUN.findall(sample))
        if runs / high > _LARGEST_RUN_SHARE:
            raise FileRefused(
                "encoding", f"declared {name}, but the bytes look like an encoding of several bytes a character"
            )


def is_utf8(sample: bytes) -> bool:
    """Whether the sample is utf-8, a character cut at its end aside."""
    try:
        codecs.getincrementaldecoder("utf-8")().decode(sample)
    except UnicodeDecodeError:
        return False
    return True


def _detect(sample: bytes) -> tuple[str, float]:
    if is_utf8(sample):
        return "utf-8", 1.0
    from charset_normalizer import from_bytes  # slow to import, and only `auto` needs it

    candidates = [name for name in ENCODINGS if name not in ("auto", "utf-8", "utf-8-sig")]
    best = from_bytes(sample[:200_000], cp_isolation=candidates).best()
    confidence = round(1.0 - best.chaos, 3) if best else 0.0
    if best is None or confidence < limits.LEAST_ENCODING_CONFIDENCE:
        raise FileRefused(
            "encoding", f"no encoding found with confidence {limits.LEAST_ENCODING_CONFIDENCE} (best {confidence})"
        )
    name = next(name for name in candidates if codecs.lookup(name).name == codecs.lookup(best.encoding).name)
    return name, confidence
