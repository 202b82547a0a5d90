"""The classes computed a second time, in another shape: plain Python over one customer after the other, from the marts as
frames. For tests alone: it shares no line with the product, only its definitions.
"""

import itertools
import math
import statistics
from bisect import bisect_left
from collections import defaultdict
from collections.abc import Iterable
from datetime import date, timedelta
from decimal import Decimal
from fractions import Fraction
from typing import Any

import duckdb
import pandas as pd

from orchestration.settings.criteria import CriteriaFile, Scheme

SHANGHAI = pd.Timedelta(hours=8)
Feature = dict[str, dict[str, Any]]


class Marts:
    """The facts by customer, read once."""

    def __init__(self, con: duckdb.DuckDBPyConnection, schema: str = "marts"):
        def frame(query: str) -> pd.DataFrame:
            return con.execute(query.replace("marts.", f"{schema}.")).df()

        self.customers = frame(
            "select customer_id, first_seen_at, loyalty_id is not null as is_member from marts.customers"
        )
        self.customers["seen_day"] = _days(self.customers["first_seen_at"])
        self.orders: dict[str, list[Any]] = defaultdict(list)
        orders = frame(
            "select order_key, customer_id, cast(order_date as varchar) as day, is_counted, counts_money, "
            "cast(net_amount as varchar) as net, coalesce(custom_request, false) as is_custom from marts.orders "
            "where customer_id is not null"
        )
        for row in orders.itertuples():
            self.orders[row.customer_id].append(row)
        self.refunds: dict[str, list[Any]] = defaultdict(list)
        refunds = frame(
            "select r.customer_id, cast(r.refund_date as varchar) as refunded, cast(r.order_date as varchar) as day, "
            "cast(r.refund_amount as varchar) as amount from marts.refunds as r "
            "semi join (from marts.orders where is_counted) as o on o.order_key = r.order_key where r.customer_id is not null"
        )
        for row in refunds.itertuples():
            self.refunds[row.customer_id].append(row)
        lines = frame(
            "select o.customer_id, cast(o.order_date as varchar) as day, coalesce(l.category, p.category) as category, "
            "cast(cast(l.line_amount as decimal(18, 4)) as varchar) as amount from marts.order_lines as l "
            "inner join (from marts.orders where is_counted and customer_id is not null) as o on o.order_key = l.order_key "
            "left join (select source, product_id, min(category) as category from marts.products group by all) as p "
            "on p.source = l.source and p.product_id = l.product_id "
            "where coalesce(l.category, p.category) is not null and l.line_amount is not null"
        )
        self.lines: dict[str, list[Any]] = defaultdict(list)
        for row in lines.itertuples():
            self.lines[row.customer_id].append(row)
        contacts = frame(
            "select customer_id, kind, occurred_at from marts.interactions "
            "where customer_id is not null and occurred_at is not null"
        )
        contacts["day"] = _days(contacts["occurred_at"])
        self.contacts: dict[str, list[Any]] = defaultdict(list)
        for row in contacts.itertuples():
            self.contacts[row.customer_id].append(row)


def _days(instants: pd.Series) -> list[str]:
    return [None if pd.isna(at) else str((at + SHANGHAI).date()) for at in instants]


def features(marts: Marts, as_of: date, window_days: int, everybody: bool) -> Feature:
    """The nine features of the shipped scheme for each customer who had been seen before the day (or for all)."""
    day, start = str(as_of), str(as_of - timedelta(days=window_days))
    ago_90 = str(as_of - timedelta(days=90))
    found: Feature = {}
    categories: set[str] = set()
    shares: dict[str, dict[str, Decimal]] = {}
    for customer in marts.customers["customer_id"]:
        sums: dict[str, Decimal] = defaultdict(Decimal)
        for line in marts.lines.get(customer, []):
            if start <= line.day < day:
                sums[line.category] += Decimal(line.amount)
        shares[customer] = {category: amount for category, amount in sums.items() if amount > 0}
        categories |= shares[customer].keys()
    for customer in marts.customers.itertuples():
        name = customer.customer_id
        orders = [row for row in marts.orders.get(name, []) if row.day < day]
        contacts = [row for row in marts.contacts.get(name, []) if row.day < day]
        known = [row for row in orders if row.is_counted or row.counts_money]
        if not (everybody or known or contacts or (customer.seen_day and customer.seen_day < day)):
            continue
        counted = sorted(row.day for row in orders if row.is_counted)
        in_window = [one for one in counted if one >= start]
        distinct = sorted(set(counted))
        gaps = [
            (date.fromisoformat(after) - date.fromisoformat(before)).days
            for before, after in itertools.pairwise(distinct)
        ]
        net = sum((Decimal(row.net) for row in orders if row.counts_money and row.day >= start), Decimal(0))
        net += sum(
            (Decimal(r.amount) for r in marts.refunds.get(name, []) if start <= r.day < day and r.refunded >= day),
            Decimal(0),
        )
        repeat = len(in_window) - (1 if in_window and in_window[0] == counted[0] else 0)
        kinds = [row.kind for row in contacts if row.day >= start]
        found[name] = {
            "net_amount_window": net,
            "count_orders_window": len(in_window),
            "purchase_cycle_days": _one_decimal(gaps),
            "preference_strength": _strength(shares[name], len(categories)) if len(in_window) >= 2 else None,
            "service_requests_window": sum(kind in ("presale", "enquiry", "aftersale") for kind in kinds),
            "custom_requests_window": sum(kind == "custom_request" for kind in kinds)
            + sum(bool(row.is_custom) for row in orders if row.is_counted and row.day >= start),
            "recency_days": (as_of - date.fromisoformat(counted[-1])).days if counted else None,
            "interactions_90d": sum(row.day >= ago_90 for row in contacts),
            "loyalty_actions": repeat + sum(kind == "referral" for kind in kinds) + int(customer.is_member),
            "counted": counted,
        }
    return found


