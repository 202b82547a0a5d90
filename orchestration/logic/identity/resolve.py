"""From accepted links to customers: numbers the records, has them clustered, and writes schema `identity`.

Runs between the two dbt steps. Links by keys come first; what they leave apart the model compares (`proposals.py`), and its links
join customers as weaker ones; what people decided goes before both. The clustering itself is in `clusters.py`, what is written of
it in `outcome.py`.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from orchestration.logic.identity.clusters import (
    DECIDED,
    Apart,
    Limit,
    Links,
    components,
    merges,
    parts,
    starts,
    within_limits,
)
from orchestration.logic.identity.comparisons import RESIDENT_ID_SIGNS
from orchestration.logic.identity.model import load
from orchestration.logic.identity.outcome import (
    STRONGEST_MODEL_LINK,
    joined_by,
    register,
    write_clusters,
    write_events,
    write_model_links,
)
from orchestration.logic.identity.proposals import NO_PROPOSALS, learn, propose
from orchestration.settings.identity import ClusterLimits, IdentityFile

if TYPE_CHECKING:
    import duckdb

    from orchestration.settings import Settings

_APART = """
    select distinct
        least(a.number, b.number) as left_number,
        greatest(a.number, b.number) as right_number,
        greatest(a.number, b.number, a.since) as since
    from decided a join decided b using (event_id)
    where a.kind = 'unlink' and a.side = 'left' and b.side = 'right' and a.number <> b.number
