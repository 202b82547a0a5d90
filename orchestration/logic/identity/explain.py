"""What is known about how one customer came together: its records and the links between them, for `strata explain`.

Reads what the run wrote and decides nothing. Survivorship is read from the mart `survivorship` by the caller.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from orchestration.logic.identity.clusters import DECIDED

if TYPE_CHECKING:
    import duckdb
    import pandas as pd


@dataclass(frozen=True)
class Explanation:
    """`records` (grain: record), `links` (grain: link between two of them), `weights` (grain: comparison of a link of the model,
    in its order; bits add up to the log2 of its odds) and `events` (grain: event) of a customer."""

    records: pd.DataFrame
    links: pd.DataFrame
    weights: pd.DataFrame
    events: pd.DataFrame


def explain_links(con: duckdb.DuckDBPyConnection, customer_id: str) -> Explanation:
    """The frames of one customer, oldest record first, strongest link first; empty frames for an unknown id.

    Evidence names key types, short hashes of the values and how names and birth dates compare; it holds no personal value. Of
    the records, `name` is what each says.
    """
    parameters = {"customer_id": customer_id}
    records = con.execute(
        """
        select record_id, source, entity, source_record_id, channel, trust, first_seen_at, linked_by, linked_at, name
        from intermediate.int_identity__records
        join identity.clusters using (record_id)
        left join (
            select record_id, value as name from intermediate.int_identity__field_values where field = 'display_name'
        ) using (record_id)
        where customer_id = $customer_id
        order by first_seen_at nulls last, record_id
        """,
        parameters,
    ).df()
    links = con.execute(
        f"""
        select left_record_id, right_record_id, key_type, strength, links.linked_at, evidence
        from (
            select left_record_id, right_record_id, key_type, strength, linked_at, evidence
            from intermediate.int_identity__links
            union all
            select left_record_id, right_record_id, 'model', strength, linked_at, evidence
            from identity.model_links
            union all
            select "left"[1], unnest("right"), 'override', {DECIDED}, "at", 'decided ' || event_id || ': ' || reason
            from control.identity_decisions where kind = 'link' and in_force
        ) as links
        join identity.clusters as a on left_record_id = a.record_id
        join identity.clusters as b on right_record_id = b.record_id
        where a.customer_id = $customer_id and b.customer_id = $customer_id
        order by strength desc, links.linked_at, left_record_id, right_record_id, key_type
        """,
        parameters,
    ).df()
    weights = con.execute(
        """
        select left_record_id, right_record_id, probability, told.name, told.level, told.bits
        from (select *, unnest(weights) as told, generate_subscripts(weights, 1) as place from identity.model_links)
        join identity.clusters on left_record_id = record_id
        where customer_id = $customer_id
        order by left_record_id, right_record_id, place
        """,
        parameters,
    ).df()
    events = con.execute(
        """
        select event_id, kind, customer_id, other_customer_id, "at", cause, evidence
        from identity.events
        where $customer_id in (customer_id, other_customer_id)
        order by "at" nulls last, event_id
        """,
        parameters,
    ).df()
    return Explanation(records, links, weights, events)


def customer_of(con: duckdb.DuckDBPyConnection, source: str, source_record_id: str) -> list[str]:
    """The customers of a source's record id (one, unless two entities of the source share the id)."""
    rows = con.execute(
        """
        select distinct customer_id
        from intermediate.int_identity__records join identity.clusters using (record_id)
        where source = $source and source_record_id = $record
        order by customer_id
        """,
        {"source": source, "record": source_record_id},
    ).fetchall()
    return [customer_id for (customer_id,) in rows]
