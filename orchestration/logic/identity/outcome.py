"""What the clustering found, as tables of schema `identity`: customers, ledger, links of the model, pairs for review.

Ids are hashes of a customer's oldest record, so that a rebuild, another order of rows or another way of loading gives the same
ids and events. Reads the temporary tables of `resolve.py` and adds its own.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from orchestration.logic.identity.clusters import DECIDED, Links, Merges, Parts, components

if TYPE_CHECKING:
    import duckdb

STRONGEST_MODEL_LINK = 49
"""Below every key, so that a cluster is cut at the model's links first."""


def joined_by(count: int, links: Links, kept: np.ndarray) -> np.ndarray:
    """Two rows. Per record, the weakest kind of link without which it would not be with its customer's oldest record: 0 keys,
    1 the model, 2 a decision. And the oldest record that keys alone lead to."""
    of_keys = kept & (links.strength > STRONGEST_MODEL_LINK) & (links.strength < DECIDED)
    by_keys, by_model, by_all = (
        components(count, links.take(where)) for where in (of_keys, kept & (links.strength < DECIDED), kept)
    )
    kind = np.where(by_keys == by_all, 0, np.where(by_model == by_all, 1, 2))
    return np.stack([kind, by_keys])


def register(
    con: duckdb.DuckDBPyConnection, oldest: np.ndarray, whole: np.ndarray, kept: np.ndarray, divided: Parts
) -> None:
    """The temporary tables `customers_of_records` (number, oldest, whole, customer_id), `kept_links` and `parts`."""
    frames = {
        "cluster_frame": pd.DataFrame({"number": np.arange(len(oldest)), "oldest": oldest, "whole": whole}),
        "kept_frame": pd.DataFrame({"link": kept}),
        "part_frame": pd.DataFrame(
            {"root": divided.root, "whole": divided.whole, "keeps": divided.keeps, "since": divided.since}
        ),
    }
    for name, frame in frames.items():
        con.register(name, frame)
    con.execute("create or replace temp table kept_links as from numbered_links semi join kept_frame using (link)")
    con.execute(f"""
        create or replace temp table parts as
        select
            root, whole, keeps, since,
            {_customer_id("wholes.record_id")} as of_whole,
            case
                when keeps then of_whole
                when root = whole then {_customer_id("roots.record_id || '|divided'")}
                else {_customer_id("roots.record_id")}
            end as customer_id
        from part_frame
        join numbered_records as roots on root = roots.number
        join numbered_records as wholes on whole = wholes.number
    """)
    con.execute(f"""
        create or replace temp table customers_of_records as
        select
            cluster_frame.number, oldest, cluster_frame.whole,
            coalesce(parts.customer_id, {_customer_id("roots.record_id")}) as customer_id
        from cluster_frame
        join numbered_records as roots on oldest = roots.number
        left join parts on oldest = parts.root
    """)
    for name in frames:
        con.unregister(name)


def write_clusters(con: duckdb.DuckDBPyConnection, joined_by: np.ndarray) -> None:
    """A record that came to its customer through the model or a decision, with those that share its keys, is linked by it."""
    kind, by_keys = joined_by
    con.register("joined_frame", pd.DataFrame({"number": np.arange(len(kind)), "kind": kind, "by_keys": by_keys}))
    con.execute("""
        create or replace table identity.clusters as
        with ends as (select unnest([left_number, right_number]) as number, linked_at from kept_links),
        first_links as (select number, min(linked_at) as linked_at from ends group by number),
        proposed as (
            select unnest([left_number, right_number]) as number, probability
            from proposals semi join (from kept_links where key_type = 'model') using (left_number, right_number)
        ),
        by_model as (
            select by_keys, max(probability) as probability from proposed join joined_frame using (number) group by by_keys
        )
        select
            record_id,
            customer_id,
            case kind when 0 then 'key' when 1 then 'model' else 'override' end as linked_by,
            coalesce(first_links.linked_at, first_seen_at) as linked_at,
            case kind when 1 then by_model.probability end as match_probability
        from customers_of_records
        join numbered_records using (number)
        join joined_frame using (number)
        left join first_links using (number)
        left join by_model using (by_keys)
        order by record_id
    """)
    con.unregister("joined_frame")


