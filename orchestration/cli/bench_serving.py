"""`strata bench serving`: what a verified publication costs beside plain copies of the same tables, and what readers see while
publications are swapped in under them."""

import json
import multiprocessing
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from statistics import median, quantiles
from time import monotonic, sleep

import duckdb

from orchestration import warehouse
from orchestration.cli.bench_figures import Figures, at_most, figure, seconds, seconds_of
from orchestration.cli.bench_sample import AS_OF, fresh_sample
from orchestration.serving import publish
from orchestration.serving.build import ORDINARY
from orchestration.settings import Home, load_settings
from orchestration.settings.home import SHIPPED

REPEATS, READERS = 3, 2
MOST_TIMES_PLAIN = 3.0
LONGEST_READ = 1.0  # second, in 95 of 100 reads: open the file, find one customer, count all


@dataclass(frozen=True)
class Reads:
    """What one reader saw: seconds of each read, and how many failed, were of two publications at once, or went back."""

    seconds: list[float]
    failed: int
    mixed: int
    backwards: int


def bench_serving(size: str) -> Figures:
    """A whole run on fresh sample data, then its publication again and again, with readers and without."""
    with fresh_sample(size) as sample:
        return {"whole run": seconds(sample.strata("run")), **publications(sample.home, sample.folder)}


def publications(home: Home, folder: Path, repeats: int = REPEATS) -> Figures:
    """The figures of a home whose warehouse stands at AS_OF. `folder`: where the plain copies go."""
    again = partial(
        publish, home, as_of=AS_OF, run_id="bench", criteria_version=load_settings(SHIPPED).criteria_version
    )
    alone, plain = [], []
    for number in range(repeats):
        alone.append(seconds_of(again))
        plain.append(seconds_of(partial(_copy, home.serving / ORDINARY, folder / f"plain{number}")))
    readers = _while_read(home.serving / ORDINARY, folder / "signals", again, repeats)
    times = [spent for one in readers for spent in one.seconds]
    return {
        "publication with verification": seconds(median(alone)),
        "plain copies: two database files and Parquet": seconds(median(plain)),
        "publication / plain copies": at_most(
            median(own / copied for own, copied in zip(alone, plain, strict=True)), "times", MOST_TIMES_PLAIN
        ),
        f"reads by {READERS} readers while {repeats} publications came": figure(len(times), "reads"),
        "reads, median": figure(median(times), "s"),
        "reads, 95 of 100 within": at_most(quantiles(times, n=20)[-1], "s", LONGEST_READ),
        "reads that failed": at_most(sum(one.failed for one in readers), "reads", 0),
        "reads of two publications at once": at_most(sum(one.mixed for one in readers), "reads", 0),
        "reads of an older publication than before": at_most(sum(one.backwards for one in readers), "reads", 0),
    }


def _copy(published: Path, target: Path) -> None:
    """The same tables written as plainly as DuckDB can, as often as a publication writes them."""
    target.mkdir()
    with duckdb.connect(config={"memory_limit": warehouse.MEMORY_LIMIT}) as con:
        con.execute(f"attach '{published}' as published (read_only)")
        tables = con.execute("select table_name from duckdb_tables() where database_name = 'published'").fetchall()
        for name in ("one", "other"):
            con.execute(f"attach '{target / name}.duckdb' as {name}")
            for (table,) in tables:
                con.execute(f"create table {name}.{table} as from published.serving.{table}")
        for (table,) in tables:
            con.execute(f"copy (from published.serving.{table}) to '{target / table}.parquet' (compression zstd)")


def _while_read(published: Path, signals: Path, again: Callable[[], object], repeats: int) -> list[Reads]:
    """Publishes while readers read: from the first read of each on, and until `stop` is in the folder of signals."""
    signals.mkdir()
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(READERS, mp_context=context) as pool:
        readers = [pool.submit(_read, published, signals, number) for number in range(READERS)]
        try:
            while not all((signals / str(number)).exists() or reader.done() for number, reader in enumerate(readers)):
                sleep(0.05)
            for _ in range(repeats):
                again()
        finally:
            (signals / "stop").touch()
        return [reader.result() for reader in readers]


def _read(published: Path, signals: Path, number: int) -> Reads:
    """Opens the file anew for each read, as a BI tool does."""
    spent, failed, mixed, backwards, last = [], 0, 0, 0, ""
    while not (signals / "stop").exists():
        started = monotonic()
        try:
            with duckdb.connect(published, read_only=True) as con:
                customer = con.execute("select any_value(customer_id) from serving.customer_tier_table").fetchone()
                con.execute("from serving.customer_tier_table where customer_id = ?", customer).fetchall()
                found = con.execute("select count(*) from serving.customers").fetchone()
                ((publication, counts),) = con.execute(
                    "select publication_id, counts from serving.publication"
                ).fetchall()
        except duckdb.Error:
            failed += 1
        else:
            spent.append(monotonic() - started)
            mixed += found != (json.loads(counts)["customers"],)
            backwards += publication < last
            last = publication
        (signals / str(number)).touch()  # also after a failure, or nobody would ever begin to publish
    return Reads(spent, failed, mixed, backwards)
