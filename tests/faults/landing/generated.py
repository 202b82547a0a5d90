"""Files as people and programs really write them, with planted faults, and what must become of each row.

One seed, one file. A `Variant` is how its block reads it; a row is good (its values are known) or broken (its bytes are). Rows
never hold what their variant cannot write.
"""

import csv
import io
import random
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

COLUMNS = ("id", "customer", "at", "net", "state")
MAPPED = {"order_id": "id", "person_ref": "customer", "ordered_at": "at", "net_amount": "net", "status": "state"}
ASCII_TEXTS = (
    "", "0012", "8.61E+12", "=1+1", "NULL", " x ", "O'Brien", "a;b", "a|b", "a,b", "tab\there", "#5", "N/A", "-", "1.000,50",
)  # fmt: skip
QUOTED_TEXTS = (
    '"',
    '""',
    "''",
    ",",
    ";",
    "\n",
    "\r\n",
    "a\nb",
    "a\r\nb,c",
    '5" pipe',
    'say "hi", then go\n',
    "\\",
    "end\\",
)
WIDE_TEXTS = ("张伟", "李娜 🙂", "\u202eabc", "zero\u200bwidth", "e\u0301", "Łódź", "한국", "\ufeffmark")
OF_ENCODING = {
    "utf-8": WIDE_TEXTS,
    "utf-8-sig": WIDE_TEXTS,
    "utf-16": WIDE_TEXTS,
    "gb18030": ("张伟", "李娜住在上海", "深圳市南山区", "🙂"),
    "big5": ("陳怡君", "臺北市信義區", "王小明"),
    "shift_jis": ("山田太郎", "ひらがなとカタカナ", "東京都"),
    "latin-1": ("Müller", "Ångström", "Café"),
    "cp1252": ("Zoë €5", "naïve – “quoted”", "Œuvre"),
}


@dataclass(frozen=True)
class Variant:
    """How a block reads its files; the same settings tell the generator how to write them."""

    delimiter: str = ","
    quote: str = '"'
    escape: str = ""
    comment: str = ""
    encoding: str = "utf-8"
    skip_lines: int = 0
    footer_lines: int = 0
    has_header: bool = True

    @property
    def block(self) -> dict[str, Any]:
        form: dict[str, Any] = {
            name: getattr(self, name)
            for name in ("delimiter", "quote", "escape", "comment", "encoding", "skip_lines", "footer_lines")
        }
        form["header"] = [] if self.has_header else list(COLUMNS)
        return {"entity": "orders", "key": ["id"], "columns": MAPPED, "format": form}


VARIANTS = (
    *(Variant(delimiter=delimiter, quote=quote) for delimiter in ",;\t|" for quote in ('"', "'", "")),
    *(Variant(encoding=encoding) for encoding in OF_ENCODING if encoding != "utf-8"),
    Variant(escape="\\"),
    Variant(delimiter=";", escape="\\", quote="'"),
    Variant(comment="#"),
    Variant(comment="//", delimiter=";", encoding="gb18030"),
    Variant(skip_lines=3),
    Variant(footer_lines=2),
    Variant(skip_lines=1, footer_lines=1, comment="#", encoding="utf-16"),
    Variant(has_header=False),
)


@dataclass
class Generated:
    """`good`: the values of the rows that must load, in order. `broken`: the bytes of each row that must be refused."""

    variant: Variant
    data: bytes = b""
    good: list[tuple[str, ...]] = field(default_factory=list)
    broken: list[bytes] = field(default_factory=list)


def generate(seed: int) -> Generated:
    r = random.Random(seed)
    file = Generated(VARIANTS[seed % len(VARIANTS)])
    variant, codec = file.variant, _codec(file.variant.encoding, r)
    line_ends = r.choice((("\n",), ("\r\n",), ("\n", "\r\n"), ("\r",)))
    line_ends = (
        ("\n", "\r\n") if line_ends == ("\r",) and (variant.encoding == "utf-16" or variant.footer_lines) else line_ends
    )
    dirt = r.choice((0.0, 0.0, 0.05, 0.3))
    parts: list[bytes] = []

    def write(text: str) -> bytes:
        parts.append(text.encode(codec))
        return parts[-1]

    for _ in range(variant.skip_lines):
        write(r.choice(("Report of the month", '"', "made, today", "")) + r.choice(line_ends))
    if variant.has_header:
        write(_line(COLUMNS, variant, r.choice(line_ends), r))
    for number in range(r.choice((0, 1, 3, r.randrange(4, 60)))):
        row = _row(seed, number, variant, r, multiline=line_ends != ("\r",))
        end = r.choice(line_ends)
        if r.random() < dirt:
            broken = r.choice(_faults(variant, codec))(row, variant, end, r)
            file.broken.append(broken if isinstance(broken, bytes) else broken.encode(codec))
            parts.append(file.broken[-1])
        else:
            write(_line(row, variant, end, r))
            file.good.append(row)
        if r.random() < 0.05:
            write(r.choice(("", "", "   ")) + end)
        if variant.comment and r.random() < 0.1:
            write(f"{variant.comment} it's a \"note, {number}" + end)
    for _ in range(variant.footer_lines):
        write(r.choice(("Total,17", '"', "end of report")) + r.choice(line_ends))
    file.data = _mark(variant.encoding, codec, r) + b"".join(parts)
    if file.data.endswith(b"\n") and not file.broken and variant.encoding != "utf-16" and r.random() < 0.3:
        file.data = file.data.rstrip(b"\r\n")
    return file


