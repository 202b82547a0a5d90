"""The truth beside the landing files: who is who, which references are whose, who has left. A run
measures its links by the records and uses none of it else; tests do.

A channel returns its `Yield`: rows for the files, and what is true about them. The Parquet files are written by
`files.py`.
"""

from dataclasses import dataclass, field

import pyarrow as pa
import pyarrow.compute as pc

from orchestration.sample.rows import Rows
from orchestration.sample.text import Text, constant


@dataclass(frozen=True)
class Yield:
    """What one channel makes of one chunk. `records`, `references`: tables of truth (columns below)."""

    rows: list[Rows]
    records: list[pa.Table] = field(default_factory=list)
    references: list[pa.Table] = field(default_factory=list)


def records(source: str, block: str, identifier: Text, true_id: Text) -> pa.Table:
    """Which true person or company each source record is. Grain: source record."""
    size = len(identifier)
    columns = [constant(source, size), constant(block, size), identifier, true_id]
    return pa.table(columns, names=["source", "entity", "source_record_id", "true_person_id"])


def references(source: str, by: str, value: Text, normal: Text, true_id: Text) -> pa.Table:
    """Whose a reference by e-mail, phone, card or WeChat is; one that two persons use stands there twice.

    `person_ref`: as it was landed; `person_ref_value`: lower case or E.164. Grain: source, reference as landed, person.
    """
    size = len(value)
    columns = [constant(source, size), constant(by, size), value, normal, true_id]
    names = ["source", "person_ref_by", "person_ref", "person_ref_value", "true_person_id"]
    table = pa.table(columns, names=names)
    known = table.filter(pc.is_valid(table["person_ref"]))
    return known.group_by(names, use_threads=False).aggregate([])
