"""Whatever the order in which records come, and whatever sources came and went: one partition, one set of ids."""

import os
import random
import shutil
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from orchestration import warehouse
from orchestration.logic import identity
from orchestration.settings import Home, Settings, load_settings
from tests.conftest import AS_OF, copy_home
from tests.pipeline.steps import STAGING, dbt, land
from tests.pipeline.test_determinism import drop, period, shuffle_rows

ORDERS = int(os.environ.get("STRATA_ORDERS", "1"))
Identities = tuple[list[tuple], list[tuple]]


def link(home: Home, settings: Settings) -> Identities:
    """The customers of all records, and the ledger."""
    warehouse.prepare(home, settings, AS_OF, datetime.now(UTC))
    dbt(home, "--select", *STAGING)
    with warehouse.connect(home) as con:
        identity.resolve(con, settings, home.models)
        clusters, events = (con.sql(f"from identity.{name} order by all").fetchall() for name in ("clusters", "events"))
        return clusters, events


@pytest.fixture(scope="module")
def landed(sample_home: Home, tmp_path_factory: pytest.TempPathFactory) -> Home:
    """A home whose files have landed; nothing is linked yet."""
    home = copy_home(sample_home, tmp_path_factory.mktemp("landed") / "home")
    land(home, load_settings().sources)
    return home


@pytest.fixture(scope="module")
def linked(landed: Home, tmp_path_factory: pytest.TempPathFactory) -> Identities:
    """The customers when all comes at once, in the order in which it was written."""
    return link(copy_home(landed, tmp_path_factory.mktemp("linked") / "home"), load_settings())


@pytest.mark.parametrize("seed", range(ORDERS))
def test_ids_when_rows_files_and_days_come_in_another_order_then_the_same(
    sample_home: Home, linked: Identities, tmp_path: Path, seed: int
) -> None:
    """Rows shuffled within files, files with other times, days landed in any order."""
    home, settings, r = copy_home(sample_home, tmp_path / "home"), load_settings(), random.Random(seed)
    waiting = tmp_path / "waiting"
    shutil.move(home.landing, waiting)
    home.ensure()
    files = sorted(path for path in waiting.rglob("*") if path.is_file())
    for path in files:
        shuffle_rows(path, seed)
        os.utime(path, (1_700_000_000 + r.randrange(10**6),) * 2)
    days = sorted({period(path) for path in files})
    r.shuffle(days)
    for some in (days[place::4] for place in range(4)):
        for day in some:
            drop(waiting, home.landing, day)
        land(home, settings.sources)
    assert link(home, settings) == linked


@pytest.mark.parametrize("source", ["hubspot"] if ORDERS == 1 else ["app", "hubspot", "loyalty"])
def test_ids_when_a_source_is_added_and_taken_away_then_those_of_the_others_are_what_they_were(
    landed: Home, linked: Identities, tmp_path: Path, source: str
) -> None:
    home, with_it = copy_home(landed, tmp_path / "home"), load_settings()
    others = {name: kept for name, kept in with_it.sources.sources.items() if name != source}
    without_it = replace(with_it, sources=with_it.sources.model_copy(update={"sources": others}))
    before = link(home, without_it)
    assert not [record for record, *_ in before[0] if record.startswith(f"{source}/")]
    assert link(home, with_it) == linked
    assert link(home, without_it) == before
    unlinked = {record: customer for record, customer, *_ in before[0]}
    kept = sum(unlinked[record] == customer for record, customer, *_ in linked[0] if record in unlinked)
    assert kept > 0.8 * len(unlinked)  # the others are where an older record of the source has come in front
