"""Where a block's pulls are kept, and how one becomes durable: all or nothing, whenever the process is killed.

`state/pulled/<source>/<block>.parquet` says what was pulled before. In this order: the landing file whole under a name ending
in `.part`, the new state whole as `.next`, the landing file by its own name, the new state in place of the old. From `.next`
on the pull counts: the next one finishes it first. Before that nothing counts, and the next pull reads again.
"""

import json
import shutil
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from orchestration.durable import sync
from orchestration.settings.home import Home
from orchestration.settings.sources import BlockRef
from orchestration.sources.report import PullError
from orchestration.sources.sql.writing import NOTE

_STAMP = "%Y%m%dT%H%M%S%fZ"
_STAMP_GLOB = f"{'[0-9]' * 8}T{'[0-9]' * 12}Z"


@dataclass(frozen=True)
class Mark:
    """What a state file says of itself. `origin`, `key`, `cursor`, `columns`: what was read; `file`, `at`: what it was
    written to and when; `highest`, `kind`: the highest cursor, where that alone is remembered (then it has no rows)."""

    origin: str
    key: list[str]
    cursor: str | None
    columns: list[str]
    file: str
    at: str
    highest: str | None = None
    kind: str | None = None

    def reads_like(self, other: "Mark") -> bool:
        """Whether versions of rows can be compared: a column more, or another cursor, makes every row a changed one."""
        blank = {"file": "", "at": "", "highest": None, "kind": None}
        return replace(self, **blank) == replace(other, **blank)  # type: ignore[arg-type]

    @property
    def note(self) -> bytes:
        return json.dumps(asdict(self), ensure_ascii=False).encode()


class Place:
    """The files of one block's pulls."""

    def __init__(self, home: Home, ref: BlockRef):
        self._ref = ref
        self.landing = home.landing / ref.source / ref.block
        self.state = home.pulled / ref.source / f"{ref.block}.parquet"
        self.next = self.state.with_suffix(".next")
        self.unfinished = self.state.with_suffix(".unfinished")
        self.work = home.temporary / "pull" / ref.source / ref.block

    def prepare(self) -> None:
        """Makes the folders, finishes a pull that was cut off after it counted, clears away one that was before."""
        for folder in (self.landing, self.state.parent):
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        if self.next.exists():
            self.finish(self._mark_in(self.next))
        for stray in (*self.landing.glob(f"{self._ref.block}-{_STAMP_GLOB}.parquet.part"), self.unfinished):
            stray.unlink(missing_ok=True)
        self.clear()
        self.work.mkdir(mode=0o700, parents=True)

    def clear(self) -> None:
        shutil.rmtree(self.work, ignore_errors=True)

    def mark(self) -> Mark | None:
        """What the last pull left, if there was one."""
        return self._mark_in(self.state) if self.state.exists() else None

    def part(self, mark: Mark) -> Path:
        return self.landing / f"{mark.file}.part"

    def finish(self, mark: Mark) -> None:
        """The last two steps; each may have been done before."""
        if self.part(mark).exists():
            self.part(mark).replace(self.landing / mark.file)
            sync(self.landing)
        self.next.replace(self.state)
        sync(self.state.parent)

    def count(self) -> None:
        """The state in `unfinished` is whole: from here on the pull counts."""
        self.unfinished.replace(self.next)
        sync(self.state.parent)

    def _mark_in(self, path: Path) -> Mark:
        try:
            return Mark(**json.loads((pq.read_schema(path).metadata or {})[NOTE]))
        except (pa.ArrowException, OSError, KeyError, TypeError, ValueError):
            pass
        raise PullError(
            self._ref, f"{path.name} in state/pulled is damaged; without it all rows are read anew: delete it"
        )


def moment_of(now: datetime, last: Mark | None) -> datetime:
    """The time of a pull, later than that of the one before even when the clock went back: file names tell their order."""
    now = now.astimezone(UTC)
    return max(now, datetime.fromisoformat(last.at) + timedelta(microseconds=1)) if last else now


def file_name(block: str, moment: datetime) -> str:
    return f"{block}-{moment.strftime(_STAMP)}.parquet"
