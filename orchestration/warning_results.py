"""What people told about churn warnings: contacted, saved or lost. One JSON line each in the home, only ever added to.

A run takes those that were known by its `known_at`; how they move a warning is in logic/churn/life.py.
"""

from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pyarrow as pa

from orchestration.durable import read_lines, write_lines

_SCHEMA = pa.schema(
    {
        "warning_id": pa.string(), "result": pa.string(), "happened_on": pa.date32(), "told_by": pa.string(),
        "at": pa.timestamp("us"),
    }
)  # fmt: skip


@dataclass(frozen=True)
class WarningResult:
    """`result`: contacted, saved or lost; `happened_on` is a business day; `told_by` names the user; `at` is aware."""

    warning_id: str
    result: str
    happened_on: date
    told_by: str
    at: datetime


def read_results(path: Path) -> list[WarningResult]:
    """All results, the first one first. Raises KeptLinesDamaged naming the line."""
    return read_lines(path, _result, "result")


def _result(told: dict[str, Any]) -> WarningResult:
    days = {"happened_on": date.fromisoformat(told["happened_on"]), "at": datetime.fromisoformat(told["at"])}
    return WarningResult(**(told | days))


def add_results(path: Path, new: Sequence[WarningResult]) -> int:
    """Adds the results that were not told before, all or none, and returns how many. The caller holds the run lock."""
    kept = read_results(path)
    told = {(one.warning_id, one.result, one.happened_on) for one in kept}
    added = [one for one in dict.fromkeys(new) if (one.warning_id, one.result, one.happened_on) not in told]
    if added:
        write_results(path, [*kept, *added])
    return len(added)


def write_results(path: Path, results: Sequence[WarningResult]) -> None:
    """Puts these results in place of those that are there. For an erasure; else results are only added."""
    days = ({"happened_on": one.happened_on.isoformat(), "at": one.at.isoformat()} for one in results)
    write_lines(path, (asdict(one) | day for one, day in zip(results, days, strict=True)))


def results_table(results: Iterable[WarningResult], known_at: datetime) -> pa.Table:
    """What was told by `known_at` (aware). Grain: result; `at` in UTC."""
    rows = [asdict(one) | {"at": one.at.astimezone(UTC).replace(tzinfo=None)} for one in results if one.at <= known_at]
    return pa.Table.from_pylist(rows, _SCHEMA)
