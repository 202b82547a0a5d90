"""Whatever comes in: nothing lost, nothing doubled, every loaded value as the generator wrote it."""

import csv
import io
import json
import random
from hashlib import sha256

import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from orchestration.landing.framing import Dialect, frame_doubtful, frame_lines
from orchestration.landing.readers.clean import PlainLines
from orchestration.landing.readers.json_rows import JsonReading
from tests.unit.landing.conftest import HEADER, ORDERS, Bench

TEXT = st.text(st.characters(exclude_categories=("Cs",), exclude_characters="\0"), max_size=12)
ORDER = st.tuples(TEXT.filter(lambda text: bool(text.strip(" "))), TEXT, TEXT)
FILES = 300
COMMAS = Dialect(",", '"')
SPECIAL = [
    "",
    '"',
    "''",
    ",",
    "\n",
    "\r\n",
    "a\nb",
    "0012",
    "8.61E+12",
    "=1+1",
    "张伟",
    "🙂",
    "\u202e",
    "\u200b",
    " x ",
    "\t",
    '5" pipe',
    "\\",
    "NULL",
]


def written(rows, line_end="\n", exact=False):
    """CSV of the rows. `exact`: quote all, since the writer leaves line ends other than its own unquoted."""
    buffer = io.StringIO()
    quoting = csv.QUOTE_MINIMAL if "\n" in line_end and not exact else csv.QUOTE_ALL
    csv.writer(buffer, lineterminator=line_end, quoting=quoting).writerows(rows)
    return buffer.getvalue()


@pytest.fixture(scope="module")
def shared(tmp_path_factory):
    """One block for all examples: texts without a key, so that every row is its own."""
    columns = {"order_id": "id", "person_ref": "customer", "coupon": "net"}
    block = {"entity": "orders", "columns": columns, "constants": {"ordered_at": "2026-01-02"}}
    return Bench(tmp_path_factory.mktemp("shared"), block)


@settings(max_examples=50, deadline=None)
@given(rows=st.lists(ORDER, max_size=12), line_end=st.sampled_from(["\n", "\r\n", "\r"]))
def test_landing_when_csv_is_well_formed_then_every_text_comes_through(shared, rows, line_end):
    data = written([["id", "customer", "net"], *rows], line_end, exact=True).encode()
    report = shared.land(data)
    assert report.totals["rows_quarantined"] == 0
    landed = pq.ParquetFile(shared.home.raw / "orders/shop/things" / f"{sha256(data).hexdigest()}.parquet").read()
    assert [(row["order_id"], row["person_ref"], row["coupon"]) for row in landed.to_pylist()] == rows


@settings(max_examples=150, deadline=None)
@given(st.lists(st.text(alphabet='ab,"\n', max_size=8), max_size=12).map("".join))
def test_framing_when_text_is_anything_then_every_line_is_accounted_for(text):
    lines = list(io.StringIO(text, newline=""))
    frame = frame_lines(lines, COMMAS, 2, final=True)
    spans = sorted([*zip(frame.starts, frame.ends, strict=True), *((start, end) for start, end, _, _ in frame.faults)])
    covered = [line for start, end in spans for line in range(start, end)]
    assert len(covered) == len(set(covered))
    assert all(not lines[line].strip() for line in set(range(len(lines))) - set(covered))
    assert all(len(row) == 2 for row in frame.rows)


@settings(max_examples=100, deadline=None)
@given(st.lists(st.sampled_from(SPECIAL), min_size=4, max_size=40), st.integers(1, 6))
def test_framing_when_read_in_pieces_then_it_equals_the_whole(values, piece):
    rows = [values[at : at + 2] for at in range(0, len(values) - 1, 2)]
    lines = list(io.StringIO(written(rows), newline=""))
    whole = frame_lines(lines, COMMAS, 2, final=True).rows
    parts, waiting = [], []
    for at in range(0, len(lines), piece):
        waiting += lines[at : at + piece]
        frame = frame_lines(waiting, COMMAS, 2, final=at + piece >= len(lines))
        parts += frame.rows
        waiting = waiting[frame.rest :] if frame.rest is not None else []
    assert parts == whole


