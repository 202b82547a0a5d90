"""Writes the truth to `state/truth/` as Parquet, chunk by chunk."""

from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from orchestration.sample.files import LandingFiles
from orchestration.sample.text import Text, choose, code, constant, join, moments, pick
from orchestration.sample.truth import Yield
from orchestration.sample.world import World

BROKEN = ("source", "entity", "file", "row_number", "line_number", "rule", "column")


class TruthFiles:
    """persons, records and references grow with each chunk; broken_rows, duplicates and files are written at the
    end."""

    def __init__(self, folder: Path):
        folder.mkdir(parents=True, exist_ok=True)
        self.folder = folder
        self.counts = {"persons": 0, "records": 0, "references": 0}
        self._writers: dict[str, pq.ParquetWriter] = {}

    def add(self, world: World, yields: list[Yield]) -> None:
        """The truth of one chunk."""
        self._write("persons", pa.concat_tables([_persons(world), _companies(world)]))
        for made in yields:
            for table in made.records:
                self._write("records", table)
            for table in made.references:
                self._write("references", table)

    def close(self, landing: LandingFiles) -> None:
        """The truth about dirt, and the end of the growing files."""
        for writer in self._writers.values():
            writer.close()
        broken = {name: [row[place] for row in landing.broken] for place, name in enumerate(BROKEN)}
        pq.write_table(pa.table(broken), self.folder / "broken_rows.parquet")
        copies = [(source, entity, count) for (source, entity), count in sorted(landing.repeats.items())]
        pq.write_table(
            pa.Table.from_pylist([dict(zip(("source", "entity", "count"), c, strict=True)) for c in copies]),
            self.folder / "duplicates.parquet",
        )
        rows = [{"file": file, "rows": count} for file, count in sorted(landing.rows_of.items())]
        pq.write_table(pa.Table.from_pylist(rows), self.folder / "files.parquet")

    def _write(self, name: str, table: pa.Table) -> None:
        self.counts[name] += table.num_rows
        if name not in self._writers:
            self._writers[name] = pq.ParquetWriter(self.folder / f"{name}.parquet", table.schema, compression="zstd")
        self._writers[name].write_table(table)


def _persons(world: World) -> pa.Table:
    people = world.people
    name = choose(people.is_western, join(" ", people.given, people.family), join("", people.family, people.given))
    orders = np.bincount(world.purchases.who, minlength=len(people))
    company = pick(people.companies.true_id, people.company)
    return _table(
        people.true_id,
        name,
        "person",
        code("H", people.household, 8),
        people.relation,
        company,
        (people.acquired, world.purchases.churned),
        orders,
    )


def _companies(world: World) -> pa.Table:
    firms, size = world.people.companies, len(world.people.companies.index)
    nothing, never = constant(None, size), (np.full(size, -1), np.full(size, -1))
    return _table(
        firms.true_id, firms.name_latin, "company", nothing, nothing, nothing, never, np.zeros(size, dtype=np.int64)
    )


def _table(
    true_id: Text,
    name: Text,
    kind: str,
    household: Text,
    relation: Text,
    company: Text,
    days: tuple[np.ndarray, np.ndarray],
    orders: np.ndarray,
) -> pa.Table:
    """One row a true person or company; dates are business days, `churned_on` null while it stays."""
    acquired, churned = (pa.array(moments(at, "%Y-%m-%d", "Asia/Shanghai")).cast(pa.date32()) for at in days)
    return pa.table({
        "true_person_id": true_id, "name": name, "kind": constant(kind, len(name)), "household_id": household,
        "relation": relation,
        "company_true_id": company, "acquired_on": acquired, "churned_on": churned,
        "count_orders": pa.array(orders, pa.int64()),
    })  # fmt: skip
