"""What changed criteria would do: who moves, what they are worth, who has to look after them, how often tiers would flap.

Pure: reads the classes that stand (`now`, a schema) and those that the changed criteria gave (schema insights) on one
connection. How that connection is made without touching the warehouse, and what apply does, is in orchestration/plans.py.
"""

from collections.abc import Iterable
from datetime import date
from decimal import Decimal

import duckdb
import pandas as pd

from orchestration.logic.churn.owners import assigned
from orchestration.logic.segmentation.abc import abc_classes
from orchestration.logic.segmentation.features import customer_features, make_history
from orchestration.logic.segmentation.grid import month_starts
from orchestration.logic.segmentation.lifecycle import lifecycle_states
from orchestration.logic.segmentation.rfm import rfm_scores
from orchestration.logic.segmentation.store import literal, values
from orchestration.logic.segmentation.tiers import customer_tiers
from orchestration.logic.segmentation.walk import step_over, used_features, walk
from orchestration.settings.insights import InsightSettings

CLASSES = {"rfm_scores": "rfm_segment", "abc_classes": "abc_class", "lifecycle_states": "lifecycle"}
"""One class a customer, whatever the scheme; tiers have a scheme."""
HYSTERESIS_TRIED = (Decimal(0), Decimal(2), Decimal(5), Decimal(10))


def compute_classes(con: duckdb.DuckDBPyConnection, as_of: date, changed: InsightSettings, with_features: bool) -> None:
    """Writes the classes that the changed criteria give into schema insights; `with_features`: the features too."""
    if with_features:
        customer_features(con, as_of, changed)
    for function in (rfm_scores, abc_classes, lifecycle_states, customer_tiers):
        function(con, as_of, changed)


def class_query(schema: str, as_of: date) -> str:
    """SQL of all classes of the day: scheme_id, customer_id, class."""
    day = literal(as_of)
    return " union all ".join(
        [
            f"select scheme_id, customer_id, tier as class from {schema}.customer_tiers where as_of = {day}",
            *(
                f"select '{name.split('_')[0]}', customer_id, {column} from {schema}.{name} where as_of = {day}"
                for name, column in CLASSES.items()
            ),
        ]
    )


def find_moves(con: duckdb.DuckDBPyConnection, as_of: date) -> None:
    """The temporary table strata_moves: scheme_id, customer_id, from_class, to_class, net_amount (of the window).

    Schemes are those of the tiers and rfm, abc and lifecycle. A scheme that comes or goes has a class on one side alone.
    """
    con.execute(f"""
        create or replace temp table strata_moves as
        select scheme_id, customer_id, was.class as from_class, will.class as to_class, f.net_amount_window as net_amount
        from ({class_query("now", as_of)}) as was
        full join ({class_query("insights", as_of)}) as will using (scheme_id, customer_id)
        left join (from insights.customer_features where as_of = {literal(as_of)}) as f using (customer_id)
        where was.class is distinct from will.class
        order by scheme_id, customer_id
    """)


def counts(con: duckdb.DuckDBPyConnection) -> pd.DataFrame:
    """Moves by scheme and classes: scheme_id, from_class, to_class, customers, net_amount."""
    return con.execute("""
        select scheme_id, from_class, to_class, count(*) as customers, sum(net_amount) as net_amount
        from strata_moves group by all order by scheme_id, from_class, to_class
    """).df()


def workloads(
    con: duckdb.DuckDBPyConnection, as_of: date, current: InsightSettings, changed: InsightSettings
) -> pd.DataFrame:
    """Customers by owner before and after: owner, name_zh, name_en, capacity, before, after."""
    parts = []
    for schema, settings in (("now", current), ("insights", changed)):
        scheme = literal(settings.criteria.main_scheme)
        tiers = f"(select customer_id, tier from {schema}.customer_tiers where as_of = {literal(as_of)} and scheme_id = {scheme})"
        parts.append(f"select '{schema}' as side, owner from ({assigned(tiers, settings.people.owners)})")
    owners = current.people.owners | changed.people.owners
    rows = [(code, owner.name.zh, owner.name.en, owner.capacity) for code, owner in owners.items()]
    return con.execute(f"""
        select
            o.owner, o.name_zh, o.name_en, o.capacity,
            count(*) filter (where side = 'now') as before, count(*) filter (where side = 'insights') as after
        from {values("o(owner, name_zh, name_en, capacity)", rows)}
        left join ({" union all ".join(parts)}) as held on held.owner = o.owner
        group by all order by o.owner
    """).df()


def flapping(con: duckdb.DuckDBPyConnection, as_of: date, changed: InsightSettings) -> pd.DataFrame:
    """How often tiers would have moved over the months of the history, by scheme and hysteresis: scheme_id,
    hysteresis_points, is_chosen, moves, flapping_customers (moved at least twice), months."""
    days = [*month_starts(as_of, changed.criteria.history.months), as_of]
    make_history(con, "strata_history", days, as_of, changed, used_features(changed.criteria))
    rows: list[tuple[object, ...]] = []
    for scheme_id, scheme in changed.criteria.schemes.items():
        walked = walk(con, "flapping", scheme, "strata_history", days)
        for points in _tried(scheme.hysteresis_points):
            step_over(con, walked.with_hysteresis(points), days)
            moves, customers = con.execute(_FLAPS.format(tiers=walked.tiers)).fetchall()[0]
            rows.append((scheme_id, points, points == scheme.hysteresis_points, moves, customers, len(days) - 1))
        walked.drop(con)
    con.execute("drop table temp.strata_history")
    names = ["scheme_id", "hysteresis_points", "is_chosen", "moves", "flapping_customers", "months"]
    return pd.DataFrame(rows, columns=names)


def _tried(chosen: Decimal) -> Iterable[Decimal]:
    return sorted({*HYSTERESIS_TRIED, chosen})


_FLAPS = """
with steps as (
    select customer_id, rank <> lag(rank) over (partition by customer_id order by as_of) as is_move from {tiers}
),
moved as (select customer_id, count(*) filter (where is_move) as moves from steps group by customer_id)
select coalesce(sum(moves), 0), count(*) filter (where moves >= 2) from moved
"""
