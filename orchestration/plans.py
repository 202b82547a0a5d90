"""Plans: what changed criteria would do, computed beside the warehouse and kept, so that exactly that can be applied.

A plan is a folder `state/plans/<id>`: the changed files, every move, and a summary. Its id is a hash of all three and of
what it was made on, so a plan that was tampered with or whose ground has moved is refused. The figures are computed in
logic/segmentation/plan.py; the command that applies a plan runs the job, see cli/plan.py.
"""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from hashlib import sha256
from pathlib import Path
from shutil import rmtree
from tempfile import mkdtemp
from typing import Any

import duckdb
import pandas as pd

from orchestration import statements, warehouse
from orchestration.durable import write_file
from orchestration.landing import read_ledger
from orchestration.logic import identity
from orchestration.logic.segmentation import plan as figures
from orchestration.settings import Home, config_folder
from orchestration.settings.home import config_file
from orchestration.settings.insights import InsightFiles, InsightSettings, load_insights
from orchestration.warning_results import read_results

MOVES, SUMMARY, CONFIG = "moves.parquet", "plan.json", "config"


class PlanRefused(Exception):
    """A plan that cannot be made or applied: what is the matter, and what to do."""


@dataclass(frozen=True)
class Ground:
    """What a plan stands on: the day and knowledge of the warehouse, and the criteria of its classes."""

    as_of: date
    known_at: datetime
    criteria_version: str


@dataclass(frozen=True)
class Plan:
    """Who would move. `counts`, `workloads`, `flapping`: see logic/segmentation/plan.py. `folder` holds it."""

    plan_id: str
    folder: Path
    ground: Ground
    changed_version: str
    counts: pd.DataFrame
    workloads: pd.DataFrame
    flapping: pd.DataFrame

    def largest_moves(self, home: Home, limit: int, masked: bool) -> pd.DataFrame:
        """The moves of most revenue: scheme_id, customer_id, display_name, from_class, to_class, net_amount."""
        name = "left(display_name, 1) || '**'" if masked else "display_name"
        with warehouse.connect(home, read_only=True) as con:
            return con.execute(
                f"""
                select scheme_id, customer_id, {name} as display_name, from_class, to_class, net_amount
                from read_parquet($moves) inner join marts.customers using (customer_id)
                order by net_amount desc nulls last, customer_id, scheme_id limit {limit}
                """,
                {"moves": str(self.folder / MOVES)},
            ).df()


def make_plan(home: Home, criteria_file: Path | None = None) -> Plan:
    """Computes what the criteria of `criteria_file` (default: those of the configuration) would do, and keeps it.

    Changes nothing that anybody reads. Raises SettingsErrors for wrong criteria, PlanRefused when there is no ground to
    plan on.
    """
    changed = load_insights(config_folder(), criteria_file)
    ground = _ground(home)
    current = load_insights(_kept(home, ground.criteria_version))
    with _aside(home) as con:
        if _same_features(current, changed):
            con.execute("create schema insights; create table insights.customer_features as from now.customer_features")
        figures.compute_classes(con, ground.as_of, changed, with_features=not _same_features(current, changed))
        figures.find_moves(con, ground.as_of)
        found = (
            figures.counts(con),
            figures.workloads(con, ground.as_of, current, changed),
            figures.flapping(con, ground.as_of, changed),
        )
        return _save(home, con, ground, changed, *found)


def read_plan(home: Home, plan: str) -> tuple[Ground, InsightFiles, Path]:
    """A kept plan by its id (or the beginning of it, or its folder): ground, changed criteria, folder.

    Raises PlanRefused when there is none, or when it is not what it was.
    """
    name = Path(plan).name
    folders = [path for path in home.plans.glob(f"{name}*") if path.is_dir()] if name else []
    if len(folders) != 1:
        known = sorted(path.name for path in home.plans.glob("*"))
        raise PlanRefused(
            f"found {plan!r}; allowed: the hash of a plan, one of {known or 'none yet: run `strata plan`'}"
        )
    folder = folders[0]
    summary: dict[str, Any] = json.loads((folder / SUMMARY).read_text(encoding="utf-8"))
    changed = load_insights(folder / CONFIG)
    told = summary["ground"]
    ground = Ground(
        date.fromisoformat(told["as_of"]), datetime.fromisoformat(told["known_at"]), told["criteria_version"]
    )
    if _plan_id(ground, changed, folder / MOVES) != folder.name:
        raise PlanRefused(f"plan {folder.name} is not what it was when it was made; run `strata plan` again")
    return ground, changed, folder


def require_ground(home: Home, ground: Ground) -> None:
    """Raises PlanRefused when data or criteria changed since the plan was made."""
    now = _ground(home)
    if (now.as_of, now.known_at) != (ground.as_of, ground.known_at):
        raise PlanRefused(
            f"the data changed since the plan was made: it was of {ground.as_of} known at {ground.known_at:%Y-%m-%d %H:%M:%S}, "
            f"now is {now.as_of} known at {now.known_at:%Y-%m-%d %H:%M:%S}; run `strata plan` again"
        )
    if now.criteria_version != ground.criteria_version:
        raise PlanRefused(
            f"the criteria changed since the plan was made: from {ground.criteria_version} to {now.criteria_version}; "
            "run `strata plan` again"
        )


def install(folder: Path, changed: InsightFiles) -> dict[Path, bytes | None]:
    """Writes what differs into the configuration folder; gives what was there before, for `restore`.

    A shipped file that the folder has no copy of stays shipped unless the plan changes it.
    """
    before: dict[Path, bytes | None] = {}
    for name, content in changed.files.items():
        path, stands = folder / name, config_file(folder, name)
        if not stands.exists() or stands.read_bytes() != content:
            before[path] = path.read_bytes() if path.exists() else None
            write_file(path, content)
    return before


