"""The columns of a file against those its block asks for: what `on_drift` means.

By name, so that values never shift:
 - columns that are not mapped go to `_extra`, whatever `on_drift` says; the order of columns does not matter;
 - a missing column (a renamed one is missing and added): `refuse` refuses the file; `quarantine` sets every row aside with
   rule `drift`; `extend` loads null in its place, and rows that lack a required value or key fall to `required`;
 - a file with none of the columns, or with one of them twice, is refused;
 - JSON rows name their own columns and leave out nulls: only a key or required column that no row has is drift there
   (`refuse` refuses; otherwise its rows fall to `required`).
A re-typed column fails by row, at number, timestamp or allowed.
"""

from collections.abc import Iterator

from orchestration.landing.batches import Batch, FileRefused, Reading
from orchestration.landing.readers.columnar import set_aside
from orchestration.settings.sources import BlockRef


class Checked:
    """The batches of a reading under the block's rule of drift. Raises FileRefused at once, or by `check` after the last."""

    def __init__(self, reading: Reading, ref: BlockRef):
        self._reading, self._ref = reading, ref
        self._missing = _missing(reading.header, ref)
        self._absent = _indispensable(ref) if reading.header is None else set()
        self._rows = 0

    def __iter__(self) -> Iterator[Batch]:
        for batch in self._reading.batches():
            self._rows += batch.rows
            self._absent -= {name for name in self._absent if batch.columns[name].null_count < batch.rows}
            if self._missing:
                reason = f"the file has no column {self._missing[0]}"
                batch = set_aside(batch, set(range(batch.rows)), "drift", reason)
            yield batch

    def check(self) -> None:
        """Raises FileRefused when no row had a column that all must have."""
        if self._absent and self._rows and self._ref.settings.on_drift == "refuse":
            raise FileRefused("header", f"no row has the columns {', '.join(sorted(self._absent))}")


def _missing(header: list[str] | None, ref: BlockRef) -> list[str]:
    """The mapped and key columns that the file lacks, when its rows are to be set aside for it."""
    if header is None:
        return []
    wanted = list(dict.fromkeys([*ref.settings.columns.values(), *ref.settings.key]))
    missing = [name for name in wanted if name not in header]
    twice = [name for name in wanted if f"{name} (2)" in header]
    if twice:
        raise FileRefused("header", f"columns that stand twice: {', '.join(twice)}")
    if missing and (len(missing) == len(wanted) or ref.settings.on_drift == "refuse"):
        raise FileRefused("header", f"missing columns: {', '.join(missing)}")
    return missing if ref.settings.on_drift == "quarantine" else []


def _indispensable(ref: BlockRef) -> set[str]:
    required = {column.name for column in ref.entity.columns if column.required}
    return {*ref.settings.key, *(name for column, name in ref.settings.columns.items() if column in required)}
