"""Erasure of a person: who it is, every place that holds them, the proof that nothing is left, and the receipt.

`subject.py` finds what names the person, `places.py` reaches every copy, `proof.py` decodes the whole home, `receipts.py` says
what is kept. That rows of an erased person do not land again is the lander's (`landing/suppression.py`). Publishing again needs
the job: that is the command's, `cli/erase.py`.
"""

from orchestration.privacy.erasure import Found, begin, clear, find, find_restored, is_subject, prove_and_end
from orchestration.privacy.places import PLACES, files_of
from orchestration.privacy.receipts import (
    ErasureUnfinished,
    Work,
    check_finished,
    read_receipts,
    works,
)
from orchestration.privacy.subject import NobodyFound

__all__ = [
    "PLACES", "ErasureUnfinished", "Found", "NobodyFound", "Work", "begin", "check_finished", "clear", "files_of",
    "find", "find_restored", "is_subject", "prove_and_end", "read_receipts", "works",
]  # fmt: skip
