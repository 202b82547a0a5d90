"""From accepted links to customers: numbers the records, has them clustered, and writes schema `identity`.

Runs between the two dbt steps, reads intermediate.int_identity__records and __links, writes identity.clusters and
identity.events. The clustering itself is in `clusters.py`; ids are hashes of a customer's oldest record, so that a rebuild,
another order of rows or another way of loading gives the same ids and events.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from orchestration.logic.identity.clusters import Limit, Links, Merges, components, merges, starts, within_limits
from orchestration.settings.identity import ClusterLimits

if TYPE_CHECKING:
    import duckdb

    from orchestration.settings import Settings


def resolve(con: duckdb.DuckDBPyConnection, settings: Settings) -> dict[str, int]:
    """Writes identity.clusters (grain: record) and identity.events (grain: event).

    Returns counts for the run's metadata: records, links, customers, links cut, merges, the largest cluster.
    """
    _number_records(con)
    count, links = _count(con, "numbered_records"), _links(con)
    kept = within_limits(count, links, settings.identity.clusters.max_records, _limits(con, settings.identity.clusters))
    accepted = links.take(kept)
    oldest, started, merged = components(count, accepted), starts(count, accepted), merges(count, accepted)
    con.execute("begin")
    _write_clusters(con, oldest, np.flatnonzero(kept))
    _write_events(con, started, merged, np.flatnonzero(kept))
    con.execute("commit")
    con.execute("drop table numbered_records; drop table numbered_links")
    return {
        "records": count,
        "links": len(links),
        "links_cut": int((~kept).sum()),
        "customers": int((oldest == np.arange(count)).sum()),
        "merges": len(merged.link),
        "largest_cluster": int(np.bincount(oldest).max()) if count else 0,
    }


def _number_records(con: duckdb.DuckDBPyConnection) -> None:
    """Records and links by number: 0 is the oldest record. Undated records count as the youngest."""
    con.execute("create schema if not exists identity")
    con.execute("""
        create or replace temp table numbered_records as
        select
            row_number() over (order by first_seen_at nulls last, record_id) - 1 as number,
            record_id, first_seen_at, birth_date, national_id
        from intermediate.int_identity__records
    """)
    con.execute("""
        create or replace temp table numbered_links as
        select
            row_number() over (order by a.number, b.number, strength desc, key_type, evidence) - 1 as link,
            a.number as left_number, b.number as right_number, strength, key_type, linked_at, evidence
        from intermediate.int_identity__links
        join numbered_records a on left_record_id = a.record_id
        join numbered_records b on right_record_id = b.record_id
    """)


def _links(con: duckdb.DuckDBPyConnection) -> Links:
    columns = con.execute("select left_number, right_number, strength from numbered_links order by link").fetchnumpy()
    return Links(*(np.asarray(columns[name], dtype=np.int64) for name in ("left_number", "right_number", "strength")))


def _limits(con: duckdb.DuckDBPyConnection, settings: ClusterLimits) -> list[Limit]:
    """The attributes of which a cluster may hold only so many values, coded."""
    codes = con.execute("""
        select
            if(birth_date is null, -1, dense_rank() over (order by birth_date)) as birth_date,
            if(national_id is null, -1, dense_rank() over (order by national_id)) as national_id
        from numbered_records
        order by number
    """).fetchnumpy()
    most = {"birth_date": settings.max_birth_dates, "national_id": settings.max_national_ids}
    return [Limit(np.asarray(codes[name], dtype=np.int64), limit) for name, limit in most.items()]


def _write_clusters(con: duckdb.DuckDBPyConnection, oldest: np.ndarray, kept: np.ndarray) -> None:
    con.register("cluster_frame", pd.DataFrame({"number": np.arange(len(oldest)), "oldest": oldest}))
    con.register("kept_frame", pd.DataFrame({"link": kept}))
    con.execute(f"""
        create or replace table identity.clusters as
        with ends as (
            select unnest([left_number, right_number]) as number, linked_at
            from numbered_links semi join kept_frame using (link)
        ),
        first_links as (select number, min(linked_at) as linked_at from ends group by number)
        select
            records.record_id,
            {_customer_id("roots.record_id")} as customer_id,
            'key' as linked_by,
            coalesce(first_links.linked_at, records.first_seen_at) as linked_at,
            cast(null as double) as match_probability
        from cluster_frame
        join numbered_records as records using (number)
        join numbered_records as roots on cluster_frame.oldest = roots.number
        left join first_links using (number)
        order by record_id
    """)
    con.unregister("cluster_frame")
    con.unregister("kept_frame")


def _write_events(con: duckdb.DuckDBPyConnection, started: np.ndarray, merged: Merges, kept: np.ndarray) -> None:
    merge_frame = pd.DataFrame({"survivor": merged.survivor, "absorbed": merged.absorbed, "link": kept[merged.link]})
    con.register("start_frame", pd.DataFrame({"number": np.flatnonzero(started)}))
    con.register("merge_frame", merge_frame)
    con.execute(f"""
        create or replace table identity.events as
        with events as (
            select
                'created' as kind, {_customer_id("record_id")} as customer_id, cast(null as varchar) as other_customer_id,
                first_seen_at as "at", 'first_record' as cause, cast(null as varchar) as evidence
            from start_frame join numbered_records using (number)
            union all
            select
                'merged', {_customer_id("survivors.record_id")}, {_customer_id("absorbed.record_id")},
                linked_at, key_type, evidence
            from merge_frame
            join numbered_links using (link)
            join numbered_records as survivors on survivor = survivors.number
            join numbered_records as absorbed on absorbed = absorbed.number
        )
        select 'E' || left(sha256(concat_ws('|', kind, customer_id, other_customer_id)), 16) as event_id, *
        from events
        order by event_id
    """)
    con.unregister("start_frame")
    con.unregister("merge_frame")


def _customer_id(record_id: str) -> str:
    return f"'C' || left(sha256({record_id}), 16)"


def _count(con: duckdb.DuckDBPyConnection, table: str) -> int:
    row = con.execute(f"select count(*) from {table}").fetchone()
    return int(row[0]) if row else 0
