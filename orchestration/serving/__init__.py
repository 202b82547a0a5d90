"""Publication: what people and their tools read, built aside, verified, and swapped in at once.

`tables.py` declares what is published, `masks.py` what the ordinary variant hides, `publish.py` is the way in. The
files below `serving/` are written here only, and never opened for writing once published; what people take into their
hands is made from them in orchestration/reports. No calculation of business
meaning belongs here.
"""

from orchestration.serving.build import ORDINARY, RESTRICTED
from orchestration.serving.hashes import state_hash
from orchestration.serving.publish import PublicationReport, Published, WrongDay, publish, published
from orchestration.serving.rows import MissingTables
from orchestration.serving.swap import recover
from orchestration.serving.verify import VerificationFailed

__all__ = [
    "ORDINARY", "RESTRICTED", "MissingTables", "PublicationReport", "Published", "VerificationFailed", "WrongDay",
    "publish", "published", "recover", "state_hash", ]  # fmt: skip
