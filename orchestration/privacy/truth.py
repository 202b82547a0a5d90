"""Labels to measure the linking by name persons too: their rows go with the person. Of sample data it is all that is true."""

import csv
import io
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from orchestration.durable import sync, write_file
from orchestration.landing import REFERENCE, Name, Suppression
from orchestration.settings import Home

_RECORD = ("source", "entity", "source_record_id")


def erase_truth(home: Home, suppression: Suppression, records: frozenset[tuple[str, str, str]]) -> int:
    """Takes the rows of these records and references out, and persons of whom no record is left. Returns how many rows.

    The records go last: they tell which persons are meant.
    """
    persons = _persons_gone(home, records)
    files = sorted(home.truth.glob("*.parquet"), key=lambda path: (path.stem.startswith("records"), path.name))
    erased = sum(_erase_table(path, suppression, records, persons) for path in files)
    return erased + sum(_erase_csv(path, records) for path in sorted(home.truth.glob("*.csv")))


def _persons_gone(home: Home, records: frozenset[tuple[str, str, str]]) -> set[str]:
    gone: set[str] = set()
    left: set[str] = set()
    for path in home.truth.glob("records*.parquet"):
        for row in pq.read_table(path, columns=[*_RECORD, "true_person_id"]).to_pylist():
            (gone if tuple(row[name] for name in _RECORD) in records else left).add(row["true_person_id"])
    return gone - left


def _erase_table(
    path: Path, suppression: Suppression, records: frozenset[tuple[str, str, str]], persons: set[str]
) -> int:
    table = pq.read_table(path)
    if set(_RECORD) <= set(table.column_names):
        places = zip(*(table[name].to_pylist() for name in _RECORD), strict=True)
        out = [place in records for place in places]
    elif {"source", "person_ref_by", "person_ref_value"} <= set(table.column_names):
        refs = table.select(["source", "person_ref_by", "person_ref_value"]).to_pylist()
        out = [_is_erased(suppression, **ref) for ref in refs]
    elif "true_person_id" in table.column_names:
        out = [person in persons for person in table["true_person_id"].to_pylist()]
    else:
        return 0
    if any(out):
        aside = path.with_name(path.name + ".new")
        pq.write_table(table.filter(pc.invert(pa.array(out, pa.bool_()))), aside)
        sync(aside)
        aside.replace(path)
        sync(path.parent)
    return sum(out)


def _is_erased(suppression: Suppression, source: str, person_ref_by: str, person_ref_value: str | None) -> bool:
    if person_ref_value is None:
        return False
    coded = person_ref_value if person_ref_by in ("email", "phone", "record") else person_ref_value.upper()
    names = (Name(REFERENCE, f"{source}/{person_ref_by}", coded), Name(person_ref_by, "", coded))
    return any(suppression.holds(name) for name in names)


def _erase_csv(path: Path, records: frozenset[tuple[str, str, str]]) -> int:
    text = path.read_text(encoding="utf-8-sig")
    rows = list(csv.DictReader(io.StringIO(text, newline="")))
    if not rows or not set(_RECORD) <= set(rows[0]):
        return 0
    left = [row for row in rows if tuple(row[name] for name in _RECORD) not in records]
    if len(left) < len(rows):
        buffer = io.StringIO(newline="")
        writer = csv.DictWriter(buffer, list(rows[0]))
        writer.writeheader()
        writer.writerows(left)
        write_file(path, buffer.getvalue().encode())
    return len(rows) - len(left)
