"""T14: large dirty files lose no row at any border of a chunk. 60 MB and 20 seeds in the campaign, 4 MB and 2 seeds here."""

import os
import random
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from tests.unit.landing.conftest import HEADER, ORDERS, Bench

FULL = os.environ.get("STRATA_CAMPAIGN") == "full"
MEGABYTES, SEEDS = (60, 20) if FULL else (4, 2)
BROKEN = (
    '{n},"c,2026-01-02,1,paid\n',
    "{n},c,2026-01-02,1\n",
    "{n},c,soon,1,paid\n",
    '{n},"c"d,2026-01-02,1,paid\n',
    "{n},c\0,2026-01-02,1,paid\n",
)


@pytest.mark.parametrize("seed", range(SEEDS))
def test_landing_when_a_large_file_is_dirty_then_no_row_is_missing(seed: int, tmp_path: Path) -> None:
    r, bench = random.Random(seed), Bench(tmp_path, ORDERS)
    good = broken = size = number = 0
    with (bench.folder / "a.csv").open("w", encoding="utf-8", newline="") as file:
        file.write(HEADER)
        while size < MEGABYTES * 1_000_000:
            number += 1
            if r.random() < 0.01:
                line, broken = r.choice(BROKEN).format(n=number), broken + 1
            else:
                note = r.choice(("c", '"a, b"', '"two\nlines"', '"say ""hi"""', "x" * r.randrange(300)))
                line, good = f"{number},{note},2026-01-02,{number}.5,paid\n", good + 1
            size += file.write(line)
    (report,) = bench.land().files
    assert (report.rows_read, report.rows_loaded, report.rows_quarantined) == (good + broken, good, broken)
    (raw,) = (bench.home.raw / "orders/shop/things").glob("*.parquet")
    table = pq.ParquetFile(raw).read(["order_id", "net_amount"]).to_pydict()
    assert all(net == f"{order}.5" for order, net in zip(table["order_id"], table["net_amount"], strict=True))
    assert len(set(table["order_id"])) == good
