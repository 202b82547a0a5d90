"""Nothing is lost: every row that came in is loaded, merged, refused with its reason, or a duplicate; the sums add up."""

import duckdb

from orchestration.settings import Home
from tests.conftest import query

REFUSED = "select source, entity, file, line_number, rule from {table} order by all"


def test_ledger_of_each_file_adds_up(refreshed: Home) -> None:
    broken = query(
        refreshed,
        "select file from serving.ingest_ledger "
        "where rows_read <> rows_loaded + rows_quarantined + rows_duplicate + rows_erased",
    )
    files, rows = query(refreshed, "select count(*), sum(rows_read) from serving.ingest_ledger")[0]
    assert broken == []
    assert files > 20
    assert rows > 1_000


def test_every_layer_conserves_its_rows(refreshed: Home) -> None:
    assert query(refreshed, "select * from serving.conservation where difference <> 0") == []
    layers = {layer for (layer,) in query(refreshed, "select distinct layer from serving.conservation")}
    assert {"staging", "marts"} <= layers


def test_loaded_rows_are_the_rows_in_raw(refreshed: Home) -> None:
    (loaded,) = query(refreshed, "select sum(rows_loaded) from serving.ingest_ledger")[0]
    with duckdb.connect() as con:
        raw = con.execute(
            "select count(*) from read_parquet($glob, union_by_name = true)",
            {"glob": str(refreshed.raw / "*/*/*/*.parquet")},
        ).fetchall()[0][0]
    assert loaded == raw


def test_quarantine_holds_the_planted_rows_and_no_others(refreshed: Home) -> None:
    truth = refreshed.truth / "broken_rows.parquet"
    with duckdb.connect() as con:
        planted = con.execute(REFUSED.format(table=f"'{truth}'")).fetchall()
    found = query(refreshed, REFUSED.format(table="serving.quarantine"))
    assert planted
    assert found == planted
