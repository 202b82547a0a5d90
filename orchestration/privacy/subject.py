"""Whom an erasure is about: all that names the person in what landed, of every version, whenever it was.

A customer of the warehouse gives the first records and references. From there on it is a fixed point over raw: the addresses,
numbers and cards of these records, and the records that no customer has and that carry one of them (other than a telephone or
a device, which a family shares). What a record of somebody else carries too stays: it is theirs as well.
"""

from dataclasses import dataclass, field

import duckdb

from orchestration.landing import PERSON, REFERENCE, Name, Suppression, normal
from orchestration.privacy.carried import load_carried, raw_columns
from orchestration.settings import Home, Settings

_MINE = """
create or replace temp table mine as
select distinct carried.source, carried.block, carried.id from carried join owners using (source, block, id)
where customer_id in (select unnest($customers))
union
select source, block, id from owners where block <> 'reference' and customer_id in (select unnest($customers))
union
select unnest($records).source, unnest($records).block, unnest($records).id
"""
_SOLE = """
create or replace temp table sole as
with told as (
    select distinct kind, value from carried semi join mine using (source, block, id)
    union
    select distinct kind, value from referred where kind <> 'record' and customer_id in (select unnest($customers))
    union
    select unnest($values).kind, unnest($values).value
)
from told
anti join (
    select kind, value from carried left join owners using (source, block, id) anti join mine using (source, block, id)
    where customer_id is not null or block = '*' or kind in ('phone', 'device_id')
    union all
    select kind, value from referred where not alone and not customer_id in (select unnest($customers))
    union all
    select key_type, value from control.placeholders
    union all
    select key_type, key_value from intermediate.int_identity__shared_keys
) as theirs using (kind, value)
"""
_UNKNOWN = """
select distinct source, block, id from carried semi join sole using (kind, value)
left join owners using (source, block, id) anti join mine using (source, block, id)
where customer_id is null and block <> '*' and kind not in ('phone', 'device_id')
"""
_STRAYS = """
select distinct customer_id from referred semi join sole using (kind, value)
where alone and not customer_id in (select unnest($customers))
"""
_REFERENCES = """
select distinct source, person_ref_by, person_ref_value from marts.bridge_person_refs
where customer_id in (select unnest($customers)) and person_ref_by <> 'company'
union
select distinct mine.source, 'record', mine.id from mine
left join marts.bridge_person_refs as refs
    on mine.source = refs.source and refs.person_ref_by = 'record' and refs.person_ref_value = mine.id
where refs.customer_id is null
"""


_MASKED = """
select customer_id, coalesce(left(display_name, 1) || '**', 'without a name') from marts.customers
where customer_id in (select unnest($customers)) order by customer_id
"""


class NobodyFound(Exception):
    """There is no such person, or it cannot be told which one is meant. The text says what to do."""


class NothingLinked(NobodyFound):
    """There are no customers yet."""


@dataclass
class Subject:
    """One person. `names`: what suppression keys are made of; `customers`: ids that the warehouse knows, old ones included;
    `records`: (source, block, id)."""

    customers: list[str] = field(default_factory=list)
    records: list[tuple[str, str, str]] = field(default_factory=list)
    references: list[str] = field(default_factory=list)
    names: list[Name] = field(default_factory=list)


def find_subject(con: duckdb.DuckDBPyConnection, home: Home, settings: Settings, kind: str, text: str) -> Subject:
    """The person by `customer`, `email` or `phone`. `con`: the warehouse, read only. Raises NobodyFound."""
    country = settings.identity.default_country
    load_carried(con, home, settings, country)
    customers, records, values = _asked(con, kind, text, country)
    return _named(con, _closed(con, customers, records, values), country)


def find_again(
    con: duckdb.DuckDBPyConnection, home: Home, settings: Settings, suppression: Suppression
) -> Subject | None:
    """All who were erased before and are here once more, as after a backup was restored; None when nobody is."""
    country = settings.identity.default_country
    load_carried(con, home, settings, country)
    records = records_held(home, settings, suppression)
    owners = con.execute("select source, block, id, customer_id from owners").fetchall()
    customers = {id for *record, id in owners if tuple(record) in records}
    for source, kind, value, id in con.execute("select source, kind, value, customer_id from referred").fetchall():
        if suppression.holds(Name(REFERENCE, f"{source}/{kind}", value)) or suppression.holds(Name(kind, "", value)):
            customers.add(id)
    if not records and not customers:
        return None
    told = [dict(zip(("source", "block", "id"), record, strict=True)) for record in sorted(records)]
    return _named(con, _closed(con, sorted(customers), told, []), country)


