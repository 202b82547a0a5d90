"""By which texts a person can be found in a file: addresses, numbers, cards, ids, names, as written and in normal form.

Only what is the person's alone is looked for: a number that the family has too, or a name that somebody else bears, proves
nothing. The texts exist while an erasure is under way, and nowhere else.
"""

import json
import re
from collections.abc import Iterable
from hashlib import sha256
from typing import NamedTuple

import duckdb
import phonenumbers
import pyarrow as pa
import pyarrow.parquet as pq

from orchestration.landing import normal
from orchestration.privacy.subject import Subject
from orchestration.settings import Home, Settings

EMAIL, NUMBER, ID, NAME, CELL = "email", "number", "id", "name", "cell"
_SIGNS = "signs"  # a name without blanks, which stands in other text without any before and after
_FIRST_SIGN = 0x2E80
_SHORTEST_ID, _SHORTEST_NUMBER = 6, 7
_COLUMNS = ("source_record_id", "email", "phone", "full_name", "given_name", "family_name")


class Text(NamedTuple):
    """One text and how it stands in others: as an address, digits, an id, a name, or (a short name) alone in a cell."""

    kind: str
    text: str


def texts_of(con: duckdb.DuckDBPyConnection, home: Home, settings: Settings, subject: Subject) -> list[Text]:
    """All texts of the person. `con`: the warehouse with the tables that `find_subject` left."""
    country = settings.identity.default_country
    record_ids = [*("/".join(record) for record in subject.records), *subject.references]
    found = {Text(ID, text) for text in (*subject.customers, *record_ids)}
    found |= {Text(ID, id) for id in customers_of(record_ids)}
    found |= {Text(ID, id) for id in _own_ids(con, subject)}
    sole = {(name.kind, name.value) for name in subject.names if name.scope == ""}
    for kind, value in sole:
        found |= _forms(kind, value)
    rows, others = _people(home, subject)
    for row in rows:
        for kind, form in (("email", EMAIL), ("phone", NUMBER)):
            written = (row[kind] or "").strip()
            if written and (kind, normal(kind, written, country)) in sole:
                found.add(Text(form, written))
    found |= {text for text in map(_name, _names(rows)) if text and not _borne(text, others)}
    return sorted(found)


def customers_of(record_ids: Iterable[str]) -> set[str]:
    """The ids of all customers that these records can ever have been the oldest of: also before they were merged."""
    return {f"C{sha256(record.encode()).hexdigest()[:16]}" for record in record_ids}


def pattern_of(texts: Iterable[Text]) -> str:
    """One regular expression (RE2) that finds any of the texts, each where it does not go on into a longer one; signs also
    as JSON escapes them."""
    ways = [
        _WAYS[_SIGNS if _is_signs(text) else text.kind].format(written) for text in texts for written in _written(text)
    ]
    return "(?i)" + "|".join(ways)


def loose_pattern_of(texts: Iterable[Text]) -> str:
    """The same for bytes that no longer have a shape, where anything may stand beside a text: without numbers and short
    names, which are found in anything."""
    ways = [written for text in texts if text.kind in (EMAIL, ID, NAME) for written in _written(text)]
    return "(?i)" + "|".join(ways or ["[^\\s\\S]"])


def _written(text: Text) -> set[str]:
    return {re.escape(text.text), re.escape(json.dumps(text.text)[1:-1])}


def _is_signs(text: Text) -> bool:
    return text.kind == NAME and not text.text.isascii() and ord(text.text[0]) >= _FIRST_SIGN


_WAYS = {
    EMAIL: r"(?:^|[^a-z0-9._%+\-]){}(?:$|[^a-z0-9.\-]|[.](?:$|[^a-z0-9]))",
    NUMBER: r"(?:^|[^0-9a-z]){}(?:$|[^0-9a-z])",
    ID: r"(?:^|[^0-9a-z_\-]){}(?:$|[^0-9a-z_\-])",
    NAME: r"(?:^|[^a-z]){}(?:$|[^a-z])",
    _SIGNS: "{}",
    CELL: r"(?:^|[,;\t\"'|<>\n]){}(?:$|[,;\t\"'|<>\n\r])",
}


def _own_ids(con: duckdb.DuckDBPyConnection, subject: Subject) -> list[str]:
    """Ids that tell by themselves whose they are: long, more than digits, and nobody else's in another source."""
    others = {
        id
        for (id,) in con.execute("select distinct id from owners anti join mine using (source, block, id)").fetchall()
    }
    ids = {id for _, _, id in subject.records} - others
    return [id for id in ids if len(id) >= _SHORTEST_ID and not id.isdigit() and "@" not in id]


def _forms(kind: str, value: str) -> set[Text]:
    if kind == "email":
        return {Text(EMAIL, value)}
    if kind != "phone":
        return {Text(ID, value)} if len(value) >= _SHORTEST_ID else set()
    national = str(phonenumbers.parse(value).national_number)
    return {Text(NUMBER, text) for text in (value, value.lstrip("+"), national) if len(text) >= _SHORTEST_NUMBER}


def _people(home: Home, subject: Subject) -> tuple[list[dict[str, str | None]], set[str]]:
    """The person's rows in raw, and the names of all others, persons and companies."""
    mine = set(subject.records)
    rows: list[dict[str, str | None]] = []
    others: set[str] = set()
    for path in sorted((home.raw / "persons").glob("*/*/*.parquet")):
        place = (path.parent.parent.name, path.parent.name)
        table = pq.read_table(path, columns=list(_COLUMNS))
        own = pa.array(
            [(*place, (id or "").strip()) in mine for id in table["source_record_id"].to_pylist()], pa.bool_()
        )
        rows += table.filter(own).to_pylist()
        rest = table.filter(pa.array([not one for one in own.to_pylist()], pa.bool_())).to_pylist()
        others |= set(_names(rest))
    for path in sorted((home.raw / "companies").glob("*/*/*.parquet")):
        others |= {name for name in pq.read_table(path, columns=["name"])["name"].to_pylist() if name}
    return rows, {name.lower() for name in others}


def _names(rows: Iterable[dict[str, str | None]]) -> list[str]:
    found = []
    for row in rows:
        given, family = (row["given_name"] or "").strip(), (row["family_name"] or "").strip()
        found.append((row["full_name"] or "").strip())
        found += [f"{given} {family}", f"{family} {given}", family + given] if given and family else []
    return [name for name in found if name]


def _name(name: str) -> Text | None:
    """A name as it can be looked for: in other text when it is long enough to be no other word, else as a whole cell."""
    if ord(name[0]) >= _FIRST_SIGN:
        return Text(NAME if len(name) > 2 else CELL, name) if len(name) > 1 else None
    return Text(NAME, name) if len(name.split()) > 1 else None


def _borne(text: Text, others: set[str]) -> bool:
    own = text.text.lower()
    return own in others or (text.kind == NAME and any(own in other for other in others))