def _mark(encoding: str, codec: str, r: random.Random) -> bytes:
    """A byte order mark, where the encoding has one; UTF-16 comes without it too."""
    if encoding == "utf-16":
        return "\ufeff".encode(codec) if r.random() < 0.7 else b""
    return b"\xef\xbb\xbf" if encoding == "utf-8-sig" else b""


def _codec(encoding: str, r: random.Random) -> str:
    return {"utf-8-sig": "utf-8", "utf-16": r.choice(("utf-16-le", "utf-16-be"))}.get(encoding, encoding)


def _row(seed: int, number: int, variant: Variant, r: random.Random, *, multiline: bool) -> tuple[str, ...]:
    texts = [*ASCII_TEXTS, *OF_ENCODING[variant.encoding]]
    if variant.quote:
        texts += [text for text in QUOTED_TEXTS if multiline or not set(text) & set("\r\n")]
    else:
        texts = [text for text in texts if not set(text) & {variant.delimiter, "\n", "\r"}]
    text = r.choice(texts)
    if r.random() < 0.01:
        text = "long " * r.randrange(100, 2_000)
    return (
        f"{seed}-{number}",
        text,
        f"2026-01-{r.randrange(1, 29):02}",
        str(r.randrange(-99, 99)),
        r.choice(("paid", "")),
    )


def _line(row: tuple[str, ...], variant: Variant, end: str, r: random.Random) -> str:
    buffer = io.StringIO()
    options: dict[str, Any] = {"delimiter": variant.delimiter, "lineterminator": end}
    if not variant.quote:
        return variant.delimiter.join(row) + end
    if variant.escape:
        options |= {"doublequote": False, "escapechar": variant.escape}
    quoting = r.choice((csv.QUOTE_MINIMAL, csv.QUOTE_ALL))
    odd = any(set(text) & set("\r\n") for text in row)  # the writer leaves line ends other than its own unquoted
    csv.writer(buffer, quotechar=variant.quote, quoting=csv.QUOTE_ALL if odd else quoting, **options).writerow(row)
    return buffer.getvalue()


Fault = Callable[[tuple[str, ...], Variant, str, random.Random], str | bytes]


def _faults(variant: Variant, codec: str) -> list[Fault]:
    def joined(row: tuple[str, ...], cells: dict[int, str], end: str) -> str:
        plain = [row[0], "c", *row[2:]]
        return variant.delimiter.join(cells.get(at, cell) for at, cell in enumerate(plain)) + end

    found: list[Fault] = [
        lambda row, v, end, r: v.delimiter.join((row[0], "c", row[2])) + end,
        lambda row, v, end, r: joined(row, {}, "") + v.delimiter + "more" + end,
        lambda row, v, end, r: joined(row, {2: "32/01/2026"}, end),
        lambda row, v, end, r: joined(row, {2: ""}, end),
        lambda row, v, end, r: joined(row, {3: "many"}, end),
        lambda row, v, end, r: joined(row, {3: "8.61E+99"}, end),
        lambda row, v, end, r: joined(row, {4: "unknown"}, end),
        lambda row, v, end, r: joined(row, {0: " "}, end),
        lambda row, v, end, r: joined(row, {1: "c\0"}, end),
    ]
    if variant.has_header:
        found.append(lambda row, v, end, r: _line(COLUMNS, v, end, r))
    if variant.quote:
        found.append(lambda row, v, end, r: joined(row, {1: f"{v.quote}c"}, end))
        found.append(lambda row, v, end, r: joined(row, {1: f"{v.quote}c{v.quote}d"}, end))
    if codec in ("utf-8", "gb18030", "big5", "shift_jis"):
        found.append(lambda row, v, end, r: joined(row, {1: "?"}, end).encode(codec).replace(b"?", b"\xff"))
    return found
