"""The reader `sql`: a table or query of PostgreSQL or MySQL, pulled into the block's landing folder.

`connection.py` opens one snapshot, `statements.py` says what is asked of it, `text.py` turns values into text, `compare.py` finds
what changed, `state.py` makes a pull durable, `pulling.py` puts these in order. Failures are told by `problems.py`.
"""

from datetime import datetime

from orchestration.settings.home import Home
from orchestration.settings.readers import SqlReader
from orchestration.settings.sources import BlockRef
from orchestration.sources.report import PullError, PullReport
from orchestration.sources.sql.connection import attempted, snapshot
from orchestration.sources.sql.pulling import Pull
from orchestration.sources.sql.statements import origin


def pull(home: Home, ref: BlockRef, now: datetime) -> PullReport:
    """Writes what changed since the last pull as one file into the block's landing folder. `now`: aware."""
    return attempted(ref, lambda: Pull(home, ref, _reader(ref), now).run())


def probe(ref: BlockRef) -> str | None:
    """What keeps the block from being pulled: a missing variable, the connection, the table, a column; or None."""
    try:
        attempted(ref, lambda: _look(ref), waits=())
    except PullError as problem:
        return str(problem)
    return None


def _look(ref: BlockRef) -> None:
    with snapshot(ref, _reader(ref)) as connection:
        origin(connection, ref, _reader(ref))


def _reader(ref: BlockRef) -> SqlReader:
    assert isinstance(ref.settings.reader, SqlReader)
    return ref.settings.reader
