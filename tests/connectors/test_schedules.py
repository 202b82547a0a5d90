"""Whatever happens to a table between and during pulls, the files add up to the table as it was when the pull began.

STRATA_SCHEDULES: how many random schedules (20); STRATA_MYSQL_URL: the same against a MySQL.
"""

import os
import random
from collections.abc import Callable
from contextlib import closing

import pytest

from tests.connectors.conftest import DATABASES, Puller
from tests.connectors.world import World

KEY = ["shop", "id"]
SCHEDULES = int(os.environ.get("STRATA_SCHEDULES", "20"))


@pytest.mark.parametrize("database", DATABASES, indirect=True)
@pytest.mark.parametrize("seed", range(SCHEDULES))
def test_pulls_when_rows_change_between_and_during_them_then_the_files_add_up_to_the_table(
    seed: int, puller: Puller, between_pages: Callable[[Callable[[], None]], None]
) -> None:
    chance = random.Random(seed)
    world = World(puller.engine, chance)
    between_pages(lambda: world.act(6))
    reader = {"cursor": ("changed_at", "version", None)[seed % 3], "page_rows": chance.randint(5, 90)}
    reader |= chance.choice(({"table": "things"}, {"query": "SELECT * FROM things WHERE ':x' <> '%s' -- all of it"}))
    with closing(world):
        for last in (False, False, False, True):
            world.act(60)
            if last:
                world.close()  # what began before the first pull may commit as late as here
            expected = world.contents()
            puller.pull(KEY, **reader)
            assert puller.folded(KEY) == expected


MAPPED = {
    "id": "source_record_id", "shop": "city", "name": "full_name", "amount": "income", "changed_at": "lead_source",
    "version": "lead_status",
}  # fmt: skip


@pytest.mark.parametrize("database", DATABASES, indirect=True)
@pytest.mark.parametrize("seed", range(SCHEDULES))
def test_raw_when_three_pulls_have_landed_then_it_equals_the_table(
    seed: int, puller: Puller, between_pages: Callable[[Callable[[], None]], None]
) -> None:
    chance = random.Random(f"raw {seed}")
    world = World(puller.engine, chance)
    between_pages(lambda: world.act(6))
    reader = {"cursor": ("changed_at", "version", None)[seed % 3], "page_rows": 40, "table": "things"}
    with closing(world):
        for last in (False, False, True):
            world.act(60)
            if last:
                world.close()
            expected = world.contents()
            puller.pull(KEY, **reader)
            puller.land(KEY, MAPPED, **reader)
            found = {(row["shop"], row["id"]): row for row in puller.in_raw(MAPPED)}
            assert found == {place: {name: row[name] for name in MAPPED} for place, row in expected.items()}


@pytest.mark.parametrize("database", DATABASES, indirect=True)
def test_raw_when_a_row_goes_back_to_what_it_was_then_raw_follows(puller: Puller) -> None:
    puller.execute(
        "CREATE TABLE things (id integer PRIMARY KEY, name varchar(9))", "INSERT INTO things VALUES (1, 'a')"
    )
    mapped = {"id": "source_record_id", "name": "full_name"}
    for name in ("a", "b", "a", "b"):
        puller.execute(f"UPDATE things SET name = '{name}'")
        puller.pull(["id"], table="things")
        puller.land(["id"], mapped, table="things")
        assert puller.in_raw(mapped) == [{"id": "1", "name": name}]


@pytest.mark.parametrize("database", DATABASES, indirect=True)
@pytest.mark.parametrize("cursor", ["changed_at", None])
def test_pulls_when_deletes_are_ignored_then_no_change_that_keeps_the_order_is_missed(
    cursor: str | None, puller: Puller
) -> None:
    time = {"postgresql": "timestamp", "mysql": "datetime"}[puller.dialect]
    puller.execute(f"CREATE TABLE things (id integer PRIMARY KEY, changed_at {time})")
    reader = {"table": "things", "cursor": cursor, "deletes": "ignore", "overlap_seconds": 60}
    puller.execute("INSERT INTO things VALUES (1, '2026-01-01 08:00:00'), (2, '2026-01-01 08:00:00'), (3, NULL)")
    assert puller.pull(["id"], **reader).rows_changed == 3
    puller.execute("DELETE FROM things WHERE id = 1", "INSERT INTO things VALUES (4, '2026-01-01 08:00:00')")
    puller.execute("INSERT INTO things VALUES (5, '2026-01-01 07:59:00'), (6, '2026-01-01 09:00:00')")
    assert puller.pull(["id"], **reader).rows_deleted == 0
    assert set(puller.folded(["id"])) == {(str(number),) for number in range(1, 7)}
    last = puller.pull(["id"], **reader)
    assert last.rows_changed == (2 if cursor else 0)  # the highest and the one without a time


@pytest.mark.parametrize("database", DATABASES, indirect=True)
def test_a_pull_when_a_row_comes_back_with_an_older_time_then_it_is_written_as_it_is(puller: Puller) -> None:
    time = {"postgresql": "timestamp", "mysql": "datetime"}[puller.dialect]
    puller.execute(f"CREATE TABLE things (id integer PRIMARY KEY, name varchar(9), changed_at {time})")
    puller.execute("INSERT INTO things VALUES (1, 'new', '2026-01-02 08:00:00'), (2, 'x', '2026-01-02 08:00:00')")
    puller.pull(["id"], table="things", cursor="changed_at")
    puller.execute("DELETE FROM things WHERE id = 1", "INSERT INTO things VALUES (1, 'old', '2025-01-01 08:00:00')")
    report = puller.pull(["id"], table="things", cursor="changed_at")
    assert (report.rows_changed, report.rows_deleted) == (1, 0)
    assert puller.folded(["id"])[("1",)] == {"id": "1", "name": "old", "changed_at": "2025-01-01 08:00:00"}


def test_a_pull_when_the_table_has_a_new_column_then_all_rows_are_read_again(puller: Puller) -> None:
    puller.execute("CREATE TABLE things (id int PRIMARY KEY, at int)", "INSERT INTO things VALUES (1, 1), (2, 1)")
    puller.pull(["id"], table="things", cursor="at")
    puller.execute("ALTER TABLE things ADD COLUMN colour text DEFAULT 'red'", "DELETE FROM things WHERE id = 2")
    report = puller.pull(["id"], table="things", cursor="at")
    assert (report.rows_changed, report.rows_deleted) == (1, 1)
    assert puller.folded(["id"]) == {("1",): {"id": "1", "at": "1", "colour": "red"}}
