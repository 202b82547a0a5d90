"""What the figures of effect read of the published tables, and how numbers are told there.

Each query takes the day, and what else it names with a dollar sign: the main scheme, the least cell, a metric, a funnel.
"""

import json
from collections.abc import Iterable, Sequence
from datetime import date
from typing import Any

import duckdb

from orchestration.reports.effect_names import METRIC, class_names
from orchestration.reports.figures import LEAST_CELL, bilingual
from orchestration.reports.told import percent
from orchestration.settings.criteria.effects import ALL
from orchestration.settings.insights import InsightSettings

NOTHING = "–"
KEYS_TOLD = 5


class Reading:
    """What the figures of `day` read: published rows, the tiers of the main scheme (best first), and names."""

    def __init__(self, con: duckdb.DuckDBPyConnection, day: date, settings: InsightSettings) -> None:
        self._con, self._day = con, day
        self.main, self.confidence = settings.criteria.main_scheme, settings.criteria.effects.confidence
        self.tiers = [tier.code for tier in settings.criteria.main.tiers]
        self._names = class_names(settings)
        self._interventions = {item.code: item.label for item in settings.criteria.effects.interventions}

    def rows(self, query: str, **more: object) -> list[tuple[Any, ...]]:
        """The rows of a query below, with the parameters that it names."""
        given = {"day": self._day, "main": self.main, "least": LEAST_CELL, **more}
        named = {name: value for name, value in given.items() if f"${name}" in query}
        return self._con.execute(query, named).fetchall()

    def class_name(self, scheme_id: str, code: str) -> str:
        """The class in both languages; its code if it has no name."""
        return bilingual(*self._names.get((scheme_id, code), (code, code)))

    def classes(self) -> list[tuple[str, str]]:
        """Everybody, then the tiers of the main scheme, best first."""
        return [(ALL, ALL), *((self.main, tier) for tier in self.tiers)]

    def intervention(self, code: str) -> tuple[str, str]:
        """Its names; its code if it is no longer configured."""
        label = self._interventions.get(code)
        return (label.zh, label.en) if label else (code, code)


def changed_keys(changes: str | None, count: int | None) -> str:
    """The first few keys of a change, each from and to, and how many more there are."""
    if changes is None or count is None:
        return NOTHING
    told = [
        f"{one['key']}: {one['from'] or NOTHING} → {one['to'] or NOTHING}" for one in json.loads(changes)[:KEYS_TOLD]
    ]
    return "; ".join([*told, f"+ {count - KEYS_TOLD}"] if count > KEYS_TOLD else told) or NOTHING


def place(order: Sequence[str], code: str) -> int:
    """Where a code stands; after all others if it is not among them."""
    return order.index(code) if code in order else len(order)


def metric_name(code: str) -> str:
    return bilingual(METRIC[code].zh, METRIC[code].en) if code in METRIC else code


def money(value: Any) -> str:
    return NOTHING if value is None else f"{value:,.2f}"


def told_as(metric: str, value: Any) -> str:
    """A value of the metric: a percentage where it is a share."""
    if value is None:
        return NOTHING
    return percent(round(float(value), 4)) if metric in METRIC and METRIC[metric].is_share else f"{float(value):,.2f}"


def with_before(metric: str, value: Any, before: Any) -> str:
    """The value, and that of the month before in brackets."""
    if value is None:
        return NOTHING
    return told_as(metric, value) if before is None else f"{told_as(metric, value)} ({told_as(metric, before)})"


def interval(metric: str, low: Any, high: Any) -> str:
    ends: Iterable[Any] = (low, high)
    return NOTHING if low is None or high is None else " … ".join(told_as(metric, end) for end in ends)


LATEST = f"""
with known as (
    select period, metric, scheme_id, class, value, value_before from serving.effect_evaluation
    where as_of = $day and kind = 'month' and value is not null and (scheme_id = '{ALL}' or scheme_id = $main)
        and (metric = 'cac' or count_customers >= $least)
)
select k.period, k.metric, k.scheme_id, k.class, cast(k.value as double), cast(k.value_before as double)
from known as k
inner join (select metric, max(period) as period from known group by metric) as latest
    on latest.metric = k.metric and latest.period = k.period
order by k.metric, k.scheme_id, k.class
"""
MONTHS = """
select period, class, cast(value as double) from serving.effect_evaluation
where as_of = $day and kind = 'month' and scheme_id = $main and metric = $metric and value is not null
    and count_customers >= $least
order by period, class
"""
INTERVENTIONS = """
select
    period, scheme_id, class, metric, value_before, value, value_control_before, value_control, difference, low, high,
    count_customers, coalesce(count_control, 0), verdict_zh, verdict_en
from serving.effect_evaluation
where as_of = $day and kind = 'intervention' and (count_customers >= $least or verdict = 'too_few')
order by period_start, period, scheme_id, class, metric
"""
MIGRATION = """
select period, from_tier, to_tier, count_customers, cast(share as double), cast(buyer_share as double)
from serving.tier_migration
where as_of = $day and scheme_id = $main and count_customers >= $least
    and period = (select max(period) from serving.tier_migration where as_of = $day)
"""
ALLOCATION = """
select
    tier, count_customers, net_amount, count_touches, spend, net_amount_per_touch, cast(capacity_used as double),
    cast(share_customers as double), cast(share_net_amount as double), cast(share_touches as double)
from serving.tier_allocation where as_of = $day and scheme_id = $main and count_customers >= $least order by tier_rank
"""
FUNNEL = """
select
    stage_zh, stage_en, count_reached, count_now, count_entered, cast(conversion_to_next as double), median_days_to_next
from serving.funnel where as_of = $day and funnel = $funnel and count_reached >= $least order by stage_order, stage
"""
FORECAST = f"""
select
    strftime(month, '%Y-%m'), scheme_id, class, measure, method, cast(value as double), cast(low as double),
    cast(high as double), cast(mape as double), cast(mase as double)
from serving.class_forecast where as_of = $day and scheme_id in ('{ALL}', $main)
"""
CUBE = """
select
    period, tier, owner, channel, count_customers, count_buyers, net_amount, conversion_rate, conversion_rate_before,
    net_amount_per_customer
from serving.effect_cube
where as_of = $day and count_customers >= $least
    and period = (select max(period) from serving.effect_cube where as_of = $day)
"""
CHANGES = """
select
    change_number, changed_from, changed_to, valid_from, changes, count_keys, plan_id, applied_by, interventions, metric,
    if(count_customers >= $least, value_before, null), if(count_customers >= $least, value, null), low, high, verdict_zh,
    verdict_en, count_customers
from serving.criteria_changes where as_of = $day order by change_number desc, metric
"""