def restore(before: dict[Path, bytes | None]) -> None:
    """Takes `install` back."""
    for path, content in before.items():
        if content is None:
            path.unlink()
        else:
            write_file(path, content)


def stand_at_now(home: Home, ground: Ground, version: str) -> None:
    """Before criteria of that version are put into force: moves the warehouse's `known_at` to the latest instant at which
    nothing more was known than it holds.

    So the state before the criteria changed and the state after are two states that can both be rebuilt.
    """
    later = [_naive(datetime.fromisoformat(report.loaded_at)) for report in read_ledger(home)]
    later += [_naive(decision.at) for decision in identity.read_decisions(home.decisions)]
    later += [_naive(result.at) for result in read_results(home.warning_results)]
    bounds = [instant - timedelta(microseconds=1) for instant in later if instant > ground.known_at]
    known_at = min([datetime.now(UTC).replace(tzinfo=None), *bounds])
    with warehouse.connect(home) as con:
        con.execute("update control.run set known_at = ?", [known_at])
        statements.register(home, con, ground.as_of, known_at, version)


def count_differing(home: Home, ground: Ground, folder: Path) -> int:
    """How many customers, by scheme, are not in the class that the plan told, after it was applied."""
    with warehouse.connect(home, read_only=True) as con:
        classes = figures.class_query("insights", ground.as_of)
        ((differing,),) = con.execute(
            f"""
            select count(*) from read_parquet($moves) as moves
            left join ({classes}) as now using (scheme_id, customer_id)
            where now.class is distinct from moves.to_class
            """,
            {"moves": str(folder / MOVES)},
        ).fetchall()
        return int(differing)


def _ground(home: Home) -> Ground:
    if not home.warehouse.exists():
        raise PlanRefused("there is nothing to plan on yet: run `strata run` first")
    with warehouse.connect(home, read_only=True) as con:
        as_of, known_at = con.execute("select as_of, known_at from control.run").fetchall()[0]
        found = con.execute(
            "select max(criteria_version) from insights.customer_tiers where as_of = ?", [as_of]
        ).fetchall()
    version = found[0][0] if found else None
    if version is None or not (home.kept_criteria / version).is_dir():
        raise PlanRefused(f"nothing was published of {as_of} yet: run `strata run` first")
    return Ground(as_of, known_at, version)


def _kept(home: Home, version: str) -> Path:
    return home.kept_criteria / version


@contextmanager
def _aside(home: Home) -> Iterator[duckdb.DuckDBPyConnection]:
    """A connection in memory that reads the warehouse (its insights as schema `now`) and writes nowhere else."""
    with duckdb.connect(config={"memory_limit": warehouse.MEMORY_LIMIT, "temp_directory": str(home.temporary)}) as con:
        con.execute("set TimeZone = 'UTC'; set enable_progress_bar = false")
        path = str(home.warehouse).replace("'", "''")
        con.execute(f"attach '{path}' as strata (read_only)")
        for there, here in (("control", "control"), ("marts", "marts"), ("insights", "now")):
            con.execute(f"create schema {here}")
            tables = con.execute(
                "select table_name from information_schema.tables where table_catalog = 'strata' and table_schema = ?",
                [there],
            ).fetchall()
            for (name,) in tables:
                con.execute(f"create view {here}.{name} as from strata.{there}.{name}")
        yield con


def _same_features(current: InsightSettings, changed: InsightSettings) -> bool:
    one, other = (
        (s.criteria.window_days, s.criteria.holiday_country, s.people.strategies.contact_kinds)
        for s in (current, changed)
    )
    return one == other


def _save(
    home: Home,
    con: duckdb.DuckDBPyConnection,
    ground: Ground,
    changed: InsightFiles,
    counts: pd.DataFrame,
    workloads: pd.DataFrame,
    flapping: pd.DataFrame,
) -> Plan:
    for parent in (home.temporary, home.plans):
        parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    aside = Path(mkdtemp(dir=home.temporary))
    for name, content in changed.files.items():
        write_file(aside / CONFIG / name, content)
    moves = str(aside / MOVES).replace("'", "''")
    con.execute(f"copy (from strata_moves order by scheme_id, customer_id) to '{moves}' (format parquet)")
    summary = {
        "ground": {
            "as_of": ground.as_of.isoformat(),
            "known_at": ground.known_at.isoformat(),
            "criteria_version": ground.criteria_version,
        },
        "criteria_version": changed.criteria_version,
        **{
            name: json.loads(frame.to_json(orient="records", double_precision=4))
            for name, frame in (("counts", counts), ("workloads", workloads), ("flapping", flapping))
        },
    }
    write_file(aside / SUMMARY, json.dumps(summary, ensure_ascii=False, indent=1).encode())
    plan_id = _plan_id(ground, changed, aside / MOVES)
    folder = home.plans / plan_id
    if folder.exists():  # the same plan once more
        rmtree(aside)
    else:
        aside.rename(folder)
    return Plan(plan_id, folder, ground, changed.criteria_version, counts, workloads, flapping)


def _plan_id(ground: Ground, changed: InsightFiles, moves: Path) -> str:
    told = f"{ground.as_of}|{ground.known_at.isoformat()}|{ground.criteria_version}|{changed.criteria_version}|"
    return sha256(told.encode() + moves.read_bytes()).hexdigest()[:16]


def _naive(instant: datetime) -> datetime:
    return instant.astimezone(UTC).replace(tzinfo=None) if instant.tzinfo else instant
