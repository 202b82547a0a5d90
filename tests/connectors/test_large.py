"""A table of 200,000 rows, pulled three times by processes of their own: the files add up, and memory stays bounded.

The bound is on what a pull adds to a process that has loaded its libraries; `pytest -s` prints the figures of docs/databases.md.
"""

import json
import subprocess
import sys
from typing import Any

import duckdb
import pyarrow as pa

from tests.connectors.conftest import Puller

ROWS, MEGABYTES = 200_000, 300
CREATE = f"""CREATE TABLE things AS SELECT n AS id, md5(n::text) AS name, (n % 1000) / 100.0 AS amount,
timestamp '2026-01-01' + (n / 500) * interval '1 second' AS changed_at FROM generate_series(1, {ROWS}) AS n"""
CHANGES = [
    ("ALTER TABLE things ADD PRIMARY KEY (id)",),
    (
        "DELETE FROM things WHERE id % 100 = 7",
        "UPDATE things SET name = 'x', changed_at = '2026-02-01' WHERE id % 50 = 1",
        "INSERT INTO things SELECT n, 'late', 1, '2025-12-31' FROM generate_series(300001, 301000) AS n",
    ),
    (
        "DELETE FROM things WHERE id <= 1000",
        "INSERT INTO things SELECT n, 'back', 2, '2025-01-01' FROM generate_series(1, 500) n",
    ),
]
CHILD = """
import json, resource, sys, time
from datetime import UTC, datetime
from pathlib import Path
from orchestration.settings.home import Home
from orchestration.settings.sources import SourcesFile, block_ref
from orchestration.sources import pull, sql
home, sources = Home(Path(sys.argv[1])), SourcesFile.model_validate(json.loads(sys.argv[2]))
peak = lambda: resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
before, began = peak(), time.monotonic()
report = pull(home, block_ref(sources, "shop", "things"), datetime.now(UTC))
print(json.dumps([report.rows_read, report.rows_changed, report.rows_deleted, time.monotonic() - began, peak() - before]))
"""
DIFFERENCE = """WITH pulled AS (
    SELECT id, name, amount, changed_at, _deleted_at FROM read_parquet($files, filename = true)
    QUALIFY row_number() OVER (PARTITION BY id ORDER BY filename DESC) = 1),
kept AS (SELECT id, name, amount, changed_at FROM pulled WHERE _deleted_at IS NULL)
SELECT (SELECT count(*) FROM (FROM kept EXCEPT FROM held)), (SELECT count(*) FROM (FROM held EXCEPT FROM kept)),
(SELECT count(*) FROM kept)"""


def test_pulls_when_the_table_is_large_then_they_add_up_in_bounded_memory(puller: Puller) -> None:
    puller.execute(CREATE)
    for changes in CHANGES:
        puller.execute(*changes)
        *rows, seconds, megabytes = in_a_process(puller)
        print(f"\nread, changed, deleted: {rows}; {seconds:.1f} s; {megabytes:.0f} MB more")
        assert megabytes < MEGABYTES
    assert rows[1:] == [500, 495]  # of the last pull: the keys that are back, and those that are not
    assert difference(puller) == (0, 0, ROWS - ROWS // 100 + 1000 - 490)


def in_a_process(puller: Puller) -> list[Any]:
    block = puller.block(["id"], table="things", cursor="changed_at")
    sources = {"sources": {"shop": {"channel": "store", "trust": 10, "entities": {"things": block}}}}
    command = [sys.executable, "-c", CHILD, str(puller.home.root), json.dumps(sources)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def difference(puller: Puller) -> tuple[int, int, int]:
    """Rows only in the files, only in the table, in the files."""
    with puller.engine.connect() as connection, duckdb.connect() as con:
        columns = "id::text, name, amount::text, to_char(changed_at, 'YYYY-MM-DD HH24:MI:SS')"
        held = connection.exec_driver_sql(f"SELECT {columns} FROM things").fetchall()
        table = pa.table(
            dict(zip(("id", "name", "amount", "changed_at"), map(list, zip(*held, strict=True)), strict=True))
        )
        con.register("held", table)
        found = con.execute(DIFFERENCE, {"files": [str(path) for path in puller.folder.glob("*.parquet")]}).fetchone()
    assert found is not None
    return found
