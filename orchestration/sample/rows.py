"""What a channel hands to the file writer: text columns, when each row became known, and where it goes.

Rows know their block and their times; how they look on disk is `layout.py`, how they get dirty is `dirt.py`.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from orchestration.sample.text import Text


@dataclass(frozen=True)
class Rows:
    """Rows of one block, grain: one source row.

    `at`: seconds UTC when the row was written in its system (decides the file); `label`: a number that splits files
    further, such as the store (None: one file a period).
    """

    source: str
    block: str
    columns: Mapping[str, Text]
    at: np.ndarray
    label: np.ndarray | None = None

    def __len__(self) -> int:
        return len(self.at)

    def take(self, index: np.ndarray) -> "Rows":
        """The rows at `index`, in that order."""
        where = pa.array(index, pa.int64())
        columns = {name: column.take(where) for name, column in self.columns.items()}
        return Rows(self.source, self.block, columns, self.at[index], None if self.label is None else self.label[index])

    def with_column(self, name: str, column: Text) -> "Rows":
        """The same rows with one column replaced."""
        return Rows(self.source, self.block, {**self.columns, name: column}, self.at, self.label)

    def arriving(self, at: np.ndarray) -> "Rows":
        """The same rows, reaching their file at another time."""
        return Rows(self.source, self.block, self.columns, at, self.label)


def concat(parts: list[Rows]) -> Rows:
    """Rows of the same block, one after the other."""
    first = parts[0]
    columns = {name: pa.concat_arrays([part.columns[name] for part in parts]) for name in first.columns}
    label = None if first.label is None else np.concatenate([part.label for part in parts if part.label is not None])
    return Rows(first.source, first.block, columns, np.concatenate([part.at for part in parts]), label)
