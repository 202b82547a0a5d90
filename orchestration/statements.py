"""What was published of each day, kept so that the next day can tell what moved and why, and any past one can be rebuilt.

Four things lie in the home, only ever added to: the tiers of each publication (`state/statements`), its churn warnings
(`state/warnings`), its spells of tags (`state/tags`), and each set of criteria with the instant from which it held and by whom
it was applied (`state/criteria`). A run is told of those that were known by its `known_at`.
"""

import json
from collections.abc import Mapping
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any, NamedTuple

import duckdb

from orchestration.durable import read_lines, sync, write_file, write_lines
from orchestration.logic.churn.life import warning_statement_query
from orchestration.logic.effects.ledger import told
from orchestration.logic.segmentation.store import create_in_parts, literal, scalar
from orchestration.logic.segmentation.tag_spells import spell_statement_query
from orchestration.logic.segmentation.tier_changes import statement_query
from orchestration.settings import Home, Settings, SettingsErrors
from orchestration.settings.insights import load_insights

INSTANT = "%Y%m%dT%H%M%S%f"
TIERS_AT_A_TIME = 1_000_000
_EMPTY = """
    create or replace table control.tier_statement
    (scheme_id varchar, customer_id varchar, tier varchar, bands varchar, events varchar)
"""
_BEFORE = """
    create or replace table control.criteria_before
    (as_of date, known_at timestamp, criteria_version varchar, criteria varchar)
"""
_LEDGER = """
    create or replace table control.criteria_ledger
    (place integer, valid_from date, criteria_version varchar, criteria varchar, plan_id varchar, applied_by varchar,
    applied_at timestamp)
"""
_TOLD = """
    create or replace table control.warning_statement
    (customer_id varchar, warning_id varchar, signal_score decimal(5, 4), "band" varchar, reasons varchar,
    first_warned_on date, state varchar, contacted_on date, closed_on date)
"""


_TAGS = """
    create or replace table control.tag_statement
    (customer_id varchar, dimension varchar, tag varchar, rule_id varchar, valid_from date, valid_to date)
"""


def keep(home: Home, con: duckdb.DuckDBPyConnection, settings: Settings) -> None:
    """Keeps tiers, warnings and spells of tags of the day that the warehouse (`con`) stands at, and the criteria they follow,
    once published."""
    as_of, known_at = con.execute("select as_of, known_at from control.run").fetchall()[0]
    version = settings.criteria_version
    keep_criteria(home, settings.criteria_files, version, known_at)
    name = f"{as_of.isoformat()}/{known_at.strftime(INSTANT)}_{version}.parquet"
    columns = f"date '{as_of}' as as_of, '{version}' as criteria_version"
    warned, spells = warning_statement_query(as_of), spell_statement_query(as_of)
    _tell_tiers(con, as_of)
    _keep(
        con, home.statements / name, f"select {columns}, * from temp.strata_statement order by scheme_id, customer_id"
    )
    con.execute("drop table temp.strata_statement")
    _keep(con, home.warning_statements / name, f"select {columns}, * from ({warned}) order by customer_id")
    order = "customer_id, rule_id, valid_from"
    _keep(con, home.tag_statements / name, f"select {columns}, * from ({spells}) order by {order}")


def _tell_tiers(con: duckdb.DuckDBPyConnection, as_of: date) -> None:
    """Writes the temporary table strata_statement, some tiers at a time."""
    count = scalar(con, f"select count(*) from insights.customer_tiers where as_of = {literal(as_of)}")
    parts = count // TIERS_AT_A_TIME + 1
    create_in_parts(con, "strata_statement", parts, lambda part: statement_query(as_of, part, parts))


def _keep(con: duckdb.DuckDBPyConnection, target: Path, query: str) -> None:
    target.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    aside = target.with_suffix(".tmp")
    con.execute(f"copy ({query}) to '{_quoted(aside)}' (format parquet, compression zstd)")
    sync(aside)
    aside.rename(target)
    sync(target.parent)


def keep_criteria(home: Home, files: Mapping[str, bytes], version: str, since: datetime) -> None:
    """Keeps a set of criteria, and that it holds from the instant `since` (naive UTC) on, unless it does already."""
    for name, content in files.items():
        path = home.kept_criteria / version / name
        if not path.exists():
            write_file(path, content)
    entries = _entries(home)
    if entries and (since < entries[-1][0] or entries[-1][1] == version):
        return  # a past state that was built again, or nothing new
    lines = ({"since": at.isoformat(), "version": held} for at, held in [*entries, (since, version)])
    write_lines(home.kept_criteria / "ledger.jsonl", lines)


def criteria_in_force(home: Home, known_at: datetime) -> Path | None:
    """The kept criteria that held at an instant (aware), as a configuration folder; None when none had been published."""
    instant = known_at.astimezone(UTC).replace(tzinfo=None)
    held = [version for since, version in _entries(home) if since <= instant]
    return home.kept_criteria / held[-1] if held else None


