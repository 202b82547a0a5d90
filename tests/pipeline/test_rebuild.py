"""Any past state comes back: as of its day and known at its instant, whatever has come since.

STRATA_REBUILDS sets how many days are published and built again (`make campaign-segmentation`: 30).
"""

import os
import random
import shutil
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

from orchestration import privacy, warehouse
from orchestration.landing import land_block
from orchestration.logic.identity import Decision, add_decisions
from orchestration.settings import Home, config_folder, load_settings
from orchestration.settings.sources import blocks
from tests.conftest import AS_OF, copy_home, environment, query
from tests.pipeline.steps import publish_day
from tests.pipeline.test_determinism import drop, period
from tests.pipeline.test_erasure import ids_of, persons, rows_without

REBUILDS = int(os.environ.get("STRATA_REBUILDS", "2"))
FIRST_LOAD = datetime(2026, 8, 1, tzinfo=UTC)


def test_past_days_when_built_again_after_all_that_came_since_then_the_same(sample_home: Home, tmp_path: Path) -> None:
    """Between the days come files, some of them late, a merge by decision, and changed criteria; after them somebody is erased,
    who alone is missing then."""
    home, draw = copy_home(sample_home, tmp_path / "home"), random.Random(5)
    waiting, config = tmp_path / "waiting", tmp_path / "config"
    shutil.move(home.landing, waiting)
    shutil.copytree(config_folder(), config)
    home.ensure()
    days = sorted(AS_OF - timedelta(days=days) for days in draw.sample(range(0, 200), REBUILDS))
    with environment(STRATA_CONFIG=str(config)):
        published: list[tuple[date, datetime, dict[str, str]]] = []
        for number, day in enumerate(days):
            loaded = FIRST_LOAD + timedelta(hours=number)
            load_until(home, waiting, day, loaded, draw)
            if number == max(1, REBUILDS // 3):
                change_criteria(config / "presets" / "common.yml")
            if number == REBUILDS // 2 and published:
                merge_two(home, loaded)
            known_at = loaded + timedelta(minutes=30)
            published.append((day, known_at, publish_day(home, day, known_at)))
        versions = {entry.name for entry in home.kept_criteria.iterdir() if entry.is_dir()}
        assert len(versions) == 2
        for day, known_at, hashes in published[:-1]:
            home.warehouse.unlink()
            shutil.rmtree(home.serving)
            again = publish_day(home, day, known_at, again=True)
            assert {name for name in hashes if hashes[name] != again[name]} == set(), day
        day, known_at, _ = published[-2]
        (gone,) = persons(home, 1)
        expected = rows_without(home, ids_of(home, [gone]))
        keep_linking(home, config / "identity.yml")
        erase(home, gone)
        publish_day(home, day, known_at, again=True)
        left = rows_without(home, set())
        assert {name for name in expected if expected[name] != left[name]} == set()
        assert len(left["customers"]) > 100


def keep_linking(home: Home, path: Path) -> None:
    """Links by the model of the last build from here on: one that is learned anew without somebody links others anew too."""
    with warehouse.connect(home, read_only=True) as con:
        ((version,),) = con.execute("select version from identity.model").fetchall()
    text = path.read_text(encoding="utf-8")
    assert "version: null" in text
    path.write_text(text.replace("version: null", f"version: {version}"), encoding="utf-8")


def erase(home: Home, customer: str) -> None:
    settings = load_settings()
    found = privacy.find(home, settings, "customer", customer)
    work = privacy.begin(home, settings, found, "test", "asked by letter")
    privacy.clear(home, settings, [work])


def load_until(home: Home, waiting: Path, day: date, loaded: datetime, draw: random.Random) -> None:
    """Lands the files of periods before `day` that still wait, but a fifth of them, which come late."""
    periods = {period(path) for path in waiting.rglob("*") if path.is_file()}
    due = sorted(one for one in periods if one < day.isoformat())
    for one in due:
        if draw.random() > 0.2 or one == "0000-00-00":
            drop(waiting, home.landing, one)
    sources = load_settings().sources
    for ref in blocks(sources):
        land_block(home, sources, ref.source, ref.block, load_id=f"{loaded:%Y%m%d%H}", now=loaded)


def change_criteria(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    assert "lapsing_days: 90" in text
    path.write_text(text.replace("lapsing_days: 90", "lapsing_days: 80"), encoding="utf-8")


def merge_two(home: Home, at: datetime) -> None:
    """Somebody decides that two persons who were published apart are one."""
    one, other = query(
        home,
        """
        select any_value(record_id) from serving.customer_source_ids as ids
        inner join serving.customers using (customer_id)
        where customer_type = 'person' and count_records = 1 group by customer_id order by customer_id limit 2
        """,
    )
    decision = Decision("link", (one[0],), (other[0],), "known at the desk", "test", at)
    add_decisions(home.decisions, [decision])
