"""Reads all rows of an opened file through the judge, and counts: the part that landing and reading again share."""

from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from orchestration.landing import limits
from orchestration.landing.ahead import ahead
from orchestration.landing.batches import Batch, Reading
from orchestration.landing.drift import Checked
from orchestration.landing.judge import Judge, Judged
from orchestration.landing.outcome import Outcome
from orchestration.settings.sources import BlockRef


@dataclass
class Figures:
    """What reading a file told beside its rows."""

    warnings: Counter[str] = field(default_factory=Counter)
    last_event: datetime | None = None

    def take(self, judged: Judged) -> None:
        self.warnings.update({rule: count for rule, count in judged.warnings.items() if count})
        self.last_event = max(filter(None, (self.last_event, judged.last_event)), default=None)

    def told(self, reading: Reading, outcome: Outcome) -> dict[str, Any]:
        """The fields of a manifest."""
        return {
            "encoding": reading.encoding,
            "encoding_confidence": reading.confidence,
            "rows_read": outcome.rows_read,
            "rows_loaded": outcome.rows_loaded,
            "rows_quarantined": outcome.rows_quarantined,
            "rows_duplicate": outcome.rows_duplicate,
            "rows_erased": outcome.rows_erased,
            "warnings": dict(sorted(self.warnings.items())),
            "last_event_at": self.last_event.replace(tzinfo=UTC).isoformat() if self.last_event else None,
        }


def read_rows(
    reading: Reading,
    ref: BlockRef,
    judge: Judge,
    outcome: Outcome,
    set_aside: Callable[[Judged], None],
    mended: Callable[[Iterable[Batch]], Iterable[Batch]] = lambda batches: batches,
    admit: Callable[[Judged], Judged] = lambda judged: judged,
) -> Figures:
    """Reads and judges every row: good ones go to `outcome`, batches with faults to `set_aside`. Raises FileRefused.

    `mended` may change the batches before they are judged, `admit` choose among the good rows after.
    """
    figures, checked = Figures(), Checked(reading, ref)
    for judged in map(admit, ahead(judge.judge, mended(checked), limits.JUDGED_AHEAD)):
        outcome.add(judged)
        figures.take(judged)
        if judged.faults:
            set_aside(judged)
    checked.check()
    outcome.check_encoding(reading.encoding)
    return figures
