"""A late day must not turn readers back: only its own rows of the insights change."""

from collections.abc import Callable
from datetime import date

import duckdb

from orchestration.serving import PublicationReport, published
from orchestration.settings.home import Home

Publish = Callable[..., PublicationReport]
Change = Callable[[str], None]
LATE = date(2026, 3, 1)
# The warehouse as the backfill of a past day leaves it: marts of that day, insights of that day computed again.
BACKFILLED = """
    update control.run set as_of = date '2026-03-01', known_at = timestamp '2026-03-03 00:00:00';
    delete from marts.orders where ordered_at > timestamp '2026-02-20';
    update insights.customer_tiers set tier = 'silver' where as_of = date '2026-03-01';
    update insights.customer_tiers set tier = 'wrong' where as_of = date '2026-03-02';
    delete from insights.customer_tier_table;
"""


def test_backfill_when_the_day_is_past_then_only_its_insights_change(
    home: Home, publish_day: Publish, change: Change
) -> None:
    first = publish_day()
    change(BACKFILLED)
    second = publish_day(LATE, is_backfill=True, run_id="late", criteria_version="v2")
    changed = {name for name, digest in second.hashes.items() if digest != first.hashes[name]}
    assert changed == {"customer_tiers"}
    with duckdb.connect(second.database, read_only=True) as connection:
        tiers = connection.execute("select distinct as_of, tier from serving.customer_tiers order by all").fetchall()
    assert tiers == [(LATE, "silver"), (date(2026, 3, 2), "gold"), (date(2026, 3, 2), "regular")]
    told = published(home)
    assert told is not None
    assert (told.as_of, told.criteria_version, told.run_id) == (date(2026, 3, 2), "v1", "late")


def test_backfill_when_the_day_is_new_then_it_is_added(home: Home, publish_day: Publish, change: Change) -> None:
    change("create table kept as select * from insights.customer_tiers where as_of = date '2026-03-01'")
    change("delete from insights.customer_tiers where as_of = date '2026-03-01'")
    first = publish_day()
    change("insert into insights.customer_tiers select * from kept; update control.run set as_of = date '2026-03-01'")
    second = publish_day(LATE, is_backfill=True)
    assert (first.counts["customer_tiers"], second.counts["customer_tiers"]) == (22, 44)


def test_backfill_when_it_is_repeated_then_nothing_changes(home: Home, publish_day: Publish, change: Change) -> None:
    publish_day()
    change(BACKFILLED)
    assert publish_day(LATE, is_backfill=True).hashes == publish_day(LATE, is_backfill=True).hashes


def test_backfill_when_it_is_the_published_day_or_the_first_then_all_is_published(
    publish_day: Publish, change: Change
) -> None:
    first = publish_day(is_backfill=True)
    change("delete from marts.interactions where interaction_id = 'I1'")
    assert publish_day(is_backfill=True).counts["interactions"] == first.counts["interactions"] - 1
