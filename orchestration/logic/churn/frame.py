"""What the churn model learns from: features of buyers on past days, and whether they ordered within the horizon after.

Point in time: the features of a cut know only facts before its day, and a cut is there only when its horizon has passed
by as_of. No model lives here.
"""

import hashlib
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

import duckdb
import numpy as np

from orchestration.logic.segmentation.features import build_features, drop_temporary
from orchestration.logic.segmentation.store import literal
from orchestration.settings.churn_model import Reason
from orchestration.settings.insights import InsightSettings

# Feature → the business term it belongs to. All are columns of `_FRAME`.
FEATURES: dict[str, Reason] = {
    "recency_days": "recency", "active_share": "recency",
    "overdue_ratio": "overdue", "purchase_cycle_days": "frequency",
    "count_orders": "frequency", "count_order_days": "frequency",
    "orders_90d": "frequency", "orders_180d": "frequency", "orders_365d": "frequency",
    "order_trend": "falling_frequency",
    "average_order_amount": "amount", "amount_90d": "amount", "amount_365d": "amount",
    "amount_trend": "falling_amount",
    "count_categories": "breadth", "count_channels": "breadth",
    "interactions_90d": "interaction", "interactions_window": "interaction", "days_since_interaction": "interaction",
    "interaction_trend": "falling_interaction",
    "complaints_90d": "complaints", "complaints_window": "complaints",
    "csat_last": "satisfaction", "csat_average": "satisfaction",
    "consent_withdrawn": "consent",
    "tenure_days": "tenure",
}  # fmt: skip
NAMES = tuple(FEATURES)


@dataclass(frozen=True)
class Part:
    """Buyers of one day or several: features (rows x NAMES, NaN where unknown) and who left; sorted by day, id."""

    x: np.ndarray
    left: np.ndarray

    def __len__(self) -> int:
        return len(self.left)

    def column(self, name: str) -> np.ndarray:
        return np.asarray(self.x[:, NAMES.index(name)])


@dataclass(frozen=True)
class Frame:
    """Cut 0 is as_of, cut n the day n horizons before it. `customers`: the ids of cut 0, in the order of its rows."""

    as_of: date
    horizon_days: int
    cuts: dict[int, Part]
    customers: np.ndarray

    def day(self, cut: int) -> date:
        return self.as_of - timedelta(days=cut * self.horizon_days)

    def joined(self, cuts: list[int]) -> Part:
        """The rows of several cuts, the oldest first."""
        parts = [self.cuts[cut] for cut in sorted(cuts, reverse=True)]
        return Part(np.concatenate([part.x for part in parts]), np.concatenate([part.left for part in parts]))

    @property
    def sha256(self) -> str:
        """Of features and outcomes; no id is in it."""
        digest = hashlib.sha256()
        for cut, part in sorted(self.cuts.items()):
            digest.update(f"{cut}/{len(part)}".encode() + part.x.tobytes() + part.left.tobytes())
        return digest.hexdigest()


def buyers_before(con: duckdb.DuckDBPyConnection, day: date) -> int:
    """Customers with a counted order before `day`."""
    row = con.execute(
        "select count(distinct customer_id) from marts.orders where is_counted and order_date < ?", [day]
    ).fetchone()
    return int(row[0]) if row else 0


def make_frame(con: duckdb.DuckDBPyConnection, as_of: date, settings: InsightSettings, cuts: list[int]) -> Frame:
    """The buyers of each cut with features and outcome. On as_of all of them; on past days the sample_size that come
    first by the hash of their id. The outcome of as_of is not known: its `left` says False throughout."""
    churn = settings.churn
    days = [as_of - timedelta(days=cut * churn.horizon_days) for cut in cuts]
    found = found_features(con, days, as_of, settings, _BUYERS)
    cut, x, left = np.asarray(found["cut"]), matrix(found), np.asarray(found["has_left"], dtype=bool)
    parts = {number: Part(x[cut == number], left[cut == number]) for number in cuts}
    return Frame(as_of, churn.horizon_days, parts, np.asarray(found["customer_id"])[cut == 0])


def found_features(
    con: duckdb.DuckDBPyConnection, days: list[date], as_of: date, settings: InsightSettings, people: str
) -> dict[str, Any]:
    """Columns cut, customer_id, has_left and NAMES of who `people` names, in the order of cut and id. `people`: SQL of
    as_of (one of `days`) and customer_id; it may read the relation `features`."""
    # None of the costly families: shares of categories take longer than all that is wanted, their number is counted below.
    query = _FRAME.format(
        features=build_features(con, days, as_of, settings, set()),
        people=people,
        as_of=literal(as_of),
        horizon=settings.churn.horizon_days,
        sample=settings.churn.model.sample_size,
    )
    found = con.execute(f"{query} order by cut, customer_id").fetchnumpy()
    drop_temporary(con)
    return dict(found)


def matrix(found: dict[str, Any]) -> np.ndarray:
    """Rows x NAMES of what `found_features` gave."""
    return np.column_stack([_numbers(found[name]) for name in NAMES])


def _numbers(column: Any) -> np.ndarray:
    """A fetched column, masked where SQL said null, with NaN there."""
    return np.asarray(np.ma.filled(np.ma.asarray(column, dtype=np.float64), np.nan))


_BUYERS = "select as_of, customer_id from features where first_order_date is not null"

