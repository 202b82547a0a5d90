"""One pull on a real PostgreSQL: exact values, one file or none, nothing lost by a kill, and nothing told that is secret."""

import os
import stat
from pathlib import Path
from typing import Any

import pytest

from orchestration.landing import land_block
from orchestration.sources import PullError, probe, pull
from orchestration.sources.sql import connection
from orchestration.sources.sql.state import Place
from tests.connectors.conftest import NOW, VARIABLE, Puller, sources_of

TYPES = """CREATE TABLE things (id bigint PRIMARY KEY, amount numeric(30, 10), exact numeric, seen timestamptz, local timestamp,
day date, yes boolean, bytes bytea, doc jsonb, tags text[], name text, ratio double precision, span interval)"""
VALUES = """INSERT INTO things VALUES
(9007199254740993, 12345678901234567890.0123456789, 0.00000001, '2026-01-01 10:00:00.5+08', '2026-01-01 10:00:00.000001',
 '2026-01-31', true, '\\x00ff', '{"a": 1.10, "名": [1, null, 12345678901234567890]}', '{"a,b",NULL}',
 E'O''Neil "😀"\\n\\t王', 0.1, '1 mon'),
(2, 0, 1e20, '2026-01-01 10:00:00Z', '2026-01-01', 'infinity', false, '', 'null', '{}', '', 1e300, '00:00:01'),
(3, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL)"""
EXPECTED: dict[str, dict[str, str | None]] = {
    "9007199254740993": {
        "amount": "12345678901234567890.0123456789", "exact": "0.00000001", "seen": "2026-01-01 02:00:00.500000+00:00",
        "local": "2026-01-01 10:00:00.000001", "day": "2026-01-31", "yes": "true", "bytes": "00ff",
        "doc": '{"a": 1.10, "名": [1, null, 12345678901234567890]}', "tags": '["a,b", null]',
        "name": "O'Neil \"😀\"\n\t王", "ratio": "0.1", "span": "1 mon",
    },
    "2": {
        "amount": "0.0000000000", "exact": "100000000000000000000", "seen": "2026-01-01 10:00:00+00:00",
        "local": "2026-01-01 00:00:00", "day": "infinity", "yes": "false", "bytes": "", "doc": "null", "tags": "[]",
        "name": "", "ratio": "1e+300", "span": "00:00:01",
    },
}  # fmt: skip
SMALL = (
    "CREATE TABLE things (id int PRIMARY KEY, at timestamp)",
    "INSERT INTO things SELECT n, '2026-01-01' FROM generate_series(1, 9) n",
)
READER: dict[str, Any] = {"table": "things", "cursor": "at"}


def test_a_pull_when_columns_have_types_then_every_value_is_exact_text(puller: Puller) -> None:
    puller.execute(TYPES, VALUES)
    puller.pull(["id"], table="public.things", cursor="seen")
    found = puller.folded(["id"])
    assert {key: {**row, "id": key} for key, row in EXPECTED.items()} == {key: found[(key,)] for key in EXPECTED}
    assert set(found[("3",)].values()) == {"3", None}


def test_a_pull_when_done_then_one_private_file_waits_with_rows_and_tombstones(puller: Puller) -> None:
    puller.execute(*SMALL)
    puller.pull(["id"], **READER)
    puller.execute("DELETE FROM things WHERE id < 3", "UPDATE things SET at = '2026-01-02' WHERE id = 9")
    report = puller.pull(["id"], **READER)
    assert (report.rows_read, report.rows_changed, report.rows_deleted) == (7, 1, 2)
    assert [path.name for path in sorted(puller.folder.iterdir())] == puller.files
    assert puller.files[0] == "things-20260301T040000000000Z.parquet"
    assert {
        stat.S_IMODE(path.stat().st_mode) for path in (*puller.folder.iterdir(), *puller.home.pulled.rglob("*.*"))
    } == {0o600}
    gone = [row for row in puller.rows() if row["_deleted_at"]]
    assert sorted(row["id"] for row in gone) == ["1", "2"]
    assert {(row["at"], row["_deleted_at"]) for row in gone} == {(None, "2026-03-01T04:00:00.000001Z")}
    assert puller.pull(["id"], **READER).file is None
    assert not puller.home.temporary.joinpath("pull", "shop", "things").exists()


@pytest.mark.parametrize("step", ["count", "finish"])
@pytest.mark.parametrize("by_hand", [False, True])
def test_a_pull_when_killed_before_its_end_then_the_next_loses_nothing(
    step: str, by_hand: bool, puller: Puller, monkeypatch: pytest.MonkeyPatch
) -> None:
    """`count`: before the pull counts. `finish`: after, with the file not yet (or, by hand, already) under its own name."""
    puller.execute(*SMALL)

    def killed(place: Place, *arguments: Any) -> None:
        if by_hand and step == "finish":
            place.part(arguments[0]).replace(place.landing / arguments[0].file)
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(Place, step, killed)
        with pytest.raises(KeyboardInterrupt):
            puller.pull(["id"], **READER)
    puller.execute("DELETE FROM things WHERE id = 1")  # pulled or not, it must not stay behind
    puller.pull(["id"], **READER)
    assert set(puller.folded(["id"])) == {(str(number),) for number in range(2, 10)}
    assert not [path for path in puller.folder.iterdir() if path.name.endswith(".part")]


