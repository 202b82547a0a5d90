"""What a publication holds, and what it leaves behind when something goes wrong."""

import hashlib
import stat
from collections.abc import Callable
from datetime import date, datetime
from pathlib import Path

import duckdb
import pytest

from orchestration.serving import MissingTables, PublicationReport, VerificationFailed, WrongDay, published, state_hash
from orchestration.serving import publish as publish_function
from orchestration.serving.metrics import load_metrics
from orchestration.serving.tables import PUBLICATION, TABLES
from orchestration.settings.home import Home

Publish = Callable[..., PublicationReport]
Change = Callable[[str], None]
NAMES = [*(table.name for table in TABLES), PUBLICATION]


def rows(path: Path, query: str) -> list[tuple[object, ...]]:
    with duckdb.connect(path, read_only=True) as connection:
        return connection.execute(query).fetchall()


def parquet_bytes(home: Home) -> dict[str, str]:
    """Table to hash of its file, without the one row that names the publication."""
    files = (home.serving / "parquet").glob("*/part-0.parquet")
    return {
        file.parent.name: hashlib.sha256(file.read_bytes()).hexdigest()
        for file in files
        if file.parent.name != PUBLICATION
    }


def test_publish_when_done_then_all_tables_are_in_both_files_and_in_parquet(home: Home, publish_day: Publish) -> None:
    report = publish_day()
    for path in (report.database, report.restricted):
        found = {
            name
            for (name,) in rows(path, "select table_name from information_schema.tables where table_schema = 'serving'")
        }
        assert found == set(NAMES)
    assert {file.parent.name for file in report.parquet.glob("*/part-0.parquet")} == set(NAMES)
    assert report.parquet.is_symlink()


def test_publication_row_when_read_then_it_says_what_the_file_is(home: Home, publish_day: Publish) -> None:
    report = publish_day()
    told = published(home)
    assert told is not None
    assert (told.as_of, told.known_at, told.run_id) == (date(2026, 3, 2), datetime(2026, 3, 2), "run-1")
    assert (told.criteria_version, told.counts, told.hashes) == ("v1", report.counts, report.hashes)
    with duckdb.connect(report.database, read_only=True) as connection:
        for name, digest in told.hashes.items():
            assert state_hash(connection, f"serving.{name}") == digest
            assert connection.execute(f"select count(*) from serving.{name}").fetchall() == [(told.counts[name],)]


def test_publication_row_when_nothing_was_published_then_there_is_none(home: Home) -> None:
    assert published(home) is None


def test_publish_when_content_is_the_same_then_hashes_and_parquet_bytes_are_too(
    home: Home, publish_day: Publish, change: Change
) -> None:
    first, bytes_of_first = publish_day(), parquet_bytes(home)
    for name in ("marts.orders", "marts.customers", "insights.customer_tiers"):
        change(f"create table x as select * from {name} order by hash(customer_id) desc; drop table {name}")
        change(f"create table {name} as select * from x; drop table x")
    second = publish_day(run_id="run-2")
    assert second.hashes == first.hashes
    assert parquet_bytes(home) == bytes_of_first


def test_state_hash_when_only_load_times_differ_then_it_is_equal_and_else_not(
    home: Home, publish_day: Publish, change: Change
) -> None:
    first = publish_day()
    change("update control.ingest_ledger set loaded_at = timestamp '2026-03-01 21:00:00', load_id = 'load-2'")
    second = publish_day()
    change("update control.ingest_ledger set rows_duplicate = 2 where sha256 = 'aa'")
    third = publish_day()
    assert first.hashes == second.hashes
    assert {name for name in NAMES[:-1] if third.hashes[name] != first.hashes[name]} == {"ingest_ledger"}


def test_files_when_published_then_only_their_owner_can_read_them(home: Home, publish_day: Publish) -> None:
    publish_day()
    for path in home.serving.rglob("*"):
        if not path.is_symlink():
            assert stat.S_IMODE(path.stat().st_mode) == (0o700 if path.is_dir() else 0o600), path


def test_versions_when_published_often_then_the_last_three_are_kept(home: Home, publish_day: Publish) -> None:
    reports = [publish_day() for _ in range(4)]
    assert sorted(path.name for path in (home.serving / "versions").iterdir()) == [
        report.publication_id for report in reports[1:]
    ]
    assert (home.serving / "parquet").resolve().parent.name == reports[-1].publication_id


@pytest.mark.parametrize(
    "sql", ["drop table marts.survivorship; drop table insights.rfm_scores", "drop table control.sources"]
)
def test_publish_when_a_declared_table_is_missing_then_it_is_named_and_the_old_stays(
    sql: str, home: Home, publish_day: Publish, change: Change
) -> None:
    first = publish_day()
    change(sql)
    with pytest.raises(MissingTables) as error:
        publish_day()
    assert all(name in str(error.value) for name in sql.replace("drop table ", "").split("; "))
    told = published(home)
    assert told is not None
    assert told.publication_id == first.publication_id
    assert not list(home.serving.glob(".build-*"))


