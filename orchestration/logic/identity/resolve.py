"""From accepted links to customers: numbers the records, has them clustered, and writes schema `identity`.

Runs between the two dbt steps. Links by keys come first; what they leave apart the model compares (`proposals.py`), and its links
join customers as weaker ones. The clustering itself is in `clusters.py`; ids are hashes of a customer's oldest record, so that a
rebuild, another order of rows or another way of loading gives the same ids and events.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from orchestration.logic.identity.clusters import Limit, Links, Merges, components, merges, starts, within_limits
from orchestration.logic.identity.comparisons import RESIDENT_ID_SIGNS
from orchestration.logic.identity.model import load
from orchestration.logic.identity.proposals import NO_PROPOSALS, learn, propose
from orchestration.settings.identity import ClusterLimits, LinkingModel

if TYPE_CHECKING:
    import duckdb

    from orchestration.settings import Settings

_STRONGEST_MODEL_LINK = 49
"""Below every key, so that a cluster is cut at the model's links first."""


def resolve(con: duckdb.DuckDBPyConnection, settings: Settings, models: Path) -> dict[str, int | str]:
    """Writes, from intermediate.int_identity__records, __links and __comparables:

    identity.clusters (grain: record), identity.events (event), identity.model_links and identity.review (pair of records).
    `models`: the folder of kept models. Returns counts and the model's version for the run's metadata. Raises ValueError when
    the model that identity.yml names cannot be used.
    """
    _number_records(con)
    count = _count(con, "numbered_records")
    limits, most = _limits(con, settings.identity.clusters), settings.identity.clusters.max_records
    links = _links(con)
    by_keys = components(count, links.take(within_limits(count, links, most, limits)))
    version = _propose(con, settings.identity.model, by_keys, models)
    links = _links(con)
    kept = within_limits(count, links, most, limits)
    accepted = links.take(kept)
    oldest, started, merged = components(count, accepted), starts(count, accepted), merges(count, accepted)
    con.execute("begin")
    _write_clusters(con, oldest, by_keys, np.flatnonzero(kept))
    _write_events(con, started, merged, np.flatnonzero(kept))
    _write_model_links(con, np.flatnonzero(kept))
    con.execute("commit")
    model_links, review = (_count(con, f"identity.{name}") for name in ("model_links", "review"))
    con.execute("drop table numbered_records; drop table numbered_links; drop table proposals")
    return {
        "records": count,
        "links": len(links),
        "links_cut": int((~kept).sum()),
        "model_links": model_links,
        "review": review,
        "model": version,
        "customers": int((oldest == np.arange(count)).sum()),
        "merges": len(merged.link),
        "largest_cluster": int(np.bincount(oldest).max()) if count else 0,
    }


def _propose(con: duckdb.DuckDBPyConnection, settings: LinkingModel, by_keys: np.ndarray, models: Path) -> str:
    """Adds the links of the model to `numbered_links` and leaves `proposals`; the version of the model, or `none`."""
    con.register("key_frame", pd.DataFrame({"number": np.arange(len(by_keys)), "cluster": by_keys}))
    con.execute("""
        create or replace temp table compared as
        select number, cluster, comparables.* exclude (record_id)
        from intermediate.int_identity__comparables as comparables
        join numbered_records using (record_id)
        join key_frame using (number)
    """)
    con.unregister("key_frame")
    model = load(models, settings.version) if settings.version else learn(con)
    if model:
        model.save(models)
        propose(con, model, settings)
    else:
        con.execute(NO_PROPOSALS)
    con.execute(f"""
        insert into numbered_links
        select
            (select count(*) from numbered_links) + row_number() over (order by left_number, right_number) - 1 as link,
            left_number, right_number, greatest(1, least({_STRONGEST_MODEL_LINK}, cast(floor(weight) as integer))) as strength,
            'model' as key_type, greatest(a.first_seen_at, b.first_seen_at) as linked_at,
            'model ' || printf('%.3f', probability) || ' (' || comparison || ')' as evidence
        from proposals
        join numbered_records a on left_number = a.number
        join numbered_records b on right_number = b.number
        where probability >= {settings.link} and veto is null and not ambiguous
    """)
    con.execute("drop table compared")
    return model.version if model else "none"


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
    codes = con.execute(f"""
        select
            if(birth_date is null, -1, dense_rank() over (order by birth_date)) as birth_date,
            if(length(national_id) = {RESIDENT_ID_SIGNS}, dense_rank() over (order by national_id), -1) as national_id
        from numbered_records
        order by number
    """).fetchnumpy()
    most = {"birth_date": settings.max_birth_dates, "national_id": settings.max_national_ids}
    return [Limit(np.asarray(codes[name], dtype=np.int64), limit) for name, limit in most.items()]


