"""A score as of day D uses nothing later than D: it is equal on all data and on data cut at D."""

from datetime import date
from pathlib import Path

import duckdb
import pytest

from orchestration.landing import cast_macros
from orchestration.settings import Home, load_settings
from orchestration.settings.entities import ENTITIES, Entity
from orchestration.settings.sources import blocks
from orchestration.warehouse import as_of_instant
from tests.conftest import copy_home
from tests.pipeline.steps import build_insights


@pytest.mark.parametrize("day", [date(2026, 1, 1), date(2026, 4, 15), date(2026, 6, 1)])
def test_insights_of_a_day_are_equal_on_data_cut_at_that_day(refreshed: Home, tmp_path: Path, day: date) -> None:
    whole, cut = copy_home(refreshed, tmp_path / "whole"), copy_home(refreshed, tmp_path / "cut")
    for home in (whole, cut):
        home.warehouse.unlink()
    removed = cut_raw(cut, day)
    assert removed > 100
    assert build_insights(cut, day) == build_insights(whole, day)


def cut_raw(home: Home, day: date) -> int:
    """Removes every raw row that tells of `day` or later. Returns how many."""
    settings = load_settings()
    instant = as_of_instant(day, settings.sources.business.timezone)
    before = after = 0
    with duckdb.connect() as con:
        for macro in cast_macros(blocks(settings.sources)):
            con.execute(macro)
        for path in home.raw.glob("*/*/*/*.parquet"):
            entity = ENTITIES[path.parts[-4]]
            block = settings.sources.sources[path.parts[-3]].entities[path.parts[-2]]
            zone = settings.sources.sources[path.parts[-3]].timezone or settings.sources.business.timezone
            form = block.format.format_of_times
            moments = [f"to_utc({name}, {quoted(form)}, {quoted(zone)})" for name in times_of(entity)]
            if not moments:
                continue
            con.execute(f"create or replace table rows as select * from '{path}'")
            (count,) = con.execute("select count(*) from rows").fetchall()[0]
            late = " or ".join(f"coalesce({moment} >= $instant, false)" for moment in moments)
            con.execute(f"delete from rows where {late}", {"instant": instant})
            (kept,) = con.execute("select count(*) from rows").fetchall()[0]
            con.execute(f"copy rows to '{path}' (format parquet)")
            before, after = before + count, after + kept
    return before - after


def times_of(entity: Entity) -> list[str]:
    """The columns that say when a row became true: its event and its version. `closed_at` of a row that was open is neither."""
    names = [column.name for column in entity.columns if column.kind == "timestamp" and column.hard]
    return [name for name in names if name != "closed_at" and not (name == "created_at" and "updated_at" in names)]


def quoted(text: str | None) -> str:
    return "null" if text is None else f"'{text}'"
