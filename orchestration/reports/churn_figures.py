"""The figures of value and churn: reliability, lift, capture at capacity, survival by tier, lifetime value by tenth.

Each is read from the published tables, or from those of insights, which have the same names. Of fewer than LEAST_CELL
customers nothing is told. How a figure is drawn is in charts.py.
"""

import json
from datetime import date
from typing import Any

import duckdb

from orchestration.reports.charts import bars, curves
from orchestration.reports.figures import LEAST_CELL, Figure, Row, Say, bilingual
from orchestration.settings.insights import InsightSettings

MONTHS = 24


def churn_figures(
    con: duckdb.DuckDBPyConnection, schema: str, day: date, settings: InsightSettings, say: Say = bilingual
) -> list[Figure]:
    """The five figures of `day` from the tables of `schema`. `say`: makes one text of the Chinese and the English one."""
    cards = _cards(con, schema, day)
    return [
        _reliability(cards, say),
        _lift(cards, say),
        _capture(con, schema, day, cards, say),
        _survival(con, schema, day, settings, say),
        _value(con, schema, day, say),
    ]


def _cards(con: duckdb.DuckDBPyConnection, schema: str, day: date) -> list[tuple[str, Any]]:
    """Name and card of the published model, then of the best naive rule if that is another."""
    rows = con.execute(
        f"select model, is_published, payload from {schema}.churn_models where as_of = ? order by model", [day]
    ).fetchall()
    cards = {model: json.loads(payload) for model, _, payload in rows}
    published = [model for model, is_published, _ in rows if is_published]
    rivals = [cards[model].get("rival") for model in published]
    return [(model, cards[model]) for model in dict.fromkeys([*published, *rivals]) if model in cards]


def _reliability(cards: list[tuple[str, Any]], say: Say) -> Figure:
    columns = {
        "model": say("模型", "Model"), "foretold": say("预测比例", "Foretold share"), "real": say("实际流失比例", "Real share"),
        "count": say("客户数", "Customers"),
    }  # fmt: skip
    rows = [
        {"model": model, **{name: bin[name] for name in ("foretold", "real", "count")}}
        for model, card in cards
        for bin in card.get("curves", {}).get("reliability", [])
    ]
    return Figure(
        "可靠性曲线", "Reliability",
        "预测的流失比例与实际比例;越接近虚线越可信。",
        "The share foretold to leave and the share that left; the nearer to the dashed line the better.",
        columns, rows, curves(rows, columns, "foretold", "real", "model", shares=True, diagonal=True),
    )  # fmt: skip


def _lift(cards: list[tuple[str, Any]], say: Say) -> Figure:
    columns = {
        "model": say("模型", "Model"), "customers": say("得分最高的客户占比", "Share of customers, highest scores first"),
        "lift": say("提升倍数", "Lift"), "captured": say("捕获的流失客户占比", "Share of leavers among them"),
    }  # fmt: skip
    rows = [{"model": model, **point} for model, card in cards for point in card.get("curves", {}).get("capture", [])]
    return Figure(
        "提升曲线", "Lift",
        "得分最高的客户中流失者是平均的多少倍。", "How many times as many leave among the highest scores as among all.",
        columns, rows, curves(rows, columns, "customers", "lift", "model"),
    )  # fmt: skip


def _capture(con: duckdb.DuckDBPyConnection, schema: str, day: date, cards: list[tuple[str, Any]], say: Say) -> Figure:
    columns = {"model": say("模型", "Model"), "share": say("捕获的流失客户占比", "Share of leavers captured")}
    found = con.execute(
        f"select model, cast(value as double) from {schema}.churn_backtest "
        "where as_of = ? and metric = 'capture_at_capacity' order by model",
        [day],
    ).fetchall()
    names = [model for model, _ in cards]
    rows = [{"model": model, "share": value} for name in names for model, value in found if model == name]
    capacity = cards[0][1].get("settings", {}).get("capacity", "?") if cards else "?"
    return Figure(
        "能力范围内的捕获率", "Capture at capacity",
        f"联系得分最高的 {capacity} 位客户,能触达多大比例的流失者。",
        f"The share of leavers among the {capacity} customers with the highest scores.",
        columns, rows, bars(rows, columns, "model", "share", shares=True),
    )  # fmt: skip


