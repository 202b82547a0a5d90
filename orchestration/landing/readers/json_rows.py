"""Reads JSON lines and JSON arrays of objects.

Numbers stay as they are written; nested values become JSON text; absent and null are null. Columns are per row, so there is no
header. What values mean is `contract.py`.
"""

import json
from collections.abc import Iterator
from itertools import islice
from typing import Any

import pyarrow as pa

from orchestration.landing import limits
from orchestration.landing.batches import Batch, Fault, FileRefused
from orchestration.landing.containers import LandedFile
from orchestration.landing.readers.lines import Chunk, LineReader
from orchestration.settings.sources import Format

Place = tuple[Chunk | None, int, bytes]
OVERSIZE = "\0oversize"
WHITE_SPACE = " \t\r\n"
_DAMAGED = "the JSON array is damaged or cut off"


class _Refused(ValueError):
    def __init__(self, rule: str, reason: str):
        super().__init__(reason)
        self.rule, self.reason = rule, reason


class JsonReading:
    """One file of JSON objects: one a line, or one array of them (type `json`)."""

    header = None

    def __init__(self, file: LandedFile, form: Format, wanted: list[str]):
        self._wanted = wanted
        self._reader = LineReader(file.unpacked(), form.encoding)
        self.encoding, self.confidence = self._reader.encoding, self._reader.confidence
        self._is_array = form.type == "json"
        self._count = 0

    def batches(self) -> Iterator[Batch]:
        """The objects of the file, a batch of lines (or of the array's elements) at a time."""
        texts = self._elements() if self._is_array else self._lines()
        while rows := list(islice(texts, limits.CHUNK_ROWS)):
            yield self._batch(rows)

    def _lines(self) -> Iterator[tuple[str | None, Place]]:
        """The text of each line (None: undecodable) and its place; blank lines are skipped."""
        for chunk in self._reader:
            if chunk.oversize:
                yield OVERSIZE, (chunk, -1, chunk.data)
                continue
            for index, line in enumerate(chunk.lines):
                if line.strip():
                    yield (None if index in chunk.bad else line), (chunk, index, b"")

    def _elements(self) -> Iterator[tuple[str | None, Place]]:
        array = _Array(line for chunk in self._reader for line in self._strict(chunk))
        for element in array.elements():
            yield element, (None, 0, element.encode("utf-8", "replace")[: limits.KEPT_RAW_BYTES])

    def _strict(self, chunk: Chunk) -> list[str]:
        if chunk.oversize:
            raise FileRefused(
                "size",
                f"a JSON array with a line of {chunk.length} bytes, at most {limits.ROW_BYTES}",
            )
        if chunk.bad:
            raise FileRefused("encoding", f"bytes that are not {chunk.codec}")
        return chunk.lines

    def _batch(self, texts: list[tuple[str | None, Place]]) -> Batch:
        faults: list[Fault] = []
        rows: list[list[str | None]] = []
        extras: list[str] = []
        numbers: list[int] = []
        places: list[Place] = []
        for number, (text, place) in enumerate(texts, self._count + 1):
            try:
                row, extra = self._row(text)
            except _Refused as refused:
                line, offset, raw = _resolve(place)
                faults.append(Fault(number, line, offset, None, refused.rule, refused.reason, raw))
                continue
            rows.append(row)
            extras.append(extra)
            numbers.append(number)
            places.append(place)
        self._count += len(texts)
        fields = zip(*rows, strict=True) if rows else ([] for _ in self._wanted)
        columns = {name: pa.array(values, pa.string()) for name, values in zip(self._wanted, fields, strict=True)}
        return Batch(
            columns,
            pa.array(numbers, pa.int64()),
            lambda row: _resolve(places[row]),
            faults,
            pa.array(extras, pa.string()),
        )

    def _row(self, text: str | None) -> tuple[list[str | None], str]:
        if text is None:
            raise _Refused("encoding", f"bytes that are not {self.encoding}")
        if text is OVERSIZE:
            raise _Refused("row_size", f"a line of more than {limits.ROW_BYTES} bytes")
        found = _object(text)
        try:
            row = [_text(found.pop(name, None)) for name in self._wanted]
            extra = _ENCODE(found) if found else "{}"
        except ValueError:
            raise _Refused("json", "a number beyond the range of JSON readers") from None
        if "\\u" in text:  # only an escape can bring NUL or half a surrogate pair
            _check_characters([*row, extra])
        return row, extra


