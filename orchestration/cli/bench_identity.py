"""`strata bench identity`: the linking against sets with a known truth, beside the keys alone and plain Splink.

Each set (`bench_sets.py`) is landed, staged and linked at the shipped settings; the references (`bench_references.py`) see the
same records in the same call. Ratios of time have a goal from a million records on: below, fixed costs are all there is to see.
"""

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from statistics import median
from typing import Any

import duckdb

from orchestration import warehouse
from orchestration.cli.bench_figures import Figures, at_least, at_most, figure, seconds_of
from orchestration.cli.bench_planted import KINDS, PAIRS, kind_and_pair, planted
from orchestration.cli.bench_references import plain_splink
from orchestration.cli.bench_sample import AS_OF, SIZES
from orchestration.cli.bench_sets import Set, febrl, names_dates_places, sample
from orchestration.landing import land_block
from orchestration.logic.identity import Quality, measure, resolve
from orchestration.resources import DBT, DBT_FOLDER
from orchestration.settings import Home
from orchestration.settings.sources import blocks

GOALS = {1: 0.998, 2: 0.996, 3: 0.994, 4: 0.998}
GOAL_WITH_ID, LEAST_PRECISION, LEAST_RECALL, LARGEST_GAP = 0.999, 0.995, 0.96, 0.02
LEAST_RECALL_OF_PLANTED = 0.99
MOST_TIMES_A_SCAN, MOST_OF_PLAIN, RECORDS_FOR_RATIOS = 5.0, 0.5, 1_000_000
SCANS = [
    f"select count(*) from (from staging.{table} group by all)"
    for table in ("stg_persons", "stg_companies", "stg_person_refs")
]
"""All that the keys are taken from, grouped by all of its fields."""
RELATIONS = ("relatives", "parent_and_child", "couple", "twins", "father_and_son")


@dataclass(frozen=True)
class Linked:
    """What the whole linking reached, the keys alone, and plain Splink; with seconds of each and of a plain scan. `records`: all
    that were linked, also those of which the truth knows nothing."""

    whole: Quality
    keys: Quality
    plain: Quality
    seconds: dict[str, float]
    parts: dict[str, Quality]
    merged: dict[str, tuple[int, int]]
    records: int


@dataclass(frozen=True)
class Strangers:
    """How many of the planted pairs of each kind became one customer, and the share of own records that found each other."""

    merged: dict[str, int]
    recall: float


def bench_identity(size: str) -> Figures:
    """F1 on FEBRL 1 to 4 without and with the national id and on names, dates and places; precision, recall, parts, planted
    relations and times on the sample data; and planted pairs that share only what strangers share."""
    figures: Figures = {}
    for number, goal in GOALS.items():
        for with_id in (False, True):
            linked = link_febrl(number, with_id)
            least = GOAL_WITH_ID if with_id else goal
            name = f"FEBRL {number}, {'with' if with_id else 'without'} national id"
            figures |= _side_by_side(name, linked, least, beats_plain=number in (3, 4))
    figures |= _side_by_side("names, dates and places", _link(names_dates_places), 0.0, beats_plain=True)
    linked = link_sample(SIZES[size])
    figures |= _side_by_side("sample data", linked, 0.0, beats_plain=True)
    precision, recall = linked.whole.precision, linked.whole.recall
    figures["sample data: precision"] = at_least(precision, "share", LEAST_PRECISION)
    figures["sample data: recall"] = at_least(recall, "share", LEAST_RECALL)
    for part, quality in linked.parts.items():
        gap = max(precision - quality.precision, recall - quality.recall, 0.0)
        figures[f"sample data, {part} names: behind all"] = at_most(gap, "share", LARGEST_GAP)
    for relation, (merged, pairs) in linked.merged.items():
        figures[f"sample data: {relation} merged of {pairs:,} pairs"] = figure(merged, "pairs")
    strangers = link_planted()
    for kind, merged in strangers.merged.items():
        figures[f"{kind}: merged of {PAIRS} pairs"] = at_most(merged, "pairs", 0)
    figures["planted pairs: recall"] = at_least(strangers.recall, "share", LEAST_RECALL_OF_PLANTED)
    return figures | _times(linked)