def _write_clusters(con: duckdb.DuckDBPyConnection, oldest: np.ndarray, by_keys: np.ndarray, kept: np.ndarray) -> None:
    """A record that came to its customer through the model, with those that share its keys, is linked by it."""
    con.register(
        "cluster_frame", pd.DataFrame({"number": np.arange(len(oldest)), "oldest": oldest, "by_keys": by_keys})
    )
    con.register("kept_frame", pd.DataFrame({"link": kept}))
    con.execute(f"""
        create or replace table identity.clusters as
        with kept_links as (from numbered_links semi join kept_frame using (link)),
        ends as (select unnest([left_number, right_number]) as number, linked_at from kept_links),
        first_links as (select number, min(linked_at) as linked_at from ends group by number),
        proposed as (
            select unnest([left_number, right_number]) as by_keys, probability
            from proposals semi join (from kept_links where key_type = 'model') using (left_number, right_number)
        ),
        by_model as (select by_keys, max(probability) as probability from proposed group by by_keys)
        select
            records.record_id,
            {_customer_id("roots.record_id")} as customer_id,
            if(by_model.by_keys is not null and cluster_frame.by_keys <> oldest, 'model', 'key') as linked_by,
            coalesce(first_links.linked_at, records.first_seen_at) as linked_at,
            if(cluster_frame.by_keys <> oldest, by_model.probability, null) as match_probability
        from cluster_frame
        join numbered_records as records using (number)
        join numbered_records as roots on cluster_frame.oldest = roots.number
        left join first_links using (number)
        left join by_model on cluster_frame.by_keys = by_model.by_keys
        order by record_id
    """)
    con.unregister("cluster_frame")
    con.unregister("kept_frame")


def _write_model_links(con: duckdb.DuckDBPyConnection, kept: np.ndarray) -> None:
    """The links of the model that were kept, and the pairs for people to decide: doubtful, vetoed, ambiguous or cut."""
    con.register("kept_frame", pd.DataFrame({"link": kept}))
    con.execute("""
        create or replace temp table told as
        select
            a.record_id as left_record_id, b.record_id as right_record_id, probability, comparison, veto, ambiguous,
            links.link is not null as is_link, kept_frame.link is not null as is_kept, links.strength, links.linked_at,
            links.evidence
        from proposals
        join numbered_records a on left_number = a.number
        join numbered_records b on right_number = b.number
        left join (from numbered_links where key_type = 'model') as links using (left_number, right_number)
        left join kept_frame on links.link = kept_frame.link
    """)
    con.execute("""
        create or replace table identity.model_links as
        select left_record_id, right_record_id, probability, strength, linked_at, evidence
        from told where is_kept
        order by left_record_id, right_record_id
    """)
    con.execute("""
        create or replace table identity.review as
        select
            'P' || left(sha256(left_record_id || '|' || right_record_id), 16) as pair_id,
            left_record_id, right_record_id, probability,
            comparison || case
                when veto is not null then '; ' || veto || ' contradicts'
                when ambiguous then '; fits people who contradict each other'
                when is_link then '; cut by a limit of the cluster'
                else ''
            end as evidence,
            'open' as state
        from told where not is_kept and veto is null
        order by pair_id
    """)
    con.execute("drop table told")
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
