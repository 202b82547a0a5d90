"""`strata validate`: everything that can be found wrong before a run; changes nothing."""

import os
import shutil
import stat
import sys
from collections.abc import Callable
from pathlib import Path

import duckdb
from rich.console import Console

from orchestration.durable import KeptLinesDamaged
from orchestration.landing import SuppressionUnusable, load_suppression, pending_files
from orchestration.logic.identity import (
    LabelsRefused,
    ModelRefused,
    load_model,
    read_decisions,
    read_labels,
)
from orchestration.privacy.receipts import ErasureUnfinished, check_finished
from orchestration.settings import Home, Settings, config_folder, load_settings
from orchestration.settings.sources import BlockRef, blocks
from orchestration.sources import probe
from orchestration.sources.environment import MissingVariable, resolved
from orchestration.statements import check_ledgers
from orchestration.warning_results import read_results

console = Console()
LEAST_FREE_BYTES = 1_000_000_000


def check_installation(home: Home) -> int:
    """Prints a line a check. Returns 0, or 1 when the environment is wrong (a wrong setting raises SettingsErrors: exit 2)."""
    settings = load_settings()
    console.print(f"configuration: {config_folder()}: valid, criteria {settings.criteria_version}", highlight=False)
    checks: list[Callable[[], str | None]] = [
        lambda: _folder_is_private(home),
        lambda: _disk_has_room(home),
        lambda: _dbt_is_there(),
        lambda: _linking_can_be_done(home, settings),
        lambda: _kept_lines_can_be_read(home),
        lambda: _erasures_hold(home),
    ]
    problems = [problem for check in checks if (problem := check())]
    problems += _print_sources(home, settings)
    problems += _destinations_lack_variables(settings)
    for problem in problems:
        console.print(f"problem: {problem}", highlight=False)
    console.print("all good" if not problems else f"{len(problems)} to mend")
    return 1 if problems else 0


def _destinations_lack_variables(settings: Settings) -> list[str]:
    told = settings.notifications
    places = [*told.operators, *(place for listed in told.owners.values() for place in listed)]
    texts = [text for place in places for text in (place.address, place.secret) if text]
    if told.smtp:
        texts += [text for text in (told.smtp.host, told.smtp.user, told.smtp.password, told.smtp.sender) if text]
    problems = {}
    for text in texts:
        try:
            resolved(text)
        except MissingVariable as missing:
            problems[missing.name] = f"notifications.yml: {missing}; set it, or nothing is delivered there"
    return list(problems.values())


def _print_sources(home: Home, settings: Settings) -> list[str]:
    """A line a block. Returns what keeps databases from being pulled."""
    waiting, problems = pending_files(home, settings.sources), []
    for ref in blocks(settings.sources):
        files = len(waiting.get((ref.source, ref.block), []))
        problem = probe(ref)
        problems += [problem] if problem else []
        console.print(f"  {ref.source}/{ref.block}: {_origin(ref, problem)}: {files} waiting", highlight=False)
    return problems


def _origin(ref: BlockRef, problem: str | None) -> str:
    if ref.settings.reader.kind == "files":
        return f"{ref.canonical} from {ref.path}"
    return f"{ref.canonical} from a database, which {'cannot be pulled' if problem else 'can be pulled'}"


def _folder_is_private(home: Home) -> str | None:
    mode = stat.S_IMODE(home.root.stat().st_mode)
    if home.root.stat().st_uid != os.getuid():
        return f"{home.root} belongs to another user; personal data must be this user's alone: chown it"
    return f"{home.root} has mode {mode:o}; allowed: 700 (chmod 700)" if mode & 0o077 else None


def _disk_has_room(home: Home) -> str | None:
    free = shutil.disk_usage(home.root).free
    return (
        f"only {free / 1e9:.1f} GB free below {home.root}; allowed: 1 GB or more" if free < LEAST_FREE_BYTES else None
    )


def _dbt_is_there() -> str | None:
    dbt = Path(sys.executable).parent / "dbt"
    return None if dbt.exists() else f"{dbt} is missing; install the locked dependencies with `make`"


def _linking_can_be_done(home: Home, settings: Settings) -> str | None:
    """Labels and the kept model, if one is named."""
    version = settings.identity.model.version
    try:
        with duckdb.connect() as con:
            read_labels(con, home.truth)
        if version:
            load_model(home.models, version)
    except (LabelsRefused, ModelRefused) as refused:
        return str(refused)
    return None


def _kept_lines_can_be_read(home: Home) -> str | None:
    """What people decided about customers, told about warnings and put into force."""
    try:
        read_decisions(home.decisions)
        read_results(home.warning_results)
        check_ledgers(home)
    except KeptLinesDamaged as damaged:
        return str(damaged)
    return None


def _erasures_hold(home: Home) -> str | None:
    """The secret by which the rows of erased persons are known, and no erasure that was cut short."""
    try:
        load_suppression(home)
        check_finished(home)
    except (SuppressionUnusable, ErasureUnfinished) as problem:
        return str(problem)
    return None