"""


def resolve(con: duckdb.DuckDBPyConnection, settings: Settings, models: Path) -> dict[str, int | str]:
    """Writes, from intermediate.int_identity__records, __links and __comparables, and control.identity_decisions:

    identity.clusters (grain: record), identity.events (event), identity.model_links and identity.review (pair of records), and
    identity.model, one row with the version of the model that linked.
    `models`: the folder of kept models. Returns counts and the model's version for the run's metadata. Raises ModelRefused when
    the model that identity.yml names cannot be used.
    """
    _number_records(con)
    count = _count(con, "numbered_records")
    limits, most = _limits(con, settings.identity.clusters), settings.identity.clusters.max_records
    links, apart = _links(con), _apart(con)
    by_keys = _by_sure_keys(con, settings.identity, links, limits, apart)
    version = _propose(con, settings.identity, by_keys, models)
    links = _links(con)
    kept = within_limits(count, links, most, limits, apart)
    oldest = components(count, links.take(kept))
    undivided = within_limits(count, links, most, limits) if len(apart) else kept
    history = links.take(undivided)
    whole = components(count, history)
    divided = parts(whole, oldest, apart)
    started, merged = starts(count, history), merges(count, history)
    con.execute("begin")
    register(con, oldest, whole, np.flatnonzero(kept), divided)
    write_clusters(con, joined_by(count, links, kept))
    write_events(con, started, merged, np.flatnonzero(undivided))
    write_model_links(con)
    con.execute("create or replace table identity.model as select $version as version", {"version": version})
    con.execute("commit")
    model_links, review = (_count(con, f"identity.{name}") for name in ("model_links", "review"))
    decisions = _count(con, "control.identity_decisions where in_force")
    idle = _count(con, "(select event_id from decided group by event_id having bool_or(number is null))")
    for name in (
        "numbered_records",
        "numbered_links",
        "proposals",
        "decided",
        "customers_of_records",
        "kept_links",
        "parts",
    ):
        con.execute(f"drop table {name}")
    return {
        "records": count,
        "links": len(links),
        "links_cut": int((~kept).sum()),
        "model_links": model_links,
        "review": review,
        "model": version,
        "decisions": decisions,
        "decisions_without_their_records": idle,
        "customers": int((oldest == np.arange(count)).sum()),
        "merges": len(merged.link),
        "largest_cluster": int(np.bincount(oldest).max()) if count else 0,
    }


def _by_sure_keys(
    con: duckdb.DuckDBPyConnection, identity: IdentityFile, links: Links, limits: list[Limit], apart: Apart
) -> np.ndarray:
    """Record by record the oldest one of the customer that the keys make of it which are not doubtful."""
    doubtful = con.execute(f"select {_is_doubtful(identity)} as flag from numbered_links order by link").fetchnumpy()
    sure = links.take(~np.asarray(doubtful["flag"], dtype=np.bool_))
    kept = within_limits(len(limits[0].values), sure, identity.clusters.max_records, limits, apart)
    return components(len(limits[0].values), sure.take(kept))


def _is_doubtful(identity: IdentityFile) -> str:
    """SQL: whether a link is of a key that the model looks at again."""
    names = ", ".join(f"'{name}'" for name, key in identity.keys.items() if key.doubtful)
    return f"key_type in ({names})" if names else "false"


def _propose(con: duckdb.DuckDBPyConnection, identity: IdentityFile, by_keys: np.ndarray, models: Path) -> str:
    """Adds the links of the model to `numbered_links`, takes out those of doubtful keys that it refutes, and leaves `proposals`;
    the version of the model, or `none`."""
    settings = identity.model
    con.register("key_frame", pd.DataFrame({"number": np.arange(len(by_keys)), "cluster": by_keys}))
    con.execute("""
        create or replace temp table compared as
        select number, cluster, comparables.* exclude (record_id)
        from intermediate.int_identity__comparables as comparables
        join numbered_records using (record_id)
        join key_frame using (number)
    """)
    con.unregister("key_frame")
    con.execute(f"""
        create or replace temp table doubtful as
        select distinct least(a.cluster, b.cluster) as left_number, greatest(a.cluster, b.cluster) as right_number
        from numbered_links
        join compared a on left_number = a.number
        join compared b on right_number = b.number
        where {_is_doubtful(identity)} and a.cluster <> b.cluster
    """)
    model = load(models, settings.version) if settings.version else learn(con)
    if model:
        model.save(models)
        propose(con, model, settings)
    else:
        con.execute(NO_PROPOSALS)
    con.execute(f"""
        delete from proposals where (left_number, right_number) in (
            select least(a.cluster, b.cluster), greatest(a.cluster, b.cluster)
            from ({_APART})
            join compared a on left_number = a.number
            join compared b on right_number = b.number
        )
    """)
    con.execute(f"""
        insert into numbered_links
        select
            (select count(*) from numbered_links) + row_number() over (order by left_number, right_number) - 1 as link,
            left_number, right_number, right_number as since,
            greatest(1, least({STRONGEST_MODEL_LINK}, cast(floor(weight) as integer))) as strength,
            'model' as key_type, greatest(a.first_seen_at, b.first_seen_at) as linked_at,
            'model ' || printf('%.3f', probability) || ' (' || comparison || ')' as evidence
        from proposals
        join numbered_records a on left_number = a.number
        join numbered_records b on right_number = b.number
        where linked
    """)
    con.execute(f"""
        create or replace temp table numbered_links as
        select row_number() over (order by link) - 1 as link, links.* exclude (link)
        from numbered_links as links
        left join compared a on left_number = a.number
        left join compared b on right_number = b.number
        left join refuted
            on least(a.cluster, b.cluster) = refuted.left_number and greatest(a.cluster, b.cluster) = refuted.right_number
        where refuted.left_number is null or not {_is_doubtful(identity)}
    """)
    for name in ("compared", "doubtful", "refuted"):
        con.execute(f"drop table {name}")
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
        create or replace temp table decided as
        with ends as (
            select event_id, kind, "at", 'left' as side, unnest("left") as record_id
            from control.identity_decisions where in_force
            union all
            select event_id, kind, "at", 'right', unnest("right")
            from control.identity_decisions where in_force
        ),
        times as (select distinct "at" from ends),
        known as (
            select times."at", count(numbered_records.number) as since
            from times left join numbered_records on first_seen_at <= times."at"
            group by all
        )
        select ends.*, since, number
        from ends join known using ("at") left join numbered_records using (record_id)
    """)
    con.execute(f"""
        create or replace temp table numbered_links as
        with links as (
            select
                a.number as left_number, b.number as right_number, greatest(a.number, b.number) as since, strength, key_type,
                linked_at, evidence
            from intermediate.int_identity__links
            join numbered_records a on left_record_id = a.record_id
            join numbered_records b on right_record_id = b.record_id
            union all
            select
                heads.number, decided.number, greatest(heads.number, decided.number, decided.since), {DECIDED}, 'override',
                greatest("at", a.first_seen_at, b.first_seen_at), 'decided ' || event_id
            from decided
            join (
                select event_id, min(number) as number from decided where kind = 'link' group by event_id
            ) as heads using (event_id)
            join numbered_records a on heads.number = a.number
            join numbered_records b on decided.number = b.number
            where heads.number <> decided.number
        )
        select
            row_number() over (order by left_number, right_number, strength desc, key_type, evidence) - 1 as link,
            left_number, right_number, since, strength, key_type, linked_at, evidence
        from links
    """)


def _links(con: duckdb.DuckDBPyConnection) -> Links:
    columns = con.execute("from numbered_links order by link").fetchnumpy()
    return Links(*_whole(columns, "left_number", "right_number", "strength", "since"))


def _apart(con: duckdb.DuckDBPyConnection) -> Apart:
    columns = con.execute(f"from ({_APART}) order by all").fetchnumpy()
    return Apart(*_whole(columns, "left_number", "right_number", "since"))


def _whole(columns: Mapping[str, Any], *names: str) -> list[np.ndarray]:
    return [np.asarray(columns[name], dtype=np.int64) for name in names]


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


def _count(con: duckdb.DuckDBPyConnection, table: str) -> int:
    row = con.execute(f"select count(*) from {table}").fetchone()
    return int(row[0]) if row else 0
