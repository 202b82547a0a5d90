"""What the models read: the order days of each buyer before as_of, as counts, times and the mean amount. SQL; no model.

Orders of one day count once. The first is no repeat order, so its money says nothing here (Fader & Hardie 2013).
"""

from datetime import date

import duckdb
import numpy as np

from orchestration.logic.segmentation.store import literal

HISTORY = "temp.strata_clv_history"
"""One row a customer with a counted order: customer_id, x (repeat order days), t_x_days and t_days (from the first order
day to the last and to as_of), mean_amount (net, of the repeat order days; null without one)."""


def make_history(con: duckdb.DuckDBPyConnection, as_of: date) -> None:
    """Makes HISTORY from the marts. Drop it with `drop_history`."""
    con.execute(
        f"create or replace temp table {HISTORY.removeprefix('temp.')} as {_HISTORY.format(day=literal(as_of))}"
    )


def drop_history(con: duckdb.DuckDBPyConnection) -> None:
    con.execute(f"drop table if exists {HISTORY}")


def columns(con: duckdb.DuckDBPyConnection, query: str) -> dict[str, np.ndarray]:
    """The columns of a query as arrays; numbers that are null are 0."""
    found = con.execute(query).fetchnumpy()
    return {name: np.ma.filled(np.ma.asarray(values), 0) for name, values in found.items()}


def distinct(x: np.ndarray, t_x_days: np.ndarray, t_days: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """The distinct histories in order (three rows: x, t_x_days, t_days), the place of each customer among them, and how many
    customers each has. As one whole number each they are sorted ten times as fast as as columns."""
    days = int(t_days.max(initial=0)) + 1
    key = (x.astype(np.int64) * days + t_x_days.astype(np.int64)) * days + t_days.astype(np.int64)
    found, place, count = np.unique(key, return_inverse=True, return_counts=True)
    return np.stack([found // (days * days), found // days % days, found % days]), place, count


_HISTORY = """
with days as (
    select
        customer_id, order_date, count(*) filter (where is_counted) as count_orders,
        sum(cast(net_amount as decimal(18, 4))) filter (where counts_money) as net_amount
    from marts.orders
    where customer_id is not null and (is_counted or counts_money) and order_date < {day}
    group by customer_id, order_date
    union all by name
    -- The net amount of an order is told after all refunds; of those from as_of on nothing was known yet.
    select
        customer_id, order_date, cast(0 as bigint) as count_orders,
        sum(cast(refund_amount as decimal(18, 4))) as net_amount
    from marts.refunds
    where customer_id is not null and order_date < {day} and refund_date >= {day}
        and order_key in (select order_key from marts.orders where is_counted)
    group by customer_id, order_date
),
order_days as (
    select customer_id, order_date, coalesce(sum(net_amount), 0) as net_amount
    from days group by customer_id, order_date having sum(count_orders) > 0
),
dated as (select *, min(order_date) over (partition by customer_id) as first_date from order_days)
select
    customer_id,
    count(*) - 1 as x,
    max(order_date) - first_date as t_x_days,
    {day} - first_date as t_days,
    cast(sum(net_amount) filter (where order_date > first_date) as double) / nullif(count(*) - 1, 0) as mean_amount
from dated group by customer_id, first_date
"""
