"""Where a customer stands among the others, computed on values: equal values always get the same place.

The one home of the quantile rule (RFM scores and top_share bands). No thresholds live here.
"""


def share_better(value: str, usable: str, partition: str, higher_is_better: bool) -> tuple[str, str]:
    """SQL of (number of customers with a strictly better value, number of customers compared), both integers.

    Only rows where `usable` is true are compared. b / n is 1 - cume_dist of the value, kept as two integers so that
    bands are cut exactly: share better < s  ⇔  b < s * n.
    """
    # Each expression once: DuckDB 1.5 lets `partition by a, a` share the partitions of `partition by a, b` (its issue 24629).
    window = f"partition by {', '.join(dict.fromkeys([f'({partition})', f'({usable})']))}"
    order = f"{value} {'desc' if higher_is_better else 'asc'} nulls last"
    return f"(rank() over ({window} order by {order}) - 1)", f"(count(*) over ({window}))"