def link_febrl(number: int, with_id: bool) -> Linked:
    """One set of FEBRL through landing, staging and linking."""
    return _link(lambda home: febrl(home, number, with_id))


def link_sample(customers: int) -> Linked:
    """The sample data of `strata demo` for so many customers."""
    return _link(lambda home: sample(home, customers), repeats=3)


def link_planted() -> Strangers:
    """The pairs that share only what strangers and relatives share."""
    with _staged(planted) as (con, home, made):
        resolve(con, made.settings, home.models)
        rows = con.execute(f"""
            with held as (
                select {kind_and_pair("record_id")} as planted, person_id, customer_id
                from truth join identity.clusters using (record_id)
            )
            select cast(planted[1] as integer), count(distinct planted)
            from held as a join held as b using (planted, customer_id)
            where a.person_id <> b.person_id
            group by 1
        """).fetchall()
        merged = dict(rows)
        return Strangers({kind: merged.get(place, 0) for place, kind in enumerate(KINDS)}, measure(con, "truth").recall)


def _link(make: Callable[[Home], Set], repeats: int = 1) -> Linked:
    threads = 1 if repeats > 1 else 2  # where times matter: beside another one, a model takes as long as both
    with _staged(make, threads) as (con, home, made):
        return _measured(con, home, made, repeats)


@contextmanager
def _staged(make: Callable[[Home], Set], threads: int = 2) -> Iterator[tuple[duckdb.DuckDBPyConnection, Home, Set]]:
    """A warehouse in which the set is staged and its keys are linked, so many models at a time, with the table `truth`."""
    with tempfile.TemporaryDirectory() as folder:
        home = Home(Path(folder) / "home").ensure()
        made = make(home)
        for ref in blocks(made.settings.sources):
            land_block(home, made.settings.sources, ref.source, ref.block, "bench", datetime.now(UTC))
        warehouse.prepare(home, made.settings, AS_OF, datetime.now(UTC))
        folders = ["--project-dir", DBT_FOLDER, "--profiles-dir", DBT_FOLDER, "--target-path", home.dbt]
        select = ["--select", "fqn:strata.staging", "fqn:strata.intermediate.identity", "--resource-type", "model"]
        command = [DBT, "--quiet", "build", *select, "--threads", threads, *folders, "--log-path", home.dbt]
        variables = {**os.environ, "STRATA_WAREHOUSE": str(home.warehouse), "STRATA_MEMORY": warehouse.MEMORY_LIMIT}
        subprocess.run(list(map(str, command)), check=True, stdout=sys.stderr, env=variables)
        with warehouse.connect(home) as con:
            con.execute(f"create temp table truth as {made.truth}")
            yield con, home, made


def _measured(con: duckdb.DuckDBPyConnection, home: Home, made: Set, repeats: int) -> Linked:
    def link() -> None:
        resolve(con, made.settings, home.models)

    seconds = {"whole": _median(link, repeats)}
    whole = measure(con, "truth")
    if not whole.true_pairs:
        raise SystemExit("nothing of the set was staged")
    parts, merged = _parts(con, home), _merged(con, home)
    seconds["plain"] = _median(lambda: plain_splink(con, "plain_clusters"), repeats)
    seconds["scan"] = _median(lambda: [con.execute(scan) for scan in SCANS], repeats)
    con.execute("truncate intermediate.int_identity__comparables")  # the model sees nobody
    seconds["clusters"] = _median(link, repeats)
    seconds["models"] = _dbt_seconds(home)
    keys, plain = measure(con, "truth"), measure(con, "truth", "plain_clusters")
    ((records,),) = con.execute("select count(*) from identity.clusters").fetchall()
    return Linked(whole, keys, plain, seconds, parts, merged, records)