class _Array:
    """The elements of one JSON array, as text, read as its lines come in: no more than one element is held."""

    def __init__(self, lines: Iterator[str]):
        self._lines, self._text, self._at = lines, "", 0
        self._decoder = json.JSONDecoder()

    def elements(self) -> Iterator[str]:
        """Raises FileRefused at what is no array, or where it is damaged or cut off."""
        if self._sign() != "[":
            raise FileRefused("format", "the file is no JSON array")
        self._at += 1
        while self._sign() != "]":
            end = self._element_end()
            yield self._text[self._at : end]
            self._at = end
            if self._sign() == ",":
                self._at += 1
            elif self._sign() != "]":
                raise FileRefused("format", _DAMAGED)

    def _sign(self) -> str:
        """The next character that is no white space; the empty text at the end."""
        while True:
            while self._at < len(self._text) and self._text[self._at] in WHITE_SPACE:
                self._at += 1
            if self._at < len(self._text) or not self._read_on():
                return self._text[self._at : self._at + 1]

    def _element_end(self) -> int:
        while True:
            try:
                _, end = self._decoder.raw_decode(self._text, self._at)
                if end < len(self._text):  # a number at the very end may go on
                    return end
            except (ValueError, RecursionError):
                pass
            if len(self._text) - self._at > limits.ROW_BYTES or not self._read_on():
                raise FileRefused("format", _DAMAGED)

    def _read_on(self) -> bool:
        """Takes in as much again as waits, so that an element is not tried line by line; False at the end."""
        some = list(islice(self._lines, max(64, self._text.count("\n", self._at))))
        self._text, self._at = self._text[self._at :] + "".join(some), 0
        return bool(some)


class _Float(float):
    """A JSON number with a fraction or exponent, as it was written."""

    text: str

    def __new__(cls, text: str) -> "_Float":
        number = super().__new__(cls, text)
        number.text = text
        return number


def _resolve(place: Place) -> tuple[int | None, int | None, bytes]:
    """Line number, byte offset and raw bytes; worked out only for refused rows."""
    chunk, index, raw = place
    if chunk is None:
        return None, None, raw
    return chunk.place(index, index + 1) if index >= 0 else (chunk.first_line, chunk.offset, raw)


def _no_constant(_: str) -> Any:
    raise ValueError


_DECODER = json.JSONDecoder(parse_float=_Float, parse_constant=_no_constant)
_ENCODE = json.JSONEncoder(ensure_ascii=False, allow_nan=False).encode


def _object(text: str) -> dict[str, Any]:
    try:
        found = _DECODER.decode(text.lstrip("﻿"))
    except (ValueError, RecursionError):
        raise _Refused("json", "no well-formed JSON") from None
    if not isinstance(found, dict):
        raise _Refused("json", f"a JSON {type(found).__name__}, expected an object")
    return found


def _text(value: Any) -> str | None:
    kind = type(value)
    if kind is str or value is None:
        return value
    if kind is bool:
        return "true" if value else "false"
    if kind is int:
        return str(value)
    return value.text if kind is _Float else _ENCODE(value)


def _check_characters(values: list[str | None]) -> None:
    for value in filter(None, values):
        if "\0" in value:
            raise _Refused("nul", "a NUL character")
        try:
            value.encode()
        except UnicodeEncodeError:
            raise _Refused("encoding", "half of a surrogate pair") from None
