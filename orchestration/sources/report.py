"""What every pull hands back: figures, or an error fit for a log. No reader and no connection lives here."""

from dataclasses import dataclass

from orchestration.settings.sources import BlockRef


@dataclass(frozen=True)
class PullReport:
    """Figures of one pull. `rows_changed`: rows written; `rows_deleted`: records that the source no longer has.

    `file`: the name of the file in the block's landing folder, None when nothing changed.
    """

    rows_read: int
    rows_changed: int
    rows_deleted: int
    file: str | None


class PullError(Exception):
    """A pull that could not be made. It names block, problem and remedy; never a secret, an address or a value of a row."""

    def __init__(self, ref: BlockRef, problem: str):
        super().__init__(f"{ref.source}/{ref.block}: {problem}")
