"""Readers while publications go on, and processes killed at the worst moments."""

import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path

import duckdb
import pytest

from orchestration.serving import PublicationReport, published, recover
from orchestration.settings.home import Home

Publish = Callable[..., PublicationReport]
Change = Callable[[str], None]

# Opens the published database again and again: all tables carry the stamp of one publication, never an earlier one.
READER = """
import sys, time, duckdb
path, stop = sys.argv[1], sys.argv[2]
import pathlib
last, reads = 0, 0
while not pathlib.Path(stop).exists() or reads < 80:
    with duckdb.connect(path, read_only=True) as connection:
        stamps = connection.execute(
            "select run_id from serving.publication union select city from serving.customers"
            " union select coupon from serving.orders"
        ).fetchall()
    assert len(stamps) == 1, "mixed"
    assert int(stamps[0][0]) >= last, "backwards"
    last, reads = int(stamps[0][0]), reads + 1
print(reads)
"""

# Publishes, and dies by SIGKILL just before the given rename, or before Parquet is written.
KILLED = """
import os, signal, sys
from datetime import date
from pathlib import Path
from orchestration.serving import publish
from orchestration.serving import swap
from orchestration.settings.home import Home
def die(*_):
    os.kill(os.getpid(), signal.SIGKILL)
calls, moment, replace = 0, sys.argv[2], Path.replace
def counted(source, target):
    global calls
    calls += 1
    die() if str(calls) == moment else replace(source, target)
if moment == "build":
    publish.__globals__["build_parquet"] = die
elif moment == "verified":
    publish.__globals__["swap_in"] = die
else:
    Path.replace = counted
publish(Home(Path(sys.argv[1])), as_of=date(2026, 3, 2), run_id="2", criteria_version="v1")
"""
STAMP = "update marts.customers set city = '{n}'; update marts.orders set coupon = '{n}'"


def test_readers_when_five_publications_go_by_then_none_errs_and_none_sees_a_mixture(
    home: Home, publish_day: Publish, change: Change, tmp_path: Path
) -> None:
    change(STAMP.format(n=0))
    report = publish_day(run_id="0")
    stop = tmp_path / "stop"
    command = [sys.executable, "-c", READER, str(report.database), str(stop)]
    readers = [subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) for _ in range(3)]
    for n in range(1, 6):
        change(STAMP.format(n=n))
        publish_day(run_id=str(n))
    stop.touch()
    outputs = [(reader.communicate(timeout=60), reader.returncode) for reader in readers]
    assert [(error, code) for (_, error), code in outputs] == [("", 0)] * 3
    assert sum(int(text) for (text, _), _ in outputs) >= 200


def test_parquet_readers_when_the_link_is_followed_once_then_the_set_is_whole(
    home: Home, publish_day: Publish, change: Change
) -> None:
    change(STAMP.format(n=0))
    link = publish_day(run_id="0").parquet
    seen: list[set[str]] = []
    done = threading.Event()

    def read() -> None:
        while not done.is_set():
            folder = link.resolve()
            with duckdb.connect() as connection:
                rows = connection.execute(
                    f"select run_id from '{folder}/publication/*.parquet'"
                    f" union select city from '{folder}/customers/*.parquet'"
                    f" union select coupon from '{folder}/orders/*.parquet'"
                ).fetchall()
            seen.append({stamp for (stamp,) in rows})

    readers = [threading.Thread(target=read) for _ in range(2)]
    for reader in readers:
        reader.start()
    for n in range(1, 3):
        change(STAMP.format(n=n))
        publish_day(run_id=str(n))
    done.set()
    for reader in readers:
        reader.join()
    assert len(seen) > 20
    assert all(len(stamps) == 1 for stamps in seen)


def kill_publication(home: Home, moment: str) -> None:
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(path for path in sys.path if path)}
    done = subprocess.run(
        [sys.executable, "-c", KILLED, str(home.root), moment], env=environment, timeout=60, check=False
    )
    assert done.returncode == -signal.SIGKILL


@pytest.mark.parametrize("moment", ["build", "verified"])
def test_publish_when_killed_before_the_swap_then_readers_see_the_old_and_the_next_clears_up(
    moment: str, home: Home, publish_day: Publish, change: Change
) -> None:
    change(STAMP.format(n=1))
    publish_day(run_id="1")
    change(STAMP.format(n=2))
    kill_publication(home, moment)
    told = published(home)
    assert told is not None
    assert told.run_id == "1"
    assert list(home.serving.glob(".build-*"))
    publish_day(run_id="3")
    assert sorted(path.name for path in home.serving.iterdir()) == [
        "parquet",
        "strata.duckdb",
        "strata_restricted.duckdb",
        "versions",
    ]
    assert len(list((home.serving / "versions").iterdir())) == 2


@pytest.mark.parametrize("moment", ["1", "2", "3", "4"])
def test_publish_when_killed_within_the_swap_then_recovery_finishes_it(
    moment: str, home: Home, publish_day: Publish, change: Change
) -> None:
    change(STAMP.format(n=1))
    publish_day(run_id="1")
    change(STAMP.format(n=2))
    kill_publication(home, moment)
    recover(home.serving)
    folder = home.serving / "parquet"
    told = set()
    for path in (home.serving / "strata.duckdb", home.serving / "strata_restricted.duckdb"):
        with duckdb.connect(path, read_only=True) as connection:
            told |= set(connection.execute("select run_id from serving.publication").fetchall())
    told |= set(duckdb.execute(f"select run_id from '{folder}/publication/*.parquet'").fetchall())
    assert told == {("2",)}
    assert sorted(path.name for path in home.serving.iterdir()) == [
        "parquet",
        "strata.duckdb",
        "strata_restricted.duckdb",
        "versions",
    ]