def _parts(con: duckdb.DuckDBPyConnection, home: Home) -> dict[str, Quality]:
    """Quality among persons whose names are Chinese, and Western, of data with a truth about persons."""
    persons = home.truth / "persons.parquet"
    if not persons.exists():
        return {}
    parts = {}
    for part, chinese in (("Chinese", "true"), ("Western", "false")):
        con.execute(f"""
            create or replace temp table truth_of_part as
            select record_id, person_id
            from truth join '{persons}' as persons on person_id = true_person_id
            where kind <> 'company' and regexp_matches(name, '[\\x{{4e00}}-\\x{{9fff}}]') = {chinese}
        """)
        parts[part] = measure(con, "truth_of_part")
    return parts


def _merged(con: duckdb.DuckDBPyConnection, home: Home) -> dict[str, tuple[int, int]]:
    """By planted relation, how many pairs of persons are one customer, of how many."""
    persons = home.truth / "persons.parquet"
    if not persons.exists():
        return {}
    rows = con.execute(f"""
        with held as (select distinct person_id, customer_id from truth join identity.clusters using (record_id)),
        related as (
            select relation, a.true_person_id as one, b.true_person_id as other
            from '{persons}' as a join '{persons}' as b using (household_id, relation)
            where a.true_person_id < b.true_person_id
        )
        select relation, count(distinct (one, other)) filter (x.customer_id = y.customer_id), count(distinct (one, other))
        from related join held as x on one = x.person_id join held as y on other = y.person_id
        group by relation
    """).fetchall()
    found = {relation: (merged, planted) for relation, merged, planted in rows}
    return {relation: found[relation] for relation in RELATIONS if relation in found}


def _times(linked: Linked) -> Figures:
    """What the deterministic and the probabilistic part cost, against a plain scan and plain Splink."""
    seconds, large = linked.seconds, linked.records >= RECORDS_FOR_RATIOS
    of_scan = (seconds["models"] + seconds["clusters"]) / seconds["scan"]
    of_plain = (seconds["whole"] - seconds["clusters"]) / seconds["plain"]
    held = at_most if large else lambda value, unit, _: figure(value, unit)
    names = {
        "keys, SQL": "models", "keys, clusters": "clusters", "whole, clusters": "whole", "scan and group": "scan",
        "plain Splink": "plain",
    }  # fmt: skip
    return {
        **{f"sample data: {name}": figure(seconds[key], "s") for name, key in names.items()},
        "sample data: keys / scan and group": held(of_scan, "times", MOST_TIMES_A_SCAN),
        "sample data: model / plain Splink": held(of_plain, "times", MOST_OF_PLAIN),
    }


def _side_by_side(name: str, linked: Linked, least: float, beats_plain: bool) -> Figures:
    f1 = linked.whole.f1
    keys, plain, goal = linked.keys.f1, linked.plain.f1, "at most the whole"
    return {
        f"{name}: F1": at_least(f1, "share", least) if least else figure(f1, "share"),
        f"{name}: F1 of keys alone": figure(keys, "share", goal, f1 >= keys),
        f"{name}: F1 of plain Splink": figure(plain, "share", goal, f1 >= plain)
        if beats_plain
        else figure(plain, "share"),
    }


def _dbt_seconds(home: Home) -> float:
    """Of the models of the keys; what the model compares is not theirs."""
    results = json.loads((home.dbt / "run_results.json").read_text(encoding="utf-8"))["results"]
    return sum(
        float(result["execution_time"])
        for result in results
        if ".int_identity__" in result["unique_id"]
        and not result["unique_id"].endswith(("comparables", "field_values"))
    )


def _median(work: Callable[[], Any], repeats: int) -> float:
    return median(seconds_of(work) for _ in range(repeats))