def records_held(home: Home, settings: Settings, suppression: Suppression) -> set[tuple[str, str, str]]:
    """The records in raw that the keys are of, as (source, block, id)."""
    records: set[tuple[str, str, str]] = set()
    for rows, columns in raw_columns(home, settings, ("persons",)):
        mask = suppression.mask(rows, columns, len(columns["source_record_id"]))
        ids = columns["source_record_id"].filter(mask).to_pylist()
        records |= {(rows.source, rows.block, id.strip()) for id in ids if id}
    return records


def _named(con: duckdb.DuckDBPyConnection, subject: Subject, country: str) -> Subject:
    """The subject with the names that its keys are made of."""
    references = con.execute(_REFERENCES, {"customers": subject.customers}).fetchall()
    forms = [(source, by, normal(by, value, country)) for source, by, value in references]
    sole = con.execute("select kind, '', value from sole").fetchall()
    subject.names = [
        *(Name(PERSON, f"{source}/{block}", id) for source, block, id in subject.records),
        *(Name(REFERENCE, f"{source}/{by}", value) for source, by, value in forms if value),
        *(Name(*one) for one in sole),
    ]
    return subject


def _asked(
    con: duckdb.DuckDBPyConnection, kind: str, text: str, country: str
) -> tuple[list[str], list[dict[str, str]], list[dict[str, str]]]:
    """Customers, records without one, and values, to begin with."""
    if kind == "customer":
        found = con.execute("select 1 from identity.clusters where customer_id = $id limit 1", {"id": text}).fetchall()
        company = con.execute(
            "select 1 from marts.customers where customer_id = $id and customer_type = 'company'", {"id": text}
        ).fetchall()
        if not found or company:
            what = "a company, which has its contacts erased one by one" if company else "no such customer"
            raise NobodyFound(f"--customer: found {what}; allowed: a person's customer_id as `strata explain` shows it")
        return [text], [], []
    value = normal(kind, text, country)
    if value is None:
        raise NobodyFound(f"--{kind}: this cannot be read; allowed: an address such as name@shop.example, or a number with "
                          "its country code such as +86 138 0013 8000")  # fmt: skip
    told = {"kind": kind, "value": value}
    rows = con.execute(
        "select source, block, id, customer_id from carried left join owners using (source, block, id)"
        " where kind = $kind and value = $value and block <> '*'",
        told,
    ).fetchall()
    refs = con.execute("select customer_id from referred where kind = $kind and value = $value", told).fetchall()
    customers = sorted({row[3] for row in rows if row[3]} | {row[0] for row in refs})
    if len(customers) > 1:
        masked = ", ".join(f"{id} ({name})" for id, name in con.execute(_MASKED, {"customers": customers}).fetchall())
        raise NobodyFound(f"--{kind}: {len(customers)} customers have it: {masked}; say which one: --customer ID")
    if not customers and not rows:
        raise NobodyFound(f"--{kind}: nobody has it; nothing was changed")
    records = [{"source": row[0], "block": row[1], "id": row[2]} for row in rows if not row[3]]
    return customers, records, [told]


def _closed(
    con: duckdb.DuckDBPyConnection, customers: list[str], records: list[dict[str, str]], values: list[dict[str, str]]
) -> Subject:
    """Adds records and customers until no more is found."""
    empty = {"records": [{"source": None, "block": None, "id": None}], "values": [{"kind": None, "value": None}]}
    while True:
        con.execute(_MINE, {"customers": customers, "records": records or empty["records"]})
        con.execute("delete from mine where id is null")
        con.execute(_SOLE, {"customers": customers, "values": values or empty["values"]})
        con.execute("delete from sole where value is null")
        unknown = con.execute(_UNKNOWN).fetchall()
        strays = [id for (id,) in con.execute(_STRAYS, {"customers": customers}).fetchall()]
        if not unknown and not strays:
            break
        records = [*records, *({"source": source, "block": block, "id": id} for source, block, id in unknown)]
        customers = [*customers, *strays]
    own = con.execute("select distinct source, block, id from mine order by all").fetchall()
    refs = con.execute(
        "select distinct record_id from referred where customer_id in (select unnest($customers)) order by all",
        {"customers": customers},
    ).fetchall()
    return Subject(customers, [(source, block, id) for source, block, id in own], [id for (id,) in refs])
