"""What a run is told of the publications before it: the same whenever a past state is built again, whatever came since."""

from datetime import UTC, date, datetime
from pathlib import Path

import duckdb
import pytest

from orchestration.settings import Home
from orchestration.statements import INSTANT, keep_application, register

D1, D2, D3 = date(2026, 7, 1), date(2026, 7, 2), date(2026, 7, 3)
T1, T2, T3 = (datetime(2026, 8, day, 6) for day in (1, 2, 3))


@pytest.fixture
def home(tmp_path: Path) -> Home:
    return Home(tmp_path / "home").ensure()


def publish(home: Home, day: date, known_at: datetime, version: str, tag: str) -> None:
    """As statements.keep does: the tiers, warnings and spells of a publication, here with a spell alone."""
    for folder in (home.statements, home.tag_statements):
        target = folder / day.isoformat() / f"{known_at.strftime(INSTANT)}_{version}.parquet"
        target.parent.mkdir(parents=True, exist_ok=True)
        spell = f"'C1' as customer_id, 'habit' as dimension, '{tag}' as tag, 'habit.{tag}' as rule_id"
        columns = f"{spell}, date '{day}' as valid_from, null::date as valid_to"
        if folder == home.statements:
            columns = "'s' as scheme_id, 'C1' as customer_id, 'low' as tier, '' as bands, '' as events"
        made_by = f"date '{day}' as as_of, '{version}' as criteria_version"
        duckdb.sql(f"copy (select {made_by}, {columns}) to '{target}' (format parquet)")


def told(home: Home, day: date, known_at: datetime, version: str) -> tuple[list[tuple], list[tuple]]:
    with duckdb.connect() as con:
        con.execute("create schema control")
        register(home, con, day, known_at, version)
        ledger = con.execute(
            "select valid_from, criteria_version, plan_id, applied_by from control.criteria_ledger order by place"
        ).fetchall()
        return ledger, con.execute("select tag, valid_from from control.tag_statement").fetchall()


def test_ledger_and_spells_when_a_past_state_is_built_again_then_as_they_were(home: Home) -> None:
    first = told(home, D1, T1, "v1")
    assert first == ([(D1, "v1", None, None)], [])
    publish(home, D1, T1, "v1", "often")
    second = told(home, D2, T2, "v2")
    assert second == ([(D1, "v1", None, None), (D2, "v2", None, None)], [("often", D1)])
    publish(home, D2, T2, "v2", "rare")
    keep_application(home, "v2", "p1", "lin", datetime(2026, 8, 2, 7, tzinfo=UTC))
    third = told(home, D3, T3, "v2")
    assert third == ([(D1, "v1", None, None), (D2, "v2", "p1", "lin")], [("rare", D2)])
    assert told(home, D1, T1, "v1") == first
    assert told(home, D2, T2, "v2") == second


def test_ledger_when_an_earlier_day_is_filled_in_later_then_days_after_it_do_not_count(home: Home) -> None:
    publish(home, D1, T1, "v1", "often")
    publish(home, D3, T2, "v2", "rare")
    assert told(home, D2, T3, "v2") == ([(D1, "v1", None, None), (D2, "v2", None, None)], [("often", D1)])


def test_ledger_when_criteria_come_back_then_they_are_a_change_of_their_own(home: Home) -> None:
    publish(home, D1, T1, "v1", "often")
    publish(home, D2, T2, "v2", "often")
    assert [row[:2] for row in told(home, D3, T3, "v1")[0]] == [(D1, "v1"), (D2, "v2"), (D3, "v1")]
