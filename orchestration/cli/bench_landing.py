"""`strata bench landing`: the lander against pyarrow reading and writing the same file, each in processes of their own.

Both are warmed with a small file first, so that imports do not count; they take turns, and medians are compared.
"""

import multiprocessing
import resource
import statistics
import tempfile
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from datetime import UTC, datetime
from pathlib import Path
from time import perf_counter, process_time
from typing import Any

import duckdb

from orchestration.cli.bench_figures import Figures, at_least, at_most, figure
from orchestration.settings import Home
from orchestration.settings.sources import SourcesFile

LINES = {"small": 2_000_000, "20k": 2_000_000, "100k": 4_000_000, "1m": 10_000_000, "3m": 30_000_000}
PAIRS = 5
BROKEN_EVERY = 100
LEAST_RATIO, LEAST_ROWS_A_CORE, LARGEST_MEGABYTES = 0.5, 150_000, 400
COLUMNS = {
    "order_id": "order_no", "line_number": "line_no", "person_ref": "account", "ordered_at": "ordered_at",
    "product_id": "sku", "product_name": "title", "category": "category", "quantity": "qty",
    "unit_price": "price", "discount_amount": "discount", "currency": "currency",
}  # fmt: skip
_LINES = """
select 'SO' || lpad((i // 3)::varchar, 9, '0') as order_no, (i % 3) + 1 as line_no,
       'AC' || lpad((hash(i // 3) % 200000)::varchar, 9, '0') as account,
       strftime(timestamp '2024-01-01' + to_seconds((hash(i // 3) % 60000000)::bigint), '%Y-%m-%d %H:%M:%S') as ordered_at,
       'SKU-' || (hash(i) % 5000)::varchar as sku, 'Product ' || (hash(i) % 5000)::varchar as title,
       'category-' || (hash(i) % 40)::varchar as category, 1 + hash(i) % 5 as qty,
       (hash(i) % 100000 / 100.0)::decimal(10, 2) as price, (hash(i + 1) % 1000 / 100.0)::decimal(10, 2) as discount,
       'CNY' as currency
from range({rows}) as t(i)
"""


def bench_landing(size: str) -> Figures:
    """Clean and dirty order lines; seconds, rows a second, peak memory, and whether every row was accounted for."""
    rows = LINES[size]
    with tempfile.TemporaryDirectory() as folder:
        clean, dirty, small = (Path(folder) / name for name in ("clean.csv", "dirty.csv", "small.csv"))
        _write(clean, rows)
        _write(small, 1_000)
        broken = _spoil(clean, dirty)
        ours, theirs = [], []
        for _ in range(PAIRS):
            ours.append(_alone(_land, clean, small))
            theirs.append(_alone(_pyarrow, clean, small))
        soiled = _alone(_land, dirty, small)
    return _figures(rows, broken, ours, theirs, soiled)


def _figures(
    rows: int, broken: int, ours: list[dict[str, Any]], theirs: list[dict[str, Any]], soiled: dict[str, Any]
) -> Figures:
    wall, reference = (statistics.median(run["wall"] for run in runs) for runs in (ours, theirs))
    a_core = rows / soiled["cpu"]
    peak = max(run["megabytes"] for run in [*ours, soiled])
    lost = abs(rows - broken - soiled["rows_loaded"]) + abs(broken - soiled["rows_quarantined"])
    lost += sum(abs(rows - run["rows_loaded"]) for run in ours)
    return {
        "clean CSV, lines a second": figure(rows / wall, "1/s"),
        "pyarrow: read and write the same file": figure(rows / reference, "1/s"),
        "clean CSV / pyarrow": at_least(reference / wall, "times", LEAST_RATIO),
        "dirty CSV, lines a second and core": at_least(a_core, "1/s", LEAST_ROWS_A_CORE),
        "peak memory": at_most(peak, "MB", LARGEST_MEGABYTES),
        "rows not accounted for": at_most(lost, "rows", 0),
    }


def _write(path: Path, rows: int) -> None:
    with duckdb.connect() as con:
        con.execute(f"copy ({_LINES.format(rows=rows)}) to '{path}' (header, preserve_order true)")


def _spoil(clean: Path, dirty: Path) -> int:
    """Breaks every hundredth line in one of three ways; returns how many."""
    ways: list[Callable[[bytes], bytes]] = [
        lambda line: line.replace(b"Product", b'"Product', 1),
        lambda line: line.replace(b"CNY", b"CNY,more", 1),
        lambda line: line.replace(b"-", b"/", 1),
    ]
    broken = 0
    with clean.open("rb") as source, dirty.open("wb") as target:
        target.write(source.readline())
        for number, line in enumerate(source):
            spoilt = number % BROKEN_EVERY == BROKEN_EVERY - 1
            target.write(ways[broken % len(ways)](line) if spoilt else line)
            broken += spoilt
    return broken


def _alone(work: Callable[[Path], dict[str, int]], file: Path, small: Path) -> dict[str, Any]:
    with ProcessPoolExecutor(1, multiprocessing.get_context("spawn")) as pool:
        return pool.submit(_measured, work, file, small).result()


def _measured(work: Callable[[Path], dict[str, int]], file: Path, small: Path) -> dict[str, Any]:
    work(small)
    wall, cpu = perf_counter(), process_time()
    told = work(file)
    wall, cpu = perf_counter() - wall, process_time() - cpu
    return {"wall": wall, "cpu": cpu, "megabytes": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024, **told}


def _land(file: Path) -> dict[str, int]:
    from orchestration.landing import land_block

    block = {"entity": "order_lines", "key": ["order_no", "line_no"], "columns": COLUMNS}
    source = {"channel": "store", "trust": 10, "entities": {"lines": block}}
    settings = SourcesFile.model_validate({"sources": {"shop": source}})
    with tempfile.TemporaryDirectory(dir=file.parent) as root:
        home = Home(Path(root)).ensure()
        folder = home.landing / "shop" / "lines"
        folder.mkdir(parents=True)
        (folder / file.name).hardlink_to(file)
        return land_block(home, settings, "shop", "lines", "bench", datetime.now(UTC)).totals


def _pyarrow(file: Path) -> dict[str, int]:
    import pyarrow.csv as pv
    import pyarrow.parquet as pq

    table = pv.read_csv(file)
    pq.write_table(table, file.with_suffix(".parquet"))
    return {"rows_loaded": table.num_rows}
