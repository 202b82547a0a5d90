"""The generator as a whole: same arguments same bytes, sizes, chunks, channels, and the bounds of its arguments."""

import hashlib
from datetime import date
from pathlib import Path

import pytest

from orchestration.sample import generate, words
from orchestration.sample.layout import LAYOUTS
from orchestration.settings.home import Home

from .conftest import AS_OF, Sample, write_sample
from .reading import all_blocks, read_rows


def hashes(root: Path) -> dict[str, str]:
    return {
        str(p.relative_to(root)): hashlib.sha256(p.read_bytes()).hexdigest() for p in root.rglob("*") if p.is_file()
    }


def test_sample_when_written_twice_then_same_bytes(tmp_path: Path) -> None:
    first = write_sample(tmp_path / "a", 120, 120, chunk_customers=50)
    second = write_sample(tmp_path / "b", 120, 120, chunk_customers=50)
    assert hashes(first.home.root) == hashes(second.home.root)


def test_sample_when_written_over_another_then_nothing_is_appended(tmp_path: Path) -> None:
    once = hashes(write_sample(tmp_path / "a", 60, 90).home.root)
    write_sample(tmp_path / "b", 60, 90)
    assert hashes(write_sample(tmp_path / "b", 60, 90).home.root) == once


def test_sample_when_seed_differs_then_other_people(tmp_path: Path, sample: Sample) -> None:
    other = write_sample(tmp_path, seed=8)
    names = "select name from '{truth}/persons.parquet' where kind = 'person' order by true_person_id"
    assert sample.rows(names) != other.rows(names)


def test_layouts_when_compared_with_sources_then_same_blocks_and_formats() -> None:
    refs = {(ref.source, ref.block): ref.settings.format for ref in all_blocks()}
    assert set(refs) == set(LAYOUTS)
    for place, layout in LAYOUTS.items():
        assert refs[place].type == layout.type, place
        assert not layout.is_text or refs[place].encoding == layout.encoding, place


def test_channels_when_sample_of_300_then_every_block_has_rows(sample: Sample) -> None:
    assert {tuple(block.split("/")) for block in sample.summary.rows_by_block} == set(LAYOUTS)


def test_districts_when_companies_are_written_then_they_are_of_their_city(sample: Sample) -> None:
    ref = next(ref for ref in all_blocks() if (ref.source, ref.block) == ("fxiaoke", "accounts"))
    cities = {city.native: words.DISTRICTS.get(city.latin, ()) for city in words.CITIES}
    told = [(row["城市"], row["区县"]) for _, _, row in read_rows(sample.home, ref)]
    assert [city for city, district in told if district and district not in cities[city or ""]] == []
    assert len({district for _, district in told if district}) > 2


def test_summary_when_compared_with_files_then_counts_agree(sample: Sample) -> None:
    files = [p for p in sample.home.landing.rglob("*") if p.is_file()]
    assert len(files) == sample.summary.files
    assert sample.rows("select sum(rows) from '{truth}/files.parquet'") == [(sample.summary.rows,)]


@pytest.mark.parametrize("chunk_customers", [300, 70])
def test_chunks_when_cut_otherwise_then_every_customer_once(tmp_path: Path, chunk_customers: int) -> None:
    cut = write_sample(tmp_path, chunk_customers=chunk_customers)
    assert cut.rows(
        "select count(*), count(distinct true_person_id) from '{truth}/persons.parquet' where kind = 'person'"
    ) == [(300, 300)]
    ids = "select count(*) - count(distinct (source, entity, source_record_id)) from '{truth}/records.parquet'"
    assert cut.rows(ids) == [(0,)]
    [(orders,)] = cut.rows("select avg(count_orders) from '{truth}/persons.parquet' where kind = 'person'")
    [(records,)] = cut.rows("select count(*) / 300 from '{truth}/records.parquet'")
    assert 3 < orders < 9
    assert 1.7 < records < 2.7


def test_chunks_when_more_customers_follow_then_the_first_chunk_is_the_same(tmp_path: Path) -> None:
    short = write_sample(tmp_path / "a", 100, 120, chunk_customers=100)
    long = write_sample(tmp_path / "b", 200, 120, chunk_customers=100)
    query = "select * from '{truth}/persons.parquet' where true_person_id < 'P00000100' and kind = 'person' order by 1"
    assert short.rows(query) == long.rows(query)


def test_sample_when_one_customer_then_it_is_written(tmp_path: Path) -> None:
    assert write_sample(tmp_path, 1, 30).summary.customers == 1


@pytest.mark.parametrize(("customers", "days"), [(0, 90), (10, 5), (10**8, 90)])
def test_sample_when_size_out_of_range_then_refused(tmp_path: Path, customers: int, days: int) -> None:
    with pytest.raises(ValueError, match="customers"):
        generate(Home(tmp_path), customers, days, 1, date(2026, 1, 1))


def test_progress_when_written_then_grows_to_one(tmp_path: Path) -> None:
    seen: list[float] = []
    generate(Home(tmp_path), 60, 60, 1, AS_OF, lambda _, share: seen.append(share), chunk_customers=20)
    assert seen == sorted(seen)
    assert seen[-1] == 1.0
