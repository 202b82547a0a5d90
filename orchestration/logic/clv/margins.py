"""What share of a customer's net amount is earned: the margins of the categories it bought from, weighed by what they cost.

Where no category has a margin of its own, or a line no category, the general margin of the criteria holds.
"""

from datetime import date

import duckdb

from orchestration.logic.segmentation.store import case_by, literal
from orchestration.settings.criteria import Clv

MARGINS = "temp.strata_clv_margins"
"""One row a customer with lines of money before as_of: customer_id, margin_rate. Who has none earns the general margin."""


def make_margins(con: duckdb.DuckDBPyConnection, as_of: date, clv: Clv) -> None:
    """Makes MARGINS from marts.order_lines, marts.orders and marts.products. Drop it with `drop_margins`."""
    margins: dict[str, object] = {name.strip().lower(): str(share) for name, share in clv.margin_by_category.items()}
    query = _MARGINS.format(
        day=literal(as_of),
        margin=case_by("lower(trim(coalesce(lines.category, assortment.category)))", margins, str(clv.margin)),
        wanted="" if margins else "and false",
    )
    con.execute(f"create or replace temp table {MARGINS.removeprefix('temp.')} as {query}")


def drop_margins(con: duckdb.DuckDBPyConnection) -> None:
    con.execute(f"drop table if exists {MARGINS}")


_MARGINS = """
with assortment as (
    select source, product_id, min(category) as category from marts.products group by source, product_id
),
sums as (
    select
        orders.customer_id,
        sum(cast(lines.line_amount as decimal(18, 4))) as amount,
        sum(cast(lines.line_amount as decimal(18, 4)) * cast({margin} as decimal(9, 6))) as earned
    from marts.order_lines as lines
    inner join marts.orders as orders on orders.order_key = lines.order_key
    left join assortment on assortment.source = lines.source and assortment.product_id = lines.product_id
    where
        orders.is_counted and orders.customer_id is not null and orders.order_date < {day} and lines.line_amount > 0
        {wanted}
    group by orders.customer_id
)
select customer_id, cast(round(earned / amount, 6) as decimal(9, 6)) as margin_rate from sums
"""