def _one_decimal(gaps: list[int]) -> Decimal | None:
    return Decimal(str(float(statistics.median(gaps)))).quantize(Decimal("0.1")) if gaps else None


def _strength(shares: dict[str, Decimal], count: int) -> float | None:
    if count <= 1 or not shares:
        return None
    total = sum(shares.values())
    entropy = -sum(float(amount / total) * math.log(float(amount / total)) for amount in shares.values())
    return max(0.0, min(1.0, 1 - entropy / math.log(count)))


def rfm(found: Feature, criteria: CriteriaFile) -> dict[str, tuple[int | None, int | None, int | None, str]]:
    """r, f and m score and the segment."""
    bands = criteria.rfm.bands
    recencies = sorted(row["recency_days"] for row in found.values() if row["counted"])
    frequencies = sorted(
        -row["count_orders_window"] for row in found.values() if row["counted"] and row["count_orders_window"]
    )
    amounts = sorted(
        -row["net_amount_window"] for row in found.values() if row["counted"] and row["net_amount_window"] > 0
    )

    def score(value: Any, ranked: list[Any]) -> int:
        return bands - bands * bisect_left(ranked, value) // len(ranked)

    told: dict[str, tuple[int | None, int | None, int | None, str]] = {}
    for name, row in found.items():
        if not row["counted"]:
            told[name] = (None, None, None, "prospect")
            continue
        r = score(row["recency_days"], recencies)
        f = score(-row["count_orders_window"], frequencies) if row["count_orders_window"] else 1
        m = score(-row["net_amount_window"], amounts) if row["net_amount_window"] > 0 else 1
        segment = next(
            s.code
            for s in criteria.segments
            if all(span is None or span[0] <= got <= span[1] for span, got in ((s.r, r), (s.f, f), (s.m, m)))
        )
        told[name] = (r, f, m, segment)
    return told


def abc(found: Feature, criteria: CriteriaFile) -> dict[str, str]:
    total = sum((max(row["net_amount_window"], Decimal(0)) for row in found.values()), Decimal(0))
    told: dict[str, str] = {}
    by_amount: dict[Decimal, list[str]] = defaultdict(list)
    for name, row in found.items():
        by_amount[row["net_amount_window"]].append(name)
    held = Decimal(0)
    for amount in sorted(by_amount, reverse=True):
        names = by_amount[amount]
        better = "A" if held < total * criteria.abc.a_share else "B" if held < total * criteria.abc.b_share else "C"
        for name in names:
            told[name] = better if amount > 0 else "C"
        held += max(amount, Decimal(0)) * len(names)
    return told


def lifecycle(found: Feature, criteria: CriteriaFile, as_of: date) -> dict[str, str]:
    rules, told = criteria.lifecycle, {}
    for name, row in found.items():
        if not row["counted"]:
            told[name] = "prospect"
            continue
        active, lapsing = rules.active_days, rules.lapsing_days
        if rules.own_cycle and row["purchase_cycle_days"] is not None:
            active = max(active, math.floor(rules.own_cycle.active * row["purchase_cycle_days"]))
            lapsing = max(lapsing, math.floor(rules.own_cycle.lapsing * row["purchase_cycle_days"]))
        active, lapsing = min(active, rules.dormant_days), min(lapsing, rules.dormant_days)
        since = row["recency_days"]
        days = [date.fromisoformat(day) for day in sorted(set(row["counted"]))]
        back = [after for before, after in itertools.pairwise(days) if (after - before).days > rules.dormant_days]
        if since > rules.dormant_days:
            told[name] = "lost"
        elif since > lapsing:
            told[name] = "dormant"
        elif since > active:
            told[name] = "lapsing"
        elif (as_of - days[0]).days <= rules.new_days:
            told[name] = "new"
        elif back and (as_of - back[-1]).days <= rules.regained_days:
            told[name] = "regained"
        else:
            told[name] = "active"
    return told


