"""Readers of the places data comes from; pure, no Dagster. Each kind of reader of `sources.yml` has one module here.

Whatever a reader brings ends as a file in the block's landing folder. Files dropped by someone need no pull; a kind that
pulls is called from `pull` and `probe`.
"""

from datetime import datetime

from orchestration.settings.home import Home
from orchestration.settings.readers import SqlReader
from orchestration.settings.sources import BlockRef
from orchestration.sources.report import PullError, PullReport

__all__ = ["PullError", "PullReport", "probe", "pull"]


def pull(home: Home, ref: BlockRef, now: datetime) -> PullReport | None:
    """Brings what is new of a block into its landing folder; None where files are dropped. The caller holds the run lock.

    Raises PullError, whose text is fit for a log.
    """
    if not isinstance(ref.settings.reader, SqlReader):
        return None
    from orchestration.sources import sql  # drivers and SQLAlchemy cost start-up time, which most commands need not pay

    return sql.pull(home, ref, now)


def probe(ref: BlockRef) -> str | None:
    """What keeps a block from being pulled, or None; None too where files are dropped. Changes nothing."""
    if not isinstance(ref.settings.reader, SqlReader):
        return None
    from orchestration.sources import sql

    return sql.probe(ref)