@settings(max_examples=300, deadline=None)
@given(st.lists(st.text(alphabet='ab,"\n', max_size=8), min_size=1, max_size=16).map("".join).filter(len))
def test_framing_when_plain_lines_go_their_own_way_then_every_line_ends_as_in_the_whole(text):
    lines = list(io.StringIO(text, newline=""))
    whole = frame_lines(lines, COMMAS, 2, final=True)
    known = PlainLines(text.encode(), COMMAS, ["x", "y"])
    frame, left = frame_doubtful(lines, known.plain, COMMAS, 2, final=True)
    plain = known.filled(0, left).tolist()
    assert sorted([*frame.starts, *plain]) == whole.starts
    assert frame.faults == whole.faults
    columns = known.parse(0, left) if left.any() else None
    if columns:
        parsed = dict(zip(plain, map(list, zip(*(column.to_pylist() for column in columns), strict=True)), strict=True))
        assert parsed | dict(zip(frame.starts, frame.rows, strict=True)) == dict(
            zip(whole.starts, whole.rows, strict=True)
        )


def dirty_file(seed):
    """One file with planted faults: its bytes, the texts of its good rows, how many rows are broken."""
    r = random.Random(seed)
    parts, good, broken = [HEADER.encode()], [], 0
    for number in range(r.randrange(1, 40)):
        row = [
            f"{seed}-{number}",
            r.choice(SPECIAL),
            f"2026-01-{r.randrange(1, 29):02}",
            str(r.randrange(-99, 99)),
            r.choice(["paid", ""]),
        ]
        fault = r.choice(FAULTS) if r.random() < 0.15 else None
        if fault is None:
            parts.append(written([row], r.choice(["\n", "\r\n"])).encode())
            good.append(tuple(row))
        else:
            parts.append(fault(row).encode() if fault is not undecodable else undecodable(row))
            broken += 1
        if r.random() < 0.05:
            parts.append(r.choice([b"\n", b"\r\n", b"  \n"]))
    return b"".join(parts), good, broken


def undecodable(row):
    return ",".join([row[0], "", *row[2:]]).encode() + b"\xff\n"


def plain(row, at, value):
    return (
        ",".join([*(cell if index != 1 else "c" for index, cell in enumerate([*row[:at], value, *row[at + 1 :]]))])
        + "\n"
    )


FAULTS = [
    lambda row: f"{row[0]},c,{row[2]}\n",
    lambda row: f"{row[0]},c,{row[2]},1,paid,more\n",
    lambda row: f'{row[0]},"c,{row[2]},1,paid\n',
    lambda row: f'{row[0]},"c"d,{row[2]},1,paid\n',
    lambda row: f"{row[0]},c\0,{row[2]},1,paid\n",
    lambda row: plain(row, 2, "32/01/2026"),
    lambda row: plain(row, 2, ""),
    lambda row: plain(row, 3, "many"),
    lambda row: plain(row, 4, "unknown"),
    lambda row: HEADER,
    undecodable,
]


def test_landing_when_300_dirty_files_come_then_every_row_is_accounted_for(tmp_path):
    bench = Bench(tmp_path, ORDERS)
    planted = {}
    for seed in range(FILES):
        data, good, broken = dirty_file(seed)
        bench.drop(data, f"{seed:03}.csv")
        planted[f"shop/things/{seed:03}.csv"] = (good, broken, data)
    report = bench.land()
    by_hash, quarantined = {}, {}
    for row in bench.raw():
        by_hash.setdefault(row["_file_sha256"], []).append(
            tuple(row[name] for name in ("order_id", "person_ref", "ordered_at", "net_amount", "status"))
        )
    for row in bench.quarantine():
        quarantined.setdefault(row["file"], []).append(row)
    assert len(report.files) == FILES
    for file in report.files:
        good, broken, data = planted[file.file]
        if file.status == "refused":
            assert file.reason.startswith("encoding")
            continue
        assert (by_hash.get(file.sha256, []), file.rows_quarantined) == (good, broken), file.file
        for row in quarantined.get(file.file, []):
            assert data[row["byte_offset"] :].startswith(row["raw_bytes"])
    assert sum(file.status == "refused" for file in report.files) < FILES / 10


@settings(max_examples=100, deadline=None)
@given(
    st.dictionaries(
        TEXT,
        st.none()
        | st.booleans()
        | st.integers()
        | st.floats(allow_nan=False, allow_infinity=False)
        | TEXT
        | st.lists(TEXT),
        max_size=5,
    )
)
def test_json_rows_when_anything_is_written_then_it_is_kept(found):
    reading = JsonReading.__new__(JsonReading)
    reading._wanted = ["id"]
    row, extra = reading._row(json.dumps({"id": "x", **found}))
    rest = {key: value for key, value in found.items() if key != "id"}
    assert json.loads(extra) == rest
    assert row[0] is None or isinstance(row[0], str)