_FRAME = """
with features as ({features}),
people as ({people}),
sums as (
    select
        grid.as_of, days.customer_id,
        coalesce(sum(count_orders) filter (where days.order_date >= grid.as_of - 90), 0) as orders_90d,
        coalesce(sum(count_orders) filter (where days.order_date >= grid.as_of - 180), 0) as orders_180d,
        sum(count_orders) as orders_365d,
        coalesce(sum(gross_amount) filter (where days.order_date >= grid.as_of - 90), 0) as amount_90d,
        coalesce(sum(gross_amount) filter (where days.order_date >= grid.as_of - 180), 0) as amount_180d,
        sum(gross_amount) as amount_365d
    from strata_grid as grid
    inner join strata_order_days as days
        on days.order_date < grid.as_of and days.order_date >= grid.as_of - 365 and days.count_orders > 0
    group by grid.as_of, days.customer_id
),
order_days as (
    select grid.as_of, days.customer_id, count(*) as count_order_days
    from strata_grid as grid
    inner join strata_order_days as days on days.order_date < grid.as_of and days.count_orders > 0
    group by grid.as_of, days.customer_id
),
assortment as (select source, product_id, min(category) as category from marts.products group by source, product_id),
choices as (
    select customer_id, order_date, 'channel' as kind, channel as choice from marts.orders where is_counted
    union
    select orders.customer_id, orders.order_date, 'category', coalesce(lines.category, assortment.category)
    from marts.order_lines as lines
    inner join marts.orders as orders on orders.order_key = lines.order_key and orders.is_counted
    left join assortment on assortment.source = lines.source and assortment.product_id = lines.product_id
),
breadth as (
    select
        grid.as_of, choices.customer_id,
        count(distinct choice) filter (where kind = 'channel') as count_channels,
        count(distinct choice) filter (where kind = 'category') as count_categories
    from strata_grid as grid
    inner join choices on choices.order_date < grid.as_of and choices.order_date >= grid.window_start
    group by grid.as_of, choices.customer_id
),
stayed as (
    select distinct grid.as_of, days.customer_id
    from strata_grid as grid
    inner join strata_order_days as days
        on days.order_date >= grid.as_of and days.order_date < grid.as_of + {horizon} and days.count_orders > 0
),
placed as (
    select
        people.as_of, people.customer_id, f.* exclude (as_of, customer_id), s.* exclude (as_of, customer_id),
        c.count_channels, c.count_categories, d.count_order_days,
        stayed.customer_id is null as is_without_order,
        row_number() over (partition by people.as_of order by md5(people.customer_id), people.customer_id) as place
    from people
    left join features as f on f.as_of = people.as_of and f.customer_id = people.customer_id
    left join sums as s on s.as_of = people.as_of and s.customer_id = people.customer_id
    left join breadth as c on c.as_of = people.as_of and c.customer_id = people.customer_id
    left join order_days as d on d.as_of = people.as_of and d.customer_id = people.customer_id
    left join stayed on stayed.as_of = people.as_of and stayed.customer_id = people.customer_id
)
select
    cast(({as_of} - as_of) // {horizon} as integer) as cut,
    customer_id,
    as_of < {as_of} and is_without_order as has_left,
    cast(recency_days as double) as recency_days,
    cast(last_order_date - first_order_date as double) / (as_of - first_order_date) as active_share,
    cast(purchase_cycle_days as double) as purchase_cycle_days,
    cast(overdue_ratio as double) as overdue_ratio,
    cast(coalesce(count_orders, 0) as double) as count_orders,
    cast(coalesce(count_order_days, 0) as double) as count_order_days,
    cast(coalesce(orders_90d, 0) as double) as orders_90d,
    cast(coalesce(orders_180d, 0) as double) as orders_180d,
    cast(coalesce(orders_365d, 0) as double) as orders_365d,
    round(ln((coalesce(orders_90d, 0) + 1) / (coalesce(orders_180d - orders_90d, 0) + 1)), 9) as order_trend,
    cast(average_order_amount as double) as average_order_amount,
    cast(coalesce(amount_90d, 0) as double) as amount_90d,
    cast(coalesce(amount_365d, 0) as double) as amount_365d,
    round(ln((cast(greatest(coalesce(amount_90d, 0), 0) as double) + 1)
        / (cast(greatest(coalesce(amount_180d - amount_90d, 0), 0) as double) + 1)), 9) as amount_trend,
    cast(coalesce(count_categories, 0) as double) as count_categories,
    cast(coalesce(count_channels, 0) as double) as count_channels,
    cast(coalesce(interactions_90d, 0) as double) as interactions_90d,
    cast(coalesce(interactions_window, 0) as double) as interactions_window,
    cast(days_since_interaction as double) as days_since_interaction,
    round(ln((coalesce(interactions_90d, 0) + 1) / (coalesce(interactions_previous_90d, 0) + 1)), 9) as interaction_trend,
    cast(coalesce(complaints_90d, 0) as double) as complaints_90d,
    cast(coalesce(complaints_window, 0) as double) as complaints_window,
    cast(csat_last as double) as csat_last,
    cast(csat_average as double) as csat_average,
    cast(coalesce(marketing_consent = 'withdrawn', false) as double) as consent_withdrawn,
    cast(as_of - first_order_date as double) as tenure_days
from placed
where as_of = {as_of} or place <= {sample}
"""
