"""The proof finds what is there, however the file is packed, and nothing that only looks like it."""

import gzip
import io
import json
import sqlite3
import zipfile
from collections.abc import Callable
from pathlib import Path

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import xlsxwriter

from orchestration.privacy.proof import prove
from orchestration.privacy.texts import CELL, EMAIL, ID, NAME, NUMBER, Text
from orchestration.settings import Home

ADDRESS, SIGNS = "ann.lee@mail.example", "戴丽涵"
TEXTS = [
    Text(EMAIL, ADDRESS), Text(NAME, SIGNS), Text(NUMBER, "13800138000"), Text(ID, "AC000093"), Text(CELL, "王伟"),
    Text(NAME, "Ann Lee"),
]  # fmt: skip


@pytest.fixture
def home(tmp_path: Path) -> Home:
    return Home(tmp_path / "home").ensure()


def in_duckdb(path: Path) -> None:
    with duckdb.connect(path) as con:
        con.execute(
            "create schema deep; create table deep.t as select [{'a': $text}] as nested, 1 as n", {"text": ADDRESS}
        )


def in_sqlite(path: Path) -> None:
    with sqlite3.connect(path) as con:
        con.execute("create table t (event blob)")
        con.execute("insert into t values (?)", [json.dumps({"name": SIGNS}).encode()])
    con.close()


def in_sqlite_free_pages(path: Path) -> None:
    with sqlite3.connect(path) as con:
        con.execute("create table t (event text)")
        con.executemany("insert into t values (?)", [[f"{ADDRESS} {n} {'x' * 200}"] for n in range(100)])
    with sqlite3.connect(path) as con:
        con.execute("pragma secure_delete = off")
        con.execute("delete from t")
    con.close()


def in_parquet(column: pa.Array) -> Callable[[Path], None]:
    return lambda path: pq.write_table(pa.table({"a": column}), path, compression="zstd")


def in_workbook(path: Path) -> None:
    with xlsxwriter.Workbook(path) as book:
        book.add_worksheet().write_row(0, 0, ["x", "Ann Lee"])


def in_zipped_parquet(path: Path) -> None:
    buffer = io.BytesIO()
    pq.write_table(pa.table({"a": [ADDRESS]}), buffer)
    with zipfile.ZipFile(path, "w") as members:
        members.writestr("inside", gzip.compress(buffer.getvalue()))


PLANTED: dict[str, Callable[[Path], object]] = {
    "duckdb": in_duckdb,
    "sqlite": in_sqlite,
    "free pages of sqlite": in_sqlite_free_pages,
    "text in parquet": in_parquet(pa.array([None, ADDRESS])),
    "number in parquet": in_parquet(pa.array([13800138000])),
    "dictionary in parquet": in_parquet(pa.array(["x", SIGNS]).dictionary_encode()),
    "nested in parquet": in_parquet(pa.array([[{"a": "AC000093"}]])),
    "bytes in parquet": in_parquet(pa.array([f"1,{SIGNS},2\n".encode("gb18030")])),
    "workbook": in_workbook,
    "parquet in gz in zip": in_zipped_parquet,
    "text in gb18030": lambda path: path.write_bytes(f"a,{SIGNS}\n".encode("gb18030")),
    "text in utf-16": lambda path: path.write_bytes(f"a,{SIGNS}\n".encode("utf-16")),
    "escaped json": lambda path: path.write_text(json.dumps({"a": SIGNS})),
    "escaped html": lambda path: path.write_text("<td>" + "".join(f"&#{ord(sign)};" for sign in SIGNS)),
    "gz that is cut off": lambda path: path.write_bytes(gzip.compress(f"{ADDRESS}\n{'x' * 9}".encode())[:-4]),
    "short name in a cell": lambda path: path.write_text("id,name\n1,王伟\n"),
    "capitals": lambda path: path.write_text("To: <ANN.LEE@MAIL.EXAMPLE>."),
}


@pytest.mark.parametrize("kind", PLANTED)
def test_proof_when_a_text_is_in_a_file_of_any_kind_then_it_is_found(home: Home, kind: str) -> None:
    PLANTED[kind](home.state / "planted")
    proof = prove(home, TEXTS)
    assert proof.unread == []
    assert list(proof.traces) == ["state/planted"]


NOT_THEIRS = [
    "joann.lee@mail.example", "ann.lee@mail.example.org", "ann.lee@mail.examples", "113800138000", "1380013800012", "AC0000931",
    "XAC000093", "王伟强", "Joann Lees", "Ann Leeds",
]  # fmt: skip


@pytest.mark.parametrize("text", NOT_THEIRS)
def test_proof_when_a_longer_text_goes_on_from_it_then_it_is_another(home: Home, text: str) -> None:
    (home.state / "other.txt").write_text(f"a {text} b\n")
    assert prove(home, TEXTS).passed


def test_proof_when_a_file_cannot_be_opened_then_it_does_not_pass(home: Home) -> None:
    (home.archive / "damaged").write_bytes(b"PAR1 and no more")
    proof = prove(home, TEXTS)
    assert not proof.passed
    assert proof.unread == ["archive/damaged (ArrowInvalid)"]


def test_proof_when_a_file_is_named_after_them_then_that_counts_too(home: Home) -> None:
    (home.landing / f"{ADDRESS}.csv").write_text("x\n")
    assert not prove(home, TEXTS).passed