def test_a_pull_when_landed_then_every_row_is_in_raw(puller: Puller) -> None:
    puller.execute(*SMALL)
    puller.pull(["id"], **READER)
    report = land_block(puller.home, sources_of(puller.block(["id"], **READER)), "shop", "things", "load-1", NOW)
    assert [(file.status, file.rows_read) for file in report.files] == [("loaded", 9)]


def test_a_pull_when_a_key_is_not_unique_then_it_is_refused(puller: Puller) -> None:
    puller.execute("CREATE TABLE things (id int, at int)", "INSERT INTO things VALUES (77123, 1), (77123, 2)")
    with pytest.raises(PullError, match="1 values of key stand in more than one row") as caught:
        puller.pull(["id"], **READER)
    assert "77123" not in str(caught.value)


WRONG = [
    ({"table": "nothing"}, "no such table or view; check reader.table .*SQLSTATE 42P01"),
    ({"table": "things", "cursor": "changed"}, "reader.cursor names the column changed, which .*: id, at"),
    ({"query": "SELECT at FROM things"}, "key names the column id, which .*: at"),
    ({"query": "SELECT id, 77123 / 0 AS at FROM things"}, "database refused to be read.*SQLSTATE 22012"),
    ({"query": "SELECT id, id FROM things"}, "columns that stand twice: id"),
    ({"query": "SELECT id, at AS _deleted_at FROM things"}, "has a column _deleted_at"),
    ({"query": "WITH gone AS (DELETE FROM things RETURNING id) SELECT * FROM gone"}, "SQLSTATE"),
]


@pytest.mark.parametrize(("reader", "told"), WRONG)
def test_a_pull_when_the_reader_asks_what_is_not_there_then_the_error_names_it(
    reader: dict[str, Any], told: str, puller: Puller
) -> None:
    puller.execute(*SMALL)
    with pytest.raises(PullError, match=f"^shop/things: .*{told}") as caught:
        puller.pull(["id"], **reader)
    assert "77123" not in str(caught.value)
    assert not list(puller.folder.iterdir())


ADDRESSES = [
    ("postgresql://ann:s3cret@127.0.0.1:1/shop", "could not be reached"),
    ("mysql://ann:s3cret@127.0.0.1:1/shop", "could not be reached"),
    ("postgresql://ann:s3cret@{socket}/shop", "does not have the database|refused"),
    ("sqlite:///s3cret", "names no database that can be read"),
    ("s3cret", "no SQLAlchemy URL"),
    ("", f"the environment variable {VARIABLE} is not set"),
]


@pytest.mark.parametrize(("url", "told"), ADDRESSES)
def test_a_pull_when_there_is_no_database_then_the_error_tells_no_secret(
    url: str, told: str, puller: Puller, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(connection, "WAITS", (0.0, 0.0))
    socket = puller.url.rpartition("host=")[2]
    monkeypatch.setenv(VARIABLE, url.replace("@{socket}/shop", f"@/shop?host={socket}"))
    ref = puller.ref(["id"], **READER)
    with pytest.raises(PullError, match=told) as caught:
        pull(puller.home, ref, NOW)
    assert str(caught.value) == probe(ref)
    assert not [secret for secret in ("s3cret", "ann", "127.0.0.1", socket) if secret in str(caught.value)]
    assert caught.value.__cause__ is None
    assert caught.value.__suppress_context__ or caught.value.__context__ is None


def test_a_pull_when_the_server_comes_back_then_it_is_tried_again(
    puller: Puller, monkeypatch: pytest.MonkeyPatch
) -> None:
    puller.execute(*SMALL)
    monkeypatch.setenv(VARIABLE, "postgresql://ann@127.0.0.1:1/shop")
    monkeypatch.setattr("time.sleep", lambda seconds: os.environ.update({VARIABLE: puller.url}))
    assert puller.pull(["id"], **READER).rows_changed == 9


def test_a_probe_when_all_is_well_then_it_says_nothing_and_writes_nothing(puller: Puller) -> None:
    puller.execute(*SMALL)
    before = sorted(puller.home.root.rglob("*"))
    assert probe(puller.ref(["id"], **READER)) is None
    assert sorted(puller.home.root.rglob("*")) == before


def test_a_pull_when_its_state_is_damaged_then_the_error_says_what_to_do(puller: Puller) -> None:
    puller.execute(*SMALL)
    puller.pull(["id"], **READER)
    state: Path = puller.home.pulled / "shop" / "things.parquet"
    state.write_bytes(state.read_bytes()[:50])
    with pytest.raises(PullError, match=r"things\.parquet in state/pulled is damaged"):
        puller.pull(["id"], **READER)