def points(found: Feature, scheme: Scheme) -> dict[str, Fraction]:
    """Total points of each customer."""
    criteria = list(scheme.criteria.values())
    known = [any(row[c.feature] not in (None, 0) for row in found.values()) for c in criteria]
    weights = _weights([c.weight for c in criteria], known)
    totals: dict[str, Fraction] = dict.fromkeys(found, Fraction(0))
    for criterion, weight in zip(criteria, weights, strict=True):
        bands = sorted(criterion.bands, key=lambda band: -band.points)
        higher = criterion.direction == "higher_is_better"
        values = [row[criterion.feature] for row in found.values()]
        ranked = sorted((-v if higher else v) for v in values if v is not None and (v > 0 or not higher))
        for name, row in found.items():
            value, band = row[criterion.feature], bands[-1]
            if value is not None and criterion.scale == "value":
                band = next(
                    b for b in bands if _holds(b, Fraction(str(value)) if not isinstance(value, int) else value)
                )
            elif value is not None and (value > 0 or not higher):
                better = bisect_left(ranked, -value if higher else value)
                band = next(b for b in bands if _holds(b, Fraction(better, len(ranked))))
            totals[name] += band.points * weight
    return totals


def _holds(band: Any, value: Fraction | int) -> bool:
    return (band.at_least is None or value >= Fraction(band.at_least)) and (
        band.below is None or value < Fraction(band.below)
    )


def _weights(weights: list[Decimal], known: list[bool]) -> list[Fraction]:
    """Known weights scaled to millionths that sum to one; what rounding leaves goes to the first of the largest."""
    total = sum(Fraction(w) for w, k in zip(weights, known, strict=True) if k)
    if not total:
        return [Fraction(0)] * len(weights)
    units = [int(Fraction(w) / total * 1_000_000) if k else 0 for w, k in zip(weights, known, strict=True)]
    largest = max(range(len(units)), key=lambda i: units[i])
    units[largest] += 1_000_000 - sum(units)
    return [Fraction(unit, 1_000_000) for unit in units]


def tiers(marts: Marts, as_of: date, criteria: CriteriaFile, scheme: Scheme) -> dict[str, tuple[str, date, str | None]]:
    """Tier, since when, and the one before, walked over the months."""
    months: list[date] = []
    day = as_of
    for _ in range(criteria.history.months):
        day = (day - timedelta(days=1)).replace(day=1)
        months.append(day)
    state: dict[str, tuple[int, date, int | None]] = {}
    for day in [*reversed(months), as_of]:
        totals = points(features(marts, day, criteria.window_days, day == as_of), scheme)
        state = {name: _step(scheme, total, state.get(name), day) for name, total in totals.items()}
    codes = [tier.code for tier in scheme.tiers]
    return {
        name: (codes[rank], since, None if before is None else codes[before])
        for name, (rank, since, before) in state.items()
    }


def _step(
    scheme: Scheme, total: Fraction, before: tuple[int, date, int | None] | None, day: date
) -> tuple[int, date, int | None]:
    def rank(value: Fraction) -> int:
        return next(
            (
                n
                for n, tier in enumerate(scheme.tiers)
                if tier.at_least is not None and value >= Fraction(tier.at_least)
            ),
            len(scheme.tiers) - 1,
        )

    if before is None:
        return rank(total), day, None
    old, since, previous = before
    natural, slack = rank(total), Fraction(scheme.hysteresis_points)
    wanted = old
    if natural < old:
        wanted = min(old, rank(total - slack))
    elif natural > old:
        wanted = max(old, rank(total + slack))
    if previous is not None and pd.Timestamp(day) < pd.Timestamp(since) + pd.DateOffset(
        months=scheme.minimum_stay_months
    ):
        wanted = old
    return (old, since, previous) if wanted == old else (wanted, day, old)


def differences(
    con: duckdb.DuckDBPyConnection, as_of: date, criteria: CriteriaFile, marts: str, insights: str
) -> list[str]:
    """Every customer and method on which the product and this script do not agree, as text."""
    facts = Marts(con, marts)
    found = features(facts, as_of, criteria.window_days, everybody=True)

    def told(query: str) -> dict[str, Any]:
        rows = con.execute(query.replace("insights.", f"{insights}."), {"day": as_of}).fetchall()
        return {row[0]: row[1] if len(row) == 2 else tuple(row[1:]) for row in rows}

    pairs: Iterable[tuple[str, dict[str, Any], dict[str, Any]]] = (
        (
            "rfm",
            told(
                "select customer_id, r_score, f_score, m_score, rfm_segment from insights.rfm_scores where as_of = $day"
            ),
            rfm(found, criteria),
        ),
        (
            "abc",
            told("select customer_id, abc_class from insights.abc_classes where as_of = $day"),
            abc(found, criteria),
        ),
        (
            "lifecycle",
            told("select customer_id, lifecycle from insights.lifecycle_states where as_of = $day"),
            lifecycle(found, criteria, as_of),
        ),
        (
            "tiers",
            told(
                "select customer_id, tier, tier_since, previous_tier from insights.customer_tiers "
                f"where as_of = $day and scheme_id = '{criteria.main_scheme}'"
            ),
            tiers(facts, as_of, criteria, criteria.main),
        ),
    )
    return [
        f"{method} {name}: {ours.get(name)} / {theirs.get(name)}"
        for method, ours, theirs in pairs
        for name in sorted({*ours, *theirs})
        if ours.get(name) != theirs.get(name)
    ]
