"""What the records in raw carry, and whose they are, as temporary tables beside the warehouse.

`carried` (record, kind, value) tells the addresses, numbers and cards of every version; its block is * for what is no person's:
a company's, a shop's. `owners` tells the customer of each record that has one, `referred` the references that are records of
their own.
"""

from collections.abc import Iterator
from pathlib import Path

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq

from orchestration.landing import PERSON, RECORD, Rows, rows_by_place
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


def load_carried(con: duckdb.DuckDBPyConnection, home: Home, settings: Settings, country: str) -> None:
    """Makes the three tables. `con`: the warehouse, read only."""
    for statement in (_CARRIED, _OWNERS, _REFERRED):
        con.execute(statement)
    for rows, columns in raw_columns(home, settings, ("persons",)):
        named = list(rows.named(columns, (country,)))
        ids = next((one.values for one in named if one.kind == PERSON), None)
        for one in named:
            if ids is not None and one.kind != PERSON:
                _insert(con, rows.source, rows.block, ids, one.kind, one.values)
    for rows, columns in raw_columns(home, settings, ("companies", "stores")):
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


def raw_columns(
    home: Home, settings: Settings, entities: tuple[str, ...]
) -> Iterator[tuple[Rows, dict[str, pa.Array]]]:
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
