"""Rows of erased persons do not come back: what names them is kept as keyed hashes, and rows that match are dropped.

Keys are HMAC-SHA256 by the secret in STRATA_ERASURE_KEY, or by `state/erasure.key`, made at first use: without the secret
nobody can try addresses against them. There is one file of keys an erasure. Who is erased, and what else is cleared, is
decided in `orchestration/privacy`.
"""

import hmac
import json
import os
import secrets
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import reduce
from pathlib import Path
from typing import NamedTuple

import pyarrow as pa
import pyarrow.compute as pc

from orchestration.durable import write_file
from orchestration.landing.batches import Batch, Fault, Reading
from orchestration.landing.naming import Rows, canonical_columns, normal, words
from orchestration.landing.readers.columnar import without_rows
from orchestration.settings.home import Home
from orchestration.settings.sources import BlockRef

VARIABLE = "STRATA_ERASURE_KEY"
KEYS = ".keys.json"


class SuppressionUnusable(Exception):
    """The keys of erased persons cannot be compared: nothing may land, for it might bring one back. Says what to do."""


class Name(NamedTuple):
    """One thing that names a person: its kind, within which source or block it holds, and the normal value."""

    kind: str
    scope: str
    value: str


@dataclass(frozen=True)
class Suppression:
    """The keys of all who were erased. `countries`: where numbers without a country code are at home."""

    secret: bytes
    keys: frozenset[str]
    countries: tuple[str, ...]

    def holds(self, name: Name) -> bool:
        return key_of(self.secret, name) in self.keys

    def mask(self, rows: Rows, columns: Mapping[str, pa.Array], count: int) -> pa.Array:
        """For each of `count` rows whether it names an erased person. `columns`: canonical, as received."""
        found = [
            pc.fill_null(pc.is_in(named.values, value_set=hits), False)
            for named in rows.named(columns, self.countries)
            if len(hits := self._hits(named.kind, named.scope, pc.unique(named.values)))
        ]
        return reduce(pc.or_, found) if found else pa.repeat(False, count)

    def in_text(self, rows: Rows, text: str) -> bool:
        """Whether a row that could not be cut into fields names an erased person somewhere."""
        found = list(words(text))
        return any(
            value is not None and self.holds(Name(kind, scope, value))
            for kind, scope in rows.places
            for country in (self.countries if kind == "phone" or scope.endswith("/phone") else self.countries[:1])
            for value in {normal(_form(kind, scope), word, country) for word in found if _may_be(kind, scope, word)}
        )

    def _hits(self, kind: str, scope: str, values: pa.Array) -> pa.Array:
        named = (value for value in values.to_pylist() if value is not None)
        return pa.array([value for value in named if self.holds(Name(kind, scope, value))], pa.string())


class Sieve:
    """Takes the rows of erased persons out of the batches of one file. `numbers`: which rows they were."""

    def __init__(self, suppression: Suppression, ref: BlockRef, encoding: str):
        self._suppression, self._ref, self._encoding = suppression, ref, encoding
        self._rows = Rows.of(ref)
        self.numbers: set[int] = set()

    def __call__(self, batches: Iterable[Batch]) -> Iterator[Batch]:
        return map(self.sieved, batches)

    def over(self, reading: Reading) -> "SievedReading":
        """The same file, without these rows from the beginning."""
        return SievedReading(reading, self)

    def sieved(self, batch: Batch) -> Batch:
        columns = canonical_columns(self._ref, batch, self._rows.columns)
        mask = self._suppression.mask(self._rows, columns, batch.rows)
        faults = [fault for fault in batch.faults if not self._names(fault)]
        if not pc.any(mask).as_py() and len(faults) == len(batch.faults):
            return batch
        numbers = batch.row_numbers.filter(mask).to_pylist()
        gone = {fault.row_number for fault in batch.faults} - {fault.row_number for fault in faults}
        self.numbers |= {*numbers, *gone}
        batch.faults = faults
        return without_rows(batch, set(pc.indices_nonzero(mask).to_pylist())) if numbers else batch

    def _names(self, fault: Fault) -> bool:
        return self._suppression.in_text(self._rows, text_of(fault.raw, self._encoding))


class SievedReading:
    """An opened file without the rows of erased persons."""

    def __init__(self, reading: Reading, sieve: Sieve):
        self._reading, self._sieve = reading, sieve

    @property
    def encoding(self) -> str:
        return self._reading.encoding

    @property
    def confidence(self) -> float | None:
        return self._reading.confidence

    @property
    def header(self) -> list[str] | None:
        return self._reading.header

    def batches(self) -> Iterator[Batch]:
        return self._sieve(self._reading.batches())


def text_of(raw: bytes | None, encoding: str | None) -> str:
    """The bytes of a refused row as text, as far as they are any."""
    known = encoding if encoding not in (None, "workbook", "parquet") else "utf-8"
    return (raw or b"").decode(str(known), "replace")


def load_suppression(home: Home) -> Suppression | None:
    """The keys of this home; None when nobody was ever erased. Raises SuppressionUnusable where the secret is another."""
    files = sorted(home.erasures.glob("*" + KEYS)) if home.erasures.exists() else []
    if not files:
        return None
    secret = find_secret(home)
    kept = [json.loads(path.read_text(encoding="utf-8")) for path in files]
    if secret is None or any(one["secret"] != fingerprint(secret) for one in kept):
        place = f"{VARIABLE}, or the file state/{home.erasure_key.name},"
        raise SuppressionUnusable(
            f"persons were erased with a secret that is not here: put back {place} of that time; nothing lands without it"
        )
    countries = sorted({country for one in kept for country in one["countries"]})
    return Suppression(secret, frozenset(key for one in kept for key in one["keys"]), tuple(countries))


def keep_keys(home: Home, erasure_id: str, names: Collection[Name], countries: Collection[str]) -> None:
    """Keeps the keys of one erasure: from here on rows that name these are dropped when they land."""
    secret = find_secret(home) or _new_secret(home)
    keys = sorted({key_of(secret, name) for name in names})
    told = {"secret": fingerprint(secret), "countries": sorted(countries), "keys": keys}
    write_file(home.erasures / f"{erasure_id}{KEYS}", json.dumps(told, indent=0).encode())


def find_secret(home: Home) -> bytes | None:
    """The secret of the keys: of the environment, else of the home; None where there is none yet."""
    told = os.environ.get(VARIABLE)
    if told:
        return told.encode()
    return home.erasure_key.read_bytes() if home.erasure_key.exists() else None


def key_of(secret: bytes, name: Name) -> str:
    return hmac.digest(secret, "\x1f".join(name).encode(), "sha256").hex()


def fingerprint(secret: bytes) -> str:
    """Tells one secret from another, and nothing about it."""
    return hmac.digest(secret, b"strata erasure", "sha256").hex()[:16]


def _new_secret(home: Home) -> bytes:
    secret = secrets.token_hex(32).encode()
    path = home.erasure_key
    aside: Path = path.with_name(path.name + ".new")
    with os.fdopen(os.open(aside, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as file:
        file.write(secret)
        file.flush()
        os.fsync(file.fileno())
    aside.replace(path)
    return secret


def _form(kind: str, scope: str) -> str:
    return scope.partition("/")[2] if kind == "reference" else "record" if kind in ("person", "order") else kind


def _may_be(kind: str, scope: str, word: str) -> bool:
    """Numbers have so many digits: the library that reads them is slow."""
    return _form(kind, scope) != "phone" or sum(letter.isdigit() for letter in word) >= 7