@pytest.mark.parametrize("file", ["strata.duckdb", "strata_restricted.duckdb", "parquet"])
def test_publish_when_a_built_file_is_not_what_was_meant_then_the_old_stays(
    file: str, home: Home, publish_day: Publish, monkeypatch: pytest.MonkeyPatch
) -> None:
    first, bytes_of_first = publish_day(), parquet_bytes(home)

    def spoil(folder: Path) -> None:
        build_parquet(folder)
        if file == "parquet":
            part = folder / "parquet" / "orders" / "part-0.parquet"
            duckdb.execute(f"copy (select * from '{part}' limit 59) to '{part}.new' (format parquet)")
            Path(f"{part}.new").rename(part)
            return
        with duckdb.connect(folder / file) as connection:
            connection.execute("update serving.orders set net_amount = 0 where order_id = 'O1'")

    module = publish_function.__globals__
    build_parquet = module["build_parquet"]
    monkeypatch.setitem(module, "build_parquet", spoil)
    with pytest.raises(VerificationFailed, match=f"{file}: orders"):
        publish_day()
    told = published(home)
    assert told is not None
    assert told.publication_id == first.publication_id
    assert parquet_bytes(home) == bytes_of_first
    assert not list(home.serving.glob(".build-*"))


def test_publish_when_a_wal_is_left_then_it_fails(
    home: Home, publish_day: Publish, monkeypatch: pytest.MonkeyPatch
) -> None:
    module = publish_function.__globals__
    build_parquet = module["build_parquet"]

    def leave_wal(folder: Path) -> None:
        build_parquet(folder)
        (folder / "strata.duckdb.wal").touch()

    monkeypatch.setitem(module, "build_parquet", leave_wal)
    with pytest.raises(VerificationFailed, match="wal"):
        publish_day()
    assert published(home) is None


def test_publish_when_the_warehouse_is_of_another_day_then_it_refuses(publish_day: Publish) -> None:
    with pytest.raises(WrongDay, match="2026-03-02"):
        publish_day(date(2026, 3, 1))


def test_history_when_published_then_only_days_up_to_the_publication_count(
    home: Home, publish_day: Publish, change: Change
) -> None:
    change(
        "update control.run set as_of = date '2026-03-01';"
        "update insights.customer_tier_table set as_of = date '2026-03-01' where tier = 'gold'"
    )
    report = publish_day(date(2026, 3, 1))
    assert rows(report.database, "select distinct as_of from serving.customer_tiers") == [(date(2026, 3, 1),)]


@pytest.mark.parametrize(("keep", "days"), [(None, 2), (1, 1)])
def test_history_when_limited_then_the_newest_days_are_kept(keep: int | None, days: int, publish_day: Publish) -> None:
    report = publish_day(keep_history=keep)
    query = "select count(distinct as_of), max(as_of) from serving.customer_features"
    assert rows(report.database, query) == [(days, date(2026, 3, 2))]


def test_freshness_when_published_then_it_is_seen_from_the_as_of_day(publish_day: Publish) -> None:
    query = "select source, entity, last_event_day, lag_days, is_stale from serving.data_freshness order by all"
    assert rows(publish_day().database, query) == [
        ("crm", "companies", None, None, False),
        ("survey", "answers", None, None, True),
        ("webshop", "accounts", None, None, False),
        ("webshop", "orders", date(2026, 3, 1), 0, False),
    ]


def test_freshness_when_events_are_late_or_of_the_future_then_lag_and_staleness_follow(
    publish_day: Publish, change: Change
) -> None:
    change("update control.ingest_ledger set last_event_at = '2026-02-27T10:00:00+00:00' where entity = 'orders'")
    change("update control.ingest_ledger set last_event_at = '2026-03-05T10:00:00+00:00' where entity = 'accounts'")
    query = (
        "select last_event_day, lag_days, is_stale from serving.data_freshness where source = 'webshop' order by entity"
    )
    assert rows(publish_day().database, query) == [(date(2026, 3, 1), 0, False), (date(2026, 2, 27), 2, True)]


def test_metric_definitions_when_published_then_each_names_a_declared_table_in_both_languages() -> None:
    names = {table.name for table in TABLES}
    metrics = load_metrics()
    assert {metric.table_name for metric in metrics} <= names
    assert len({metric.metric for metric in metrics}) == len(metrics)
    assert all(metric.definition_en.isascii() and not metric.definition_zh.isascii() for metric in metrics)
