"""The truth beside the files: complete, right about dirt, and about who shares what."""

from datetime import UTC, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import duckdb
import pytest

from orchestration.landing import land_block
from orchestration.landing.casts import cast_macros
from orchestration.settings.loader import load_model
from orchestration.settings.sources import SourcesFile, blocks

from .conftest import AS_OF, Sample, write_sample
from .reading import SOURCES, all_blocks, read_rows

SHOP_PHONES = "1390000"
NOW = datetime(2026, 7, 2, tzinfo=UTC)


def test_records_when_landed_then_each_good_one_has_a_true_person(sample: Sample) -> None:
    true = set(sample.rows("select source, entity, source_record_id from '{truth}/records.parquet'"))
    broken = set(sample.rows("select file, row_number from '{truth}/broken_rows.parquet'"))
    landed = set()
    for ref in all_blocks():
        if ref.canonical in ("persons", "companies"):
            column = ref.settings.columns["source_record_id"]
            landed |= {
                (ref.source, ref.block, row[column])
                for file, number, row in read_rows(sample.home, ref)
                if (file, number) not in broken
            }
    assert landed == true


@pytest.mark.parametrize("by", ["email", "phone", "loyalty_id", "wechat_id"])
def test_references_when_landed_then_known_or_of_nobody(sample: Sample, by: str) -> None:
    known = set(
        sample.rows(f"select source, person_ref from '{{truth}}/references.parquet' where person_ref_by = '{by}'")
    )
    broken = set(sample.rows("select file, row_number from '{truth}/broken_rows.parquet'"))
    landed = {
        (ref.source, row[ref.settings.columns["person_ref"]])
        for ref in all_blocks()
        if ref.settings.person_ref.by == by and "person_ref" in ref.settings.columns
        for file, number, row in read_rows(sample.home, ref)
        if (file, number) not in broken
    }
    of_nobody = {value for _, value in landed - known if value}
    assert known <= landed
    assert all(by == "phone" and value.startswith((SHOP_PHONES, "13800000000")) for value in of_nobody)


def test_persons_when_written_then_relations_churn_and_companies_are_there(sample: Sample) -> None:
    relations = {
        name
        for (name,) in sample.rows("select distinct relation from '{truth}/persons.parquet' where relation is not null")
    }
    assert relations
    [(left, early)] = sample.rows(
        f"select count(churned_on), count(*) filter (churned_on >= date '{AS_OF}') from '{{truth}}/persons.parquet'"
    )
    assert 30 < left < 200
    assert early == 0


def test_dirt_when_planted_then_every_rule_of_the_layouts_is_there(sample: Sample) -> None:
    rules = {rule for (rule,) in sample.rows("select distinct rule from '{truth}/broken_rows.parquet'")}
    assert rules == {
        "width", "framing", "required", "timestamp", "date_range", "number", "allowed", "json", "encoding", "nul",
        "repeated_header",
    }  # fmt: skip


def test_landing_when_sample_is_landed_then_quarantine_and_duplicates_are_the_planted_ones(tmp_path: Path) -> None:
    dirty = write_sample(tmp_path, 150, 90)
    sources = load_model(SOURCES, SourcesFile)
    duplicates = {}
    for ref in all_blocks():
        report = land_block(dirty.home, sources, ref.source, ref.block, "load", NOW)
        assert {file.status for file in report.files} <= {"loaded"}, ref
        duplicates[ref.source, ref.block] = sum(file.rows_duplicate for file in report.files)
    columns = "select source, entity, file, line_number, rule from"
    quarantined = dirty.rows(f"{columns} read_parquet('{{truth}}/../quarantine/*/*/*.parquet')")
    planted = dirty.rows(f"{columns} '{{truth}}/broken_rows.parquet'")
    assert sorted(quarantined) == sorted(planted)
    assert (
        duplicates | {(s, e): n for s, e, n in dirty.rows("select * from '{truth}/duplicates.parquet'")} == duplicates
    )


def test_times_when_landed_then_no_event_after_as_of_but_planted_ones(sample: Sample) -> None:
    sources, connection = load_model(SOURCES, SourcesFile), duckdb.connect()
    for macro in cast_macros(blocks(sources)):
        connection.execute(macro)
    end = (
        datetime(AS_OF.year, AS_OF.month, AS_OF.day, tzinfo=ZoneInfo("Asia/Shanghai"))
        .astimezone(UTC)
        .replace(tzinfo=None)
    )
    for ref in all_blocks():
        for column in ref.entity.columns:
            name = ref.settings.columns.get(column.name)
            if column.kind == "timestamp" and name:
                texts = {
                    row[name] for _, _, row in read_rows(sample.home, ref) if row.get(name) and "2099" not in row[name]
                }
                times = connection.execute(
                    "select to_utc(t, ?, ?) from (select unnest(?) as t)",
                    [ref.settings.format.format_of_times, ref.timezone, sorted(texts)],
                ).fetchall()
                assert max((t for (t,) in times if t and t.year < 2099), default=end) <= end, (
                    ref.source,
                    ref.block,
                    column.name,
                )
