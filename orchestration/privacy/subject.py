"""Whom an erasure is about: all that names the person in what landed, of every version, whenever it was.

A customer of the warehouse gives the first records and references. From there on it is a fixed point over raw: the addresses,
numbers and cards of these records, and the records that no customer has and that carry one of them (other than a telephone or
a device, which a family shares). What a record of somebody else carries too stays: it is theirs as well.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import duckdb
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from orchestration.landing import ORDER, PERSON, RECORD, REFERENCE, Name, Rows, Suppression, normal, rows_by_place
from orchestration.settings import Home, Settings

_CARRIED = (
    "create or replace temp table carried (source varchar, block varchar, id varchar, kind varchar, value varchar)"
)
_OWNERS = """
create or replace temp table owners as
select records.source, records.entity as block, records.source_record_id as id, clusters.customer_id
from intermediate.int_identity__records as records
join identity.clusters as clusters using (record_id)
"""
# Reference records, by what they are references of; `alone`: the customer has no other kind of record.
_REFERRED = """
create or replace temp table referred as
select refs.source, refs.person_ref_by as kind,
    case when refs.person_ref_by in ('email', 'phone', 'record') then refs.person_ref_value
         else upper(refs.person_ref_value) end as value,
    refs.record_id, clusters.customer_id,
    bool_and(clusters.record_id in (select record_id from intermediate.int_identity__references))
        over (partition by clusters.customer_id) as alone
from intermediate.int_identity__references as refs
join identity.clusters as clusters using (record_id)
"""
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
    _load(con, home, settings, country)
    customers, records, values = _asked(con, kind, text, country)
    return _named(con, _closed(con, customers, records, values), country)


def find_again(
    con: duckdb.DuckDBPyConnection, home: Home, settings: Settings, suppression: Suppression
) -> Subject | None:
    """All who were erased before and are here once more, as after a backup was restored; None when nobody is."""
    country = settings.identity.default_country
    _load(con, home, settings, country)
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
    for rows, columns in _raw(home, settings, ("persons",)):
        mask = suppression.mask(rows, columns, len(columns["source_record_id"]))
        ids = columns["source_record_id"].filter(mask).to_pylist()
        records |= {(rows.source, rows.block, id.strip()) for id in ids if id}
    return records


def orders_of(home: Home, settings: Settings, matched: "Matcher") -> list[Name]:
    """The orders that are the person's alone: by them lines and refunds are known that name nobody."""
    mine: set[tuple[str, str]] = set()
    others: set[tuple[str, str]] = set()
    for rows, columns in _raw(home, settings, ("orders", "order_lines")):
        mask = matched(rows, columns)
        named = pc.fill_null(pc.not_equal(columns["person_ref"], ""), False)
        for found, place in ((mask, mine), (pc.and_(named, pc.invert(mask)), others)):
            place |= {
                (rows.source, order.strip())
                for order in pc.unique(columns["order_id"].filter(found)).to_pylist()
                if order and order.strip()
            }
    return [Name(ORDER, source, order) for source, order in sorted(mine - others)]


class Matcher:
    """Which rows a set of names matches, before there are keys."""

    def __init__(self, names: Iterable[Name], countries: tuple[str, ...]):
        self._countries, self._values = countries, {}
        by: dict[tuple[str, str], list[str]] = {}
        for name in names:
            by.setdefault((name.kind, name.scope), []).append(name.value)
        self._values = {place: pa.array(values, pa.string()) for place, values in by.items()}

    def __call__(self, rows: Rows, columns: dict[str, pa.Array]) -> pa.Array:
        mask = pa.repeat(False, len(next(iter(columns.values()))))
        for named in rows.named(columns, self._countries):
            values = self._values.get((named.kind, named.scope))
            if values is not None:
                mask = pc.or_(mask, pc.fill_null(pc.is_in(named.values, value_set=values), False))
        return mask


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


def _load(con: duckdb.DuckDBPyConnection, home: Home, settings: Settings, country: str) -> None:
    """What records carry, as temporary tables; `block` is * for what is no person's: a company's, a shop's."""
    for statement in (_CARRIED, _OWNERS, _REFERRED):
        con.execute(statement)
    for rows, columns in _raw(home, settings, ("persons",)):
        named = list(rows.named(columns, (country,)))
        ids = next((one.values for one in named if one.kind == PERSON), None)
        for one in named:
            if ids is not None and one.kind != PERSON:
                _insert(con, rows.source, rows.block, ids, one.kind, one.values)
    for rows, columns in _raw(home, settings, ("companies", "stores")):
        likes = Rows(rows.source, rows.block, "persons", (RECORD,), rows.values)
        for one in likes.named({name: columns[name] for name in columns if name != "source_record_id"}, (country,)):
            _insert(con, rows.source, "*", pa.nulls(len(one.values), pa.string()), one.kind, one.values)


def _insert(
    con: duckdb.DuckDBPyConnection, source: str, block: str, ids: pa.Array, kind: str, values: pa.Array
) -> None:
    con.register("found", pa.table({"id": ids, "value": values}))
    con.execute(
        "insert into carried select distinct $source, $block, id, $kind, value from found where value is not null",
        {"source": source, "block": block, "kind": kind},
    )
    con.unregister("found")


def _raw(home: Home, settings: Settings, entities: tuple[str, ...]) -> Iterator[tuple[Rows, dict[str, pa.Array]]]:
    """The raw files of these entities, with the columns that name persons."""
    known = rows_by_place(settings.sources)
    for entity in entities:
        for path in sorted((home.raw / entity).glob("*/*/*.parquet")):
            source, block = path.parent.parent.name, path.parent.name
            rows = known.get((source, block)) or Rows(source, block, entity)
            yield rows, _columns(path)


def _columns(path: Path) -> dict[str, pa.Array]:
    wanted = ["source_record_id", "country", "person_ref", "order_id", "email", "phone"]
    wanted += ["loyalty_id", "wechat_id", "device_id", "national_id"]
    with pq.ParquetFile(path) as file:
        names = [name for name in wanted if name in file.schema_arrow.names]
        table = file.read(names)
    return {name: table[name].combine_chunks() for name in names}
