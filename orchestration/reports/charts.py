"""How figures are drawn: lines and bars by Altair, rendered on this machine as SVG for pages and PNG for Dagster.

In SVG texts stay texts, so that the reader's fonts show Chinese; a PNG needs a font here. No number is computed here.
"""

import io
import re
import struct
import zlib
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any

import altair as alt

WIDTH, HEIGHT = 420, 240
_SIGNATURE = b"\x89PNG\r\n\x1a\n"
_FONT = "system-ui, 'PingFang SC', 'Microsoft YaHei', 'Noto Sans CJK SC', sans-serif"
_FONT_FOLDERS = (
    "/usr/share/fonts",
    "/usr/local/share/fonts",
    "~/.fonts",
    "~/.local/share/fonts",
    "/System/Library/Fonts",
)
_CHINESE = re.compile(
    r"cjk|notosans_?sc|notoserif_?sc|sourcehan|wqy|wenquan|pingfang|msyh|simhei|simsun|droidsansfallback", re.I
)
# Browsers know SVG within a page without these, and so the page names no address.
_NAMESPACES = re.compile(r' xmlns(:xlink)?="[^"]*"')
# Names of both languages are long: each word on a line of its own.
_WORDS_BELOW = "split(datum.label, ' ')"

Rows = Sequence[Mapping[str, Any]]


def curves(
    rows: Rows,
    titles: Mapping[str, str],
    x: str,
    y: str,
    series: str,
    *,
    shares: bool = False,
    diagonal: bool = False,
    months: bool = False,
) -> alt.TopLevelMixin | None:
    """A line of `y` over `x` for each `series`; None without rows. `shares`: y is one, from 0 to 100 %. `diagonal`: a dashed
    line where y is x. `months`: x is one, as 2026-08."""
    if not rows:
        return None
    drawn = (
        alt.Chart(_data(rows))
        .mark_line(point=True)
        .encode(
            x=alt.X(f"{x}:{'O' if months else 'Q'}", title=titles[x]),
            y=alt.Y(f"{y}:Q", title=titles[y], **_shares(shares)),
            color=alt.Color(f"{series}:N", title=titles[series], sort=None),
        )
    )
    if diagonal:
        line = alt.Chart(_data([{x: 0, y: 0}, {x: 1, y: 1}])).mark_line(color="#888", strokeDash=[4, 4])
        drawn = line.encode(x=alt.X(f"{x}:Q", title=titles[x]), y=alt.Y(f"{y}:Q", title=titles[y])) + drawn
    return drawn.properties(width=WIDTH, height=HEIGHT)


def bars(
    rows: Rows, titles: Mapping[str, str], x: str, y: str, *, series: str | None = None, shares: bool = False
) -> alt.TopLevelMixin | None:
    """A bar of height `y` for each `x`, in the order of the rows; with `series` one for each of them, side by side. None
    without rows."""
    if not rows:
        return None
    drawn = (
        alt.Chart(_data(rows))
        .mark_bar()
        .encode(
            x=alt.X(f"{x}:N", title=titles[x], sort=None, axis=alt.Axis(labelAngle=0, labelExpr=_WORDS_BELOW)),
            y=alt.Y(f"{y}:Q", title=titles[y], **_shares(shares)),
        )
        .properties(width=WIDTH, height=HEIGHT)
    )
    if series is None:
        return drawn
    order = list(dict.fromkeys(row[series] for row in rows))
    return drawn.encode(
        xOffset=alt.XOffset(f"{series}:N", sort=order), color=alt.Color(f"{series}:N", title=titles[series], sort=order)
    )


def svg(chart: alt.TopLevelMixin) -> str:
    """The chart as SVG to stand within an HTML page. The same chart gives the same text."""
    target = io.StringIO()
    _with_font(chart, _FONT).save(target, format="svg")
    return _NAMESPACES.sub("", target.getvalue())


def png(charts: Sequence[tuple[str, Any]], columns: int = 3) -> bytes:
    """The charts with their titles in one small picture."""
    target = io.BytesIO()
    small: list[Any] = [chart.properties(title=title, width=WIDTH // 2, height=HEIGHT // 2) for title, chart in charts]
    board = alt.concat(*small, columns=columns).resolve_scale(color="independent")
    _with_font(board, "sans-serif").save(target, format="png", scale_factor=1)
    return _packed(target.getvalue())


def _packed(picture: bytes) -> bytes:
    """The same PNG with its pixels compressed as well as can be, a quarter of the bytes: Dagster keeps one of each run."""
    place, head, pixels = len(_SIGNATURE), [], b""
    while place < len(picture):
        (size,) = struct.unpack_from(">I", picture, place)
        kind, body = picture[place + 4 : place + 8], picture[place + 8 : place + 8 + size]
        if kind == b"IDAT":
            pixels += body
        elif kind != b"IEND":
            head.append((kind, body))
        place += 12 + size
    parts = [*head, (b"IDAT", zlib.compress(zlib.decompress(pixels), 9)), (b"IEND", b"")]
    return _SIGNATURE + b"".join(
        struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body)) for kind, body in parts
    )


@cache
def has_chinese_font() -> bool:
    """Whether a font that knows Chinese is installed where fonts are."""
    folders = [Path(folder).expanduser() for folder in _FONT_FOLDERS]
    return any(_CHINESE.search(path.name) for folder in folders if folder.is_dir() for path in folder.rglob("*.[to]t*"))


def _data(rows: Rows) -> alt.Data:
    return alt.Data(values=[dict(row) for row in rows])


def _shares(shares: bool) -> dict[str, Any]:
    return {"scale": alt.Scale(domain=[0, 1]), "axis": alt.Axis(format=".0%")} if shares else {}


def _with_font(chart: Any, font: str) -> Any:
    return chart.configure(font=font)
