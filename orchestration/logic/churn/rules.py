"""The signals of leaving: for each rule of churn.yml its strength (0-1), the day it began, and its words, as SQL
expressions.

Add a signal as one entry of `_SIGNALS` and its name in settings/churn.py. All expressions read one row of
insights.customer_features with what warnings.py joins to it (tier_floor, total_points, churn_probability, is_calibrated).
`since` is the first as-of day on which the signal was there without a break, where the facts tell it:
- overdue: the day the days since the last order reached the threshold;
- open complaint, low satisfaction: the day after the complaint or the score (an order ends both);
- falling interaction: the day after the last interaction, from which the silence lasts;
- consent withdrawn: the day after it;
- falling frequency, a tier about to fall, the probability: as_of itself, since the facts of one day do not tell it; once
  warned, the day stays (life.py).
"""

import string
from dataclasses import dataclass

from orchestration.logic.segmentation.store import literal
from orchestration.settings.churn import Rule

BEFORE_90D = "((count_orders_window - count_orders_90d) * 90.0 / nullif({window_days} - 90, 0))"
DROP = "(1 - interactions_90d / nullif(interactions_previous_90d, 0))"


@dataclass(frozen=True)
class _Signal:
    """`value` grows with the danger unless the thresholds fall; `given`: when the signal can be told at all."""

    value: str
    given: str
    since: str


_SIGNALS: dict[str, _Signal] = {
    "overdue": _Signal(
        "overdue_ratio",
        "count_orders >= {minimum_orders} and recency_days >= {minimum_days} and purchase_cycle_days > 0",
        "{overdue_since}",
    ),
    "falling_interaction": _Signal(
        DROP, "interactions_previous_90d >= {minimum_before}", "coalesce(last_interaction_date + 1, {as_of})"
    ),
    "open_complaint": _Signal(
        "complaints_90d",
        "last_complaint_date >= coalesce(last_order_date, last_complaint_date)",
        "last_complaint_date + 1",
    ),
    "low_satisfaction": _Signal(
        "csat_last",
        "csat_last_date >= {as_of} - 90 and csat_last_date >= coalesce(last_order_date, csat_last_date)",
        "csat_last_date + 1",
    ),
    "falling_frequency": _Signal(
        f"(1 - count_orders_90d / nullif({BEFORE_90D}, 0))",
        "count_orders_window - count_orders_90d >= {minimum_before} and recency_days >= {minimum_days}",
        "{as_of}",
    ),
    "consent_withdrawn": _Signal(
        "1",
        "marketing_consent = 'withdrawn' and marketing_consent_since >= {as_of} - 90"
        " and marketing_consent_since >= coalesce(last_order_date, marketing_consent_since)",
        "marketing_consent_since + 1",
    ),
    "tier_about_to_fall": _Signal("(tier_floor - total_points)", "tier_floor is not null", "{as_of}"),
    "probability": _Signal("churn_probability", "is_calibrated and count_orders >= {minimum_orders}", "{as_of}"),
}


def strength(rule: Rule, as_of: str, window_days: int) -> str:
    """SQL of the rule's strength: 0 without the signal, 0.5 at starts_at, 1 at full_at, linear between, rounded to 6
    digits."""
    signal = _SIGNALS[rule.signal]
    given = signal.given.format(
        minimum_orders=rule.minimum_orders,
        minimum_days=rule.minimum_days,
        minimum_before=rule.minimum_before,
        as_of=as_of,
    )
    sign = "<=" if rule.full_at < rule.starts_at else ">="
    value = f"cast({signal.value.format(window_days=window_days)} as double)"
    span = rule.full_at - rule.starts_at
    way = f"({value} - {rule.starts_at}) / {span}" if span else "1"
    return (
        f"case when ({given}) and {value} {sign} {rule.starts_at} "
        f"then round(0.5 + 0.5 * least(1, greatest(0, {way})), 6) else 0 end"
    )


def since(rule: Rule, as_of: str, medium: float) -> str:
    """SQL of the first as-of day on which the signal was there (for overdue: on which it alone was a warning, if it is
    now)."""
    needed = 0.5 if rule.weight <= 0 else max(0.5, medium / rule.weight)
    ratio = rule.starts_at + (min(needed, 1.0) - 0.5) * 2 * (rule.full_at - rule.starts_at)
    start = rule.starts_at if needed > 1 else round(ratio, 6)
    days = f"cast(ceil(round({start} * cast(purchase_cycle_days as double), 6)) as integer)"
    overdue = f"last_order_date + greatest({rule.minimum_days}, {days})"
    return f"cast({_SIGNALS[rule.signal].since.format(overdue_since=overdue, as_of=as_of)} as date)"


def words(template: str, window_days: int) -> str:
    """SQL text of a template whose {names} are features."""
    parts = []
    for text, name, _, _ in string.Formatter().parse(template):
        if text:
            parts.append(literal(text))
        if name is not None:
            parts.append(f"coalesce({_figure(name).format(window_days=window_days)}, '?')")
    return " || ".join(parts) or "''"


def _figure(name: str) -> str:
    if name == "interaction_drop":
        return f"cast(cast(round(100 * {DROP}) as integer) as varchar) || '%'"
    if name == "churn_probability":
        return "cast(cast(round(100 * churn_probability) as integer) as varchar) || '%'"
    if name == "orders_before_90d":
        return f"cast(cast({BEFORE_90D} as decimal(12, 1)) as varchar)"
    if name in ("overdue_ratio", "csat_last", "total_points", "tier_floor"):
        return f"cast(cast({name} as decimal(12, 1)) as varchar)"
    return f"cast({name} as varchar)"