def write_model_links(con: duckdb.DuckDBPyConnection) -> None:
    """The links of the model that were kept, and the pairs for people to decide: doubtful, ambiguous or cut."""
    con.execute("""
        create or replace temp table told as
        select
            a.record_id as left_record_id, b.record_id as right_record_id, probability, comparison, veto, ambiguous,
            links.link is not null as is_link, kept_links.link is not null as is_kept, links.strength, links.linked_at,
            links.evidence, weights
        from proposals
        join numbered_records a on left_number = a.number
        join numbered_records b on right_number = b.number
        left join (from numbered_links where key_type = 'model') as links using (left_number, right_number)
        left join kept_links on links.link = kept_links.link
    """)
    con.execute("""
        create or replace table identity.model_links as
        select left_record_id, right_record_id, probability, strength, linked_at, evidence, weights
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


def write_events(con: duckdb.DuckDBPyConnection, started: np.ndarray, merged: Merges, history: np.ndarray) -> None:
    """What made customers one is told as if nobody had divided them, then what divided them: so a division rewrites nothing.
    What joined a part after it was divided joined that part."""
    merge_frame = pd.DataFrame({"survivor": merged.survivor, "absorbed": merged.absorbed, "link": history[merged.link]})
    con.register("start_frame", pd.DataFrame({"number": np.flatnonzero(started)}))
    con.register("merge_frame", merge_frame)
    con.execute(f"""
        create or replace table identity.events as
        with decisions as (
            select
                event_id, "at", undoes, kind, kind || ' by ' || decided_by || ': ' || reason as evidence,
                "left"[1] as one, "right"[1] as other
            from control.identity_decisions
        ),
        divided as (
            select
                parts.*, event_id, "at",
                row_number() over (partition by root order by members.oldest = root desc, "at", event_id) as place
            from parts
            join customers_of_records as members using (whole)
            join decided on members.number = decided.number and decided.kind = 'unlink'
            where not keeps
        ),
        named as (select record_id, customer_id from customers_of_records join numbered_records using (number)),
        events as (
            select
                'created' as kind, {_customer_id("record_id")} as customer_id, cast(null as varchar) as other_customer_id,
                first_seen_at as "at", 'first_record' as cause, cast(null as varchar) as evidence,
                cast(null as varchar) as event_id
            from start_frame join numbered_records using (number)
            union all
            select
                'merged', coalesce(parts.customer_id, {_customer_id("survivors.record_id")}),
                {_customer_id("absorbed.record_id")},
                linked_at, key_type, evidence, null
            from merge_frame
            join numbered_links using (link)
            join numbered_records as survivors on survivor = survivors.number
            join numbered_records as absorbed on absorbed = absorbed.number
            join customers_of_records as now on absorbed = now.number
            left join parts on now.oldest = parts.root and parts.since <= numbered_links.since and parts.root <> absorbed
            union all
            select
                'split', of_whole, customer_id, greatest("at", first_seen_at), 'unlink', 'decided ' || event_id, null
            from divided join numbered_records on root = number
            where place = 1
            union all
            select
                if(undoes is null, 'override', 'undone'),
                coalesce(ones.customer_id, {_customer_id("one")}) as of_one,
                nullif(coalesce(others.customer_id, {_customer_id("other")}), of_one),
                "at", coalesce(undoes, decisions.kind), evidence, event_id
            from decisions
            left join named as ones on one = ones.record_id
            left join named as others on other = others.record_id
        )
        select
            coalesce(event_id, 'E' || left(sha256(concat_ws('|', kind, customer_id, other_customer_id)), 16)) as event_id,
            * exclude (event_id)
        from events
        order by event_id
    """)
    con.unregister("start_frame")
    con.unregister("merge_frame")


def _customer_id(record_id: str) -> str:
    return f"'C' || left(sha256({record_id}), 16)"