def _survival(con: duckdb.DuckDBPyConnection, schema: str, day: date, settings: InsightSettings, say: Say) -> Figure:
    columns = {
        "tier": say("客户层级", "Tier"), "month": say("首单后月数", "Months since the first order"),
        "share": say("仍在购买的比例", "Share still buying"), "count": say("客户数", "Customers"),
    }  # fmt: skip
    names = {tier.code: say(tier.label.zh, tier.label.en) for tier in settings.criteria.main.tiers}
    found = con.execute(
        _SURVIVAL.format(schema=schema),
        {"day": day, "scheme": settings.criteria.main_scheme, "months": MONTHS, "least": LEAST_CELL},
    ).fetchall()
    by_tier = {code: [row for row in found if row[0] == code] for code in names}
    rows = [
        {"tier": names[code], "month": month, "share": share, "count": count}
        for code, points in by_tier.items()
        for _, month, share, count in points
    ]
    return Figure(
        "各层级留存曲线", "Survival by tier",
        "按当前层级,首单后仍在购买的比例(Kaplan–Meier);生命周期为流失者算到其最后一单。层级也取决于近况,故此图仅作描述。",
        "By the tier of today, the share still buying (Kaplan–Meier); who is lost by life cycle counts until the last order. "
        "Tiers follow recent orders too, so this describes and does not foretell.",
        columns, rows, curves(rows, columns, "month", "share", "tier", shares=True),
    )  # fmt: skip


def _value(con: duckdb.DuckDBPyConnection, schema: str, day: date, say: Say) -> Figure:
    columns = {
        "tenth": say("十分位(1 为最高)", "Tenth (1 is the highest)"), "clv": say("平均终身价值", "Mean lifetime value"),
        "count": say("客户数", "Customers"),
    }  # fmt: skip
    found = con.execute(_VALUE.format(schema=schema), {"day": day, "least": LEAST_CELL}).fetchall()
    rows: list[Row] = [{"tenth": tenth, "clv": clv, "count": count} for tenth, clv, count in found]
    return Figure(
        "终身价值十分位", "Lifetime value by tenth",
        "买家按终身价值从高到低分为十份,各份的平均值(本位币)。",
        "Buyers in ten parts by lifetime value, and the mean of each (base currency).",
        columns, rows, bars(rows, columns, "tenth", "clv"),
    )  # fmt: skip


# Product-limit estimate (Kaplan & Meier 1958) by month: of those still watched in a month, the share who did not leave in it.
_SURVIVAL = """
with buyers as (
    select
        t.tier, l.lifecycle = 'lost' as gone,
        if(l.lifecycle = 'lost', f.last_order_date, f.as_of) - f.first_order_date as days,
        cast(floor(days * 12 / 365.25) as integer) as months
    from {schema}.customer_features as f
    inner join {schema}.lifecycle_states as l on l.as_of = f.as_of and l.customer_id = f.customer_id
    inner join {schema}.customer_tiers as t on t.as_of = f.as_of and t.customer_id = f.customer_id
    where f.as_of = $day and t.scheme_id = $scheme and f.first_order_date is not null
),
watched as (
    select
        tier, month, count(*) filter (where months >= month) as watched,
        count(*) filter (where months = month and gone) as gone
    from buyers cross join range($months + 1) as m(month)
    group by tier, month
),
shares as (
    select
        tier, month, watched,
        exp(sum(ln(greatest(1 - gone / nullif(watched, 0), 1e-9))) over (partition by tier order by month)) as share_left
    from watched
)
select tier, month, round(share_left, 4), watched from shares where watched >= $least order by tier, month
"""

_VALUE = """
with buyers as (
    select clv, ntile(10) over (order by clv desc, customer_id) as tenth
    from {schema}.clv_estimates where as_of = $day and model <> 'none'
)
select tenth, cast(round(avg(clv), 2) as double), count(*) from buyers group by tenth having count(*) >= $least order by tenth
"""
