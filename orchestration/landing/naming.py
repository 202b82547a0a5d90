"""By what a row names a person: its own record id, a reference, an address, a number, an order; in the forms of staging.

What lands and what is erased both ask here, so that a row that one of them knows the other knows too. Nothing here knows who
was erased.
"""

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

import pyarrow as pa
import pyarrow.compute as pc

from orchestration.landing.batches import Batch
from orchestration.settings.entities import ENTITIES
from orchestration.settings.sources import BlockRef, SourcesFile, blocks

CODES = ("loyalty_id", "wechat_id", "device_id", "national_id")
KINDS = ("email", "phone", *CODES)
"""What is a person's in every source, as `person_ref.by` of sources.yml calls it."""
RECORD, PERSON, REFERENCE, ORDER = "record", "person", "reference", "order"
_EMAIL = re.compile(r"[^ ]+@[^ ]+\.[^ ]+")
_TOKEN = re.compile(r"[^\s,;|\t\"'<>{}\[\]()=]+")
_NUMBER = re.compile(r"[+(]?[0-9][0-9 \-().]{5,}[0-9]")
_SHORTEST_TOKEN = 5


class Named(NamedTuple):
    """One way in which rows name persons. `kind` and `scope` say what `values` (a text or null a row) are values of."""

    kind: str
    scope: str
    values: pa.Array


@dataclass(frozen=True)
class Rows:
    """Rows of one block: what must be known of it to read whom they name. `person_ref_by`: all ways when it is not known."""

    source: str
    block: str
    canonical: str
    person_ref_by: tuple[str, ...] = (RECORD, *KINDS)
    values: Mapping[str, Mapping[str, str]] = field(default_factory=dict)

    @classmethod
    def of(cls, ref: BlockRef) -> "Rows":
        settings = ref.settings
        return cls(ref.source, ref.block, ref.canonical, (settings.person_ref.by,), settings.values)

    @property
    def columns(self) -> list[str]:
        """The canonical columns that are looked at."""
        named = ["source_record_id", "country", *KINDS] if self.canonical == "persons" else ["person_ref", "order_id"]
        return [name for name in named if name in ENTITIES[self.canonical].column_names]

    @property
    def places(self) -> list[tuple[str, str]]:
        """(kind, scope) of what rows of this block can name."""
        if self.canonical == "persons":
            return [(PERSON, f"{self.source}/{self.block}"), *((kind, "") for kind in KINDS)]
        has = ENTITIES[self.canonical].column_names
        refs = [(REFERENCE, f"{self.source}/{by}") for by in self.person_ref_by] if "person_ref" in has else []
        kinds = [(by, "") for by in self.person_ref_by if by != RECORD] if "person_ref" in has else []
        return [*refs, *kinds, *([(ORDER, self.source)] if "order_id" in has else [])]

    def named(self, columns: Mapping[str, pa.Array], countries: tuple[str, ...]) -> Iterator[Named]:
        """What each row names. `columns`: canonical, as received; `countries`: where numbers without a code are at home.

        An order tells whose a row is only where the row names nobody itself: some sources give its number to others too.
        """
        given = {name: self._mapped(name, columns[name]) for name in self.columns if name in columns}
        for kind, scope in self.places:
            column = {PERSON: "source_record_id", ORDER: "order_id"}.get(kind, kind)
            values = given.get(column if self.canonical == "persons" or kind == ORDER else "person_ref")
            if values is not None and kind == ORDER and "person_ref" in given:
                values = pc.if_else(pc.is_null(given["person_ref"]), values, None)
            if values is None or values.null_count == len(values):
                continue
            form = kind if kind in KINDS else scope.partition("/")[2] if kind == REFERENCE else RECORD
            if form == "phone":
                for country in countries:
                    yield Named(kind, scope, _phones(values, given.get("country"), country))
            else:
                yield Named(kind, scope, _by_value(values, _FORMS.get(form, _code)))

    def _mapped(self, name: str, column: pa.Array) -> pa.Array:
        """A column as staging reads it: trimmed, by the `values:` of sources.yml, null when empty."""
        mapping = self.values.get(name, {})
        return _by_value(column, lambda text: mapping.get(text.strip(" "), text.strip(" ")) or None)


def rows_by_place(sources_file: SourcesFile) -> dict[tuple[str, str], Rows]:
    """The rows of each block that is configured, by (source, block)."""
    return {(ref.source, ref.block): Rows.of(ref) for ref in blocks(sources_file)}


def canonical_columns(ref: BlockRef, batch: Batch, names: list[str]) -> dict[str, pa.Array]:
    """Those canonical columns of a batch that its file brings or the block fixes."""
    constants, mapping = ref.settings.constants, ref.settings.columns
    fixed = {name: pa.repeat(pa.scalar(constants[name]), batch.rows) for name in names if name in constants}
    return fixed | {name: batch.columns[mapping[name]] for name in names if mapping.get(name) in batch.columns}


def words(text: str) -> Iterator[str]:
    """What may be an id, an address or a number in the text of a row that cannot be cut into fields."""
    yield from dict.fromkeys(word for word in _TOKEN.findall(text) if len(word) >= _SHORTEST_TOKEN)
    yield from dict.fromkeys(_NUMBER.findall(text))


def normal(kind: str, text: str, country: str) -> str | None:
    """One value in the normal form of its kind; None where it is none."""
    if kind == "phone":
        from orchestration.phones import parse  # here, for the library of numbers takes time to load

        return parse(text, country)
    return _FORMS.get(kind, _code)(text)


def _email(text: str) -> str | None:
    clean = text.strip().lower()
    return clean if _EMAIL.fullmatch(clean) else None


def _code(text: str) -> str | None:
    return text.strip().upper() or None


def _as_written(text: str) -> str | None:
    return text.strip() or None


_FORMS: dict[str, Callable[[str], str | None]] = {"email": _email, RECORD: _as_written}


def _by_value(column: pa.Array, form: Callable[[str], str | None]) -> pa.Array:
    """The column with each of its values put in form, once."""
    if isinstance(column, pa.ChunkedArray):
        column = column.combine_chunks()
    encoded = column.dictionary_encode() if not pa.types.is_dictionary(column.type) else column
    formed = [None if text is None else form(text) for text in encoded.dictionary.to_pylist()]
    return pa.array(formed, pa.string()).take(encoded.indices)


def _phones(column: pa.Array, countries: pa.Array | None, home: str) -> pa.Array:
    """E.164 of each value, by the row's country, else by `home`."""
    from orchestration.phones import COUNTRY_NAMES, phone_numbers

    def code(text: str) -> str | None:
        return text.upper() if len(text) == 2 and text.isascii() else COUNTRY_NAMES.get(text.lower())

    at = pc.fill_null(_by_value(countries, code), home) if countries is not None else pa.repeat(home, len(column))
    received = pa.table({"phone": column, "country": at})
    known = received.group_by(["phone", "country"]).aggregate([])
    known = known.filter(pc.is_valid(known["phone"]))
    read = phone_numbers(known.to_pandas())
    numbers = dict(zip(zip(read["phone"], read["country"], strict=True), read["e164"], strict=True))
    pairs = zip(received["phone"].to_pylist(), received["country"].to_pylist(), strict=True)
    found = (numbers.get(pair) for pair in pairs)
    return pa.array([number if isinstance(number, str) else None for number in found], pa.string())
