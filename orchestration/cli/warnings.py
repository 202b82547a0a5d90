"""`strata warnings`: the churn warnings that wait, out to a spreadsheet, and what came of them back in."""

import getpass
from datetime import UTC, date, datetime
from pathlib import Path

import duckdb
from rich.console import Console
from typer import BadParameter

from orchestration.cli.sheets import read_sheet, write_sheet
from orchestration.logic.churn.life import RESULTS
from orchestration.runlock import run_lock
from orchestration.serving import ORDINARY, published
from orchestration.settings import Home
from orchestration.warning_results import WarningResult, add_results

console = Console(soft_wrap=True, highlight=False)

ANSWERS = {**{result: result for result in RESULTS}, "已联系": "contacted", "已挽回": "saved", "已流失": "lost"}
COLUMNS = ("warning_id", "result", "happened_on")
_WAITING = """
select
    warning_id, customer_id, owner, "band", state, priority_rank, expected_loss, within_capacity, may_contact,
    first_warned_on, strategy_code, reasons, '' as result, '' as happened_on
from serving.churn_warnings
where as_of = (select as_of from serving.publication) and closed_on is null
order by priority_rank nulls last, warning_id
"""


def export(home: Home, to: Path, owner: str | None) -> None:
    """Writes the running warnings as CSV, the largest expected loss first; of one owner, if named. It holds no direct
    identifiers. Raises BadParameter where nothing is published."""
    if published(home) is None:
        raise BadParameter("nothing is published yet: run `strata run` first")
    with duckdb.connect(home.serving / ORDINARY, read_only=True) as con:
        result = con.execute(_WAITING)
        names, rows = [column[0] for column in result.description], result.fetchall()
    place = names.index("owner")
    chosen = [row for row in rows if owner in (None, row[place])]
    write_sheet(to, names, chosen)
    console.print(
        f"{to}: {len(chosen):,} warnings; write {', '.join(RESULTS)} into the column result and the day into happened_on, "
        f"then `strata warnings import {to}`"
    )


def take(home: Home, file: Path) -> int:
    """Keeps the results of a CSV with the columns warning_id, result, happened_on; lines without a result are passed over.
    A line that cannot be taken is named and stops no other. Returns the exit code: 1 when a line was refused.

    Raises BadParameter for a file that cannot be read or lacks a column.
    """
    known = _known_warnings(home)
    results, wrong = [], []
    now, user = datetime.now(UTC), getpass.getuser()
    for number, cells in read_sheet(file, COLUMNS, "strata warnings export"):
        warning_id, result, happened_on = (cells[name] for name in COLUMNS)
        if not result:
            continue
        try:
            if warning_id not in known:
                raise ValueError(f"no warning {warning_id!r} was published")
            if result.lower() not in ANSWERS:
                raise ValueError(f"found result {result!r}; allowed: {', '.join(ANSWERS)}")
            results.append(
                WarningResult(warning_id, ANSWERS[result.lower()], _day(happened_on, known[warning_id]), user, now)
            )
        except ValueError as error:
            wrong.append(f"line {number}: {error}")
    with run_lock(home, "strata warnings import"):
        added = add_results(home.warning_results, results)
    console.print(
        f"{file}: {added:,} results taken, {len(results) - added:,} had been; they count from the next `strata run`"
    )
    for line in wrong[:20]:
        console.print(f"refused, {line}")
    if len(wrong) > 20:
        console.print(f"refused, and {len(wrong) - 20:,} more")
    return 1 if wrong else 0


def _day(text: str, first: date) -> date:
    try:
        day = date.fromisoformat(text)
    except ValueError:
        raise ValueError(f"found day {text!r}; allowed: a day such as {first.isoformat()}") from None
    if day < first:
        raise ValueError(f"found day {text}; allowed: from {first.isoformat()} on, when the warning began")
    return day


def _known_warnings(home: Home) -> dict[str, date]:
    """Every warning that was ever published, with its first day."""
    if not list(home.warning_statements.glob("*/*.parquet")):
        raise BadParameter("no warnings were published yet: run `strata run` first")
    with duckdb.connect() as con:
        rows = con.execute(
            "select warning_id, min(first_warned_on) from read_parquet($files) group by warning_id",
            {"files": str(home.warning_statements / "*" / "*.parquet")},
        ).fetchall()
    return dict(rows)
