"""Files made to exhaust the lander: refused, or one row of them set aside, within 5 seconds of work and 300 MB.

Each lands in a process of its own, whose work (processor time of all threads) and peak size are measured; one that hangs is
ended. With STRATA_CAMPAIGN=full the one-byte line has 1 GB.
"""

import gzip
import io
import json
import os
import shutil
import subprocess
import sys
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import xlsxwriter

from orchestration.settings import Home, config_folder
from tests.unit.landing.conftest import HEADER

MEGABYTE = 1_000_000
LARGEST_MEGABYTES, LONGEST_SECONDS = 300, 5
LINE_MEGABYTES, HANGS_SECONDS = (1_000, 600) if os.environ.get("STRATA_CAMPAIGN") == "full" else (60, 60)
ROW = "{},c,2026-01-02,1,已完成\n"


def child(*arguments: str) -> dict[str, Any]:
    command = [sys.executable, "-m", "tests.faults.landing_child", *arguments]
    done = subprocess.run(command, capture_output=True, text=True, check=True, timeout=HANGS_SECONDS)
    return json.loads(done.stdout)


def land(tmp_path: Path, write: Callable[[Path], None], form: dict[str, str]) -> dict[str, Any]:
    folder = Home(tmp_path / "home").ensure().landing / "shop" / "things"
    folder.mkdir(parents=True)
    write(folder / "a.dat")
    result = child("land", str(tmp_path / "home"), json.dumps(form))
    assert result["failed"] == {}
    assert result["megabytes"] <= LARGEST_MEGABYTES
    return result


def zipped(*names: str, content: bytes = b"x") -> bytes:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        for name in names:
            archive.writestr(name, content)
    return packed.getvalue()


def gz_of_zeros(path: Path) -> None:
    path.write_bytes(gzip.compress(bytes(MEGABYTE)) * 1_000)


def workbook_of_zeros(path: Path) -> None:
    path.write_bytes(zipped("xl/workbook.xml", "xl/worksheets/sheet1.xml", content=bytes(200 * MEGABYTE)))


def workbook_with_a_far_cell(path: Path) -> None:
    with xlsxwriter.Workbook(str(path)) as book:
        sheet = book.add_worksheet()
        sheet.write_row(0, 0, HEADER.strip().split(","))
        sheet.write(1_048_575, 16_383, "x")


def json_line(path: Path) -> None:
    with path.open("wb") as file:
        file.write(b"[" + b'{"id":1,"x":"' + b"y" * 80 + b'"},' * 1)
        for _ in range(600):
            file.write((b'{"id":1,"x":"' + b"y" * 84 + b'"},') * 10_000)
        file.write(b'{"id":2}]')


BOMBS: dict[str, tuple[Callable[[Path], Any], dict[str, str]]] = {
    "gz of 1 GB of zeros": (gz_of_zeros, {}),
    "zip in a zip": (lambda path: path.write_bytes(zipped("a.zip", content=zipped("a.csv"))), {}),
    "zip of many members": (lambda path: path.write_bytes(zipped(*map(str, range(20_000)))), {}),
    "100,000 columns": (lambda path: path.write_text(",".join(map(str, range(100_000))) + "\n" + "1," * 99_999), {}),
    "header of 10 MB": (lambda path: path.write_text("x" * 10 * MEGABYTE + "\n1\n"), {}),
    "workbook of zeros": (workbook_of_zeros, {"type": "xlsx"}),
    "workbook with a cell in its last corner": (workbook_with_a_far_cell, {"type": "xlsx"}),
    "JSON array nested 100,000 deep": (lambda path: path.write_text("[" * 100_000 + "]" * 100_000), {"type": "json"}),
    "JSON array of 600 MB in one line": (json_line, {"type": "json"}),
}


@pytest.mark.parametrize("name", BOMBS)
def test_landing_when_a_file_is_a_bomb_then_it_is_refused_in_little_time_and_memory(tmp_path, name):
    result = land(tmp_path, *BOMBS[name])
    assert [file["status"] for file in result["files"]] == ["refused"]
    assert result["seconds"] <= LONGEST_SECONDS


def test_landing_when_a_json_line_is_nested_deep_then_only_it_is_set_aside(tmp_path):
    good = '{"id":"1","customer":"c","at":"2026-01-02","net":"1","state":"已完成"}\n'
    deep = '{"id":' + "[" * 100_000 + "]" * 100_000 + "}\n"
    result = land(tmp_path, lambda path: path.write_text(good + deep, encoding="utf-8"), {"type": "jsonl"})
    assert (result["files"][0]["rows_loaded"], result["files"][0]["rows_quarantined"]) == (1, 1)
    assert result["seconds"] <= LONGEST_SECONDS


def runaway_quote(path: Path) -> None:
    with path.open("w", encoding="utf-8") as file:
        file.write(HEADER)
        for number in range(2_000_000):
            file.write(ROW.format(number) if number != 1_000 else f'{number},"c,2026-01-02,1,已完成\n')


def long_line(megabytes: int) -> Callable[[Path], None]:
    def write(path: Path) -> None:
        with path.open("wb") as file:
            file.write((HEADER + ROW.format(1)).encode())
            for _ in range(megabytes):
                file.write(b"x" * MEGABYTE)
            file.write(("\n" + ROW.format(2) + ROW.format(3)).encode())

    return write


LONG = {
    "runaway quote": (runaway_quote, 1_999_999),
    "line of 40 MB": (long_line(40), 3),
    "line of one byte": (long_line(LINE_MEGABYTES), 3),
}


@pytest.mark.parametrize("name", LONG)
def test_landing_when_a_row_has_no_end_then_it_alone_is_set_aside_in_little_memory(tmp_path, name):
    write, loaded = LONG[name]
    (file,) = land(tmp_path, write, {})["files"]
    assert (file["status"], file["rows_loaded"], file["rows_quarantined"]) == ("loaded", loaded, 1)


def test_settings_when_sources_hold_an_alias_bomb_then_they_are_refused_with_file_and_line(tmp_path):
    folder = tmp_path / "config"
    shutil.copytree(config_folder(), folder)
    layers = [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]" for n in range(1, 12)]
    (folder / "sources.yml").write_text("\n".join(["a0: &a0 [x, x]", *layers, ""]), encoding="utf-8")
    result = child("settings", str(folder))
    assert "sources.yml:" in result["refused"]
    assert result["seconds"] <= LONGEST_SECONDS
    assert result["megabytes"] <= LARGEST_MEGABYTES