def register(home: Home, con: duckdb.DuckDBPyConnection, as_of: date, known_at: datetime, version: str) -> None:
    """Writes control.tier_statement and control.criteria_before: what the latest day before `as_of` was told by
    `known_at` (naive UTC); if there is none, what `as_of` itself was told by other criteria than `version`. And
    control.warning_statement and control.tag_statement: the warnings and spells of that day before. All are empty before the
    first publication. Also
    control.criteria_ledger: the sets of criteria that days up to `as_of` were published by, `version` the last of them."""
    _register_ledger(home, con, as_of, known_at, version)
    con.execute(_EMPTY)
    con.execute(_BEFORE)
    con.execute(_TOLD)
    con.execute(_TAGS)
    warned = [told for told in _known(home.warning_statements, known_at) if told[0] < as_of]
    if warned:
        _insert(con, "warning_statement", max(warned)[2])
    tagged = [told for told in _known(home.tag_statements, known_at) if told[0] < as_of]
    if tagged:
        _insert(con, "tag_statement", max(tagged)[2])
    known = [told for told in _known(home.statements, known_at) if told[0] <= as_of]
    before = [told for told in known if told[0] < as_of]
    found = max(before or [told for told in known if told[3] != version], default=None)
    if found is None:
        return
    day, instant, path, told_by = found
    _insert(con, "tier_statement", path)
    criteria = _criteria_json(home, told_by)
    if criteria is not None:
        con.execute("insert into control.criteria_before values (?, ?, ?, ?)", [day, instant, told_by, criteria])


class _Application(NamedTuple):
    """Criteria were put into force: by which plan and whom, and when (naive UTC)."""

    version: str
    plan_id: str
    by: str
    at: datetime


def keep_application(home: Home, version: str, plan_id: str, by: str, at: datetime) -> None:
    """Keeps who put criteria into force by which plan, and when (aware)."""
    kept = [*_applications(home), _Application(version, plan_id, by, at.astimezone(UTC).replace(tzinfo=None))]
    lines = ({"version": one.version, "plan": one.plan_id, "by": one.by, "at": one.at.isoformat()} for one in kept)
    write_lines(home.kept_criteria / "applied.jsonl", lines)


def check_ledgers(home: Home) -> None:
    """Raises KeptLinesDamaged where the ledgers of criteria cannot be read."""
    _entries(home)
    _applications(home)


def _applications(home: Home) -> list[_Application]:
    def read(told: dict[str, Any]) -> _Application:
        return _Application(told["version"], told["plan"], told["by"], datetime.fromisoformat(told["at"]))

    return read_lines(home.kept_criteria / "applied.jsonl", read, "application of criteria")


def _register_ledger(home: Home, con: duckdb.DuckDBPyConnection, as_of: date, known_at: datetime, version: str) -> None:
    con.execute(_LEDGER)
    published = sorted((one[1], one[0], one[3]) for one in _known(home.statements, known_at) if one[0] <= as_of)
    steps = [*published, (known_at, as_of, version)]
    began = [step for place, step in enumerate(steps) if place == 0 or steps[place - 1][2] != step[2]]
    applications = _applications(home)
    for place, (instant, day, held) in enumerate(began):
        until = began[place + 1][0] if place + 1 < len(began) else known_at
        applied = next(
            (
                (one.plan_id, one.by, one.at)
                for one in applications
                if one.version == held and instant <= one.at <= until
            ),
            (None, None, None),
        )
        con.execute(
            "insert into control.criteria_ledger values (?, ?, ?, ?, ?, ?, ?)",
            [place, day, held, _told_json(home, held), *applied],
        )


def _told_json(home: Home, version: str) -> str | None:
    """All that a kept set of criteria says, as JSON; None where it is not kept or no longer read."""
    folder = home.kept_criteria / version
    try:
        return json.dumps(told(load_insights(folder)), ensure_ascii=False) if folder.is_dir() else None
    except SettingsErrors:
        return None


def _criteria_json(home: Home, version: str) -> str | None:
    """Kept criteria as JSON; None for a form that this release no longer reads: then the ledger begins anew."""
    try:
        return load_insights(home.kept_criteria / version).criteria.model_dump_json()
    except SettingsErrors:
        return None


def _known(folder: Path, known_at: datetime) -> list[tuple[date, datetime, Path, str]]:
    """Day, instant, file and criteria version of what was published before `known_at`."""
    told = []
    for path in folder.glob("*/*.parquet"):
        instant, version = path.stem.split("_")
        told.append((date.fromisoformat(path.parent.name), datetime.strptime(instant, INSTANT), path, version))
    return [one for one in told if one[1] < known_at]


def _insert(con: duckdb.DuckDBPyConnection, table: str, path: Path) -> None:
    columns = "* exclude (as_of, criteria_version)"
    con.execute(f"insert into control.{table} by name select {columns} from read_parquet('{_quoted(path)}')")


def _entries(home: Home) -> list[tuple[datetime, str]]:
    """When each set of criteria began to hold, the first one first."""
    path = home.kept_criteria / "ledger.jsonl"
    return read_lines(path, lambda told: (datetime.fromisoformat(told["since"]), told["version"]), "set of criteria")


def _quoted(path: Path) -> str:
    """A path inside a SQL text: COPY and a table function take no bound parameter there."""
    return str(path).replace("'", "''")
