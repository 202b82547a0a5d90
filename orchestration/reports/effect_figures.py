"""The figures of effect: metrics by tier and over months, the cube, interventions, changed criteria; then those of
tier_figures.py.

Each is read from the published tables of the day. Of fewer than LEAST_CELL customers nothing is told. Whether an effect
is one was judged in logic/effects.
"""

from datetime import date

import duckdb

from orchestration.reports.charts import curves
from orchestration.reports.effect_names import FUNNELS, METRIC, METRICS
from orchestration.reports.effect_reading import (
    CHANGES,
    CUBE,
    INTERVENTIONS,
    LATEST,
    MONTHS,
    NOTHING,
    Reading,
    changed_keys,
    interval,
    metric_name,
    money,
    place,
    told_as,
    with_before,
)
from orchestration.reports.figures import Figure, Row, bilingual
from orchestration.reports.tier_figures import allocation, forecast, funnel, migration
from orchestration.reports.told import percent
from orchestration.settings.criteria.effects import OWNER
from orchestration.settings.insights import InsightSettings

DRAWN = ("conversion_rate", "repeat_rate_90", "net_amount_per_customer")


def effect_figures(con: duckdb.DuckDBPyConnection, day: date, settings: InsightSettings) -> list[Figure]:
    """Every figure of the published `day`, in reading order."""
    read = Reading(con, day, settings)
    return [
        _metrics(read),
        *(_over_months(read, code) for code in DRAWN),
        _cube(read),
        _judged(read),
        _changes(read),
        migration(read),
        allocation(read),
        *(funnel(read, code) for code in FUNNELS),
        forecast(read),
    ]


def _metrics(read: Reading) -> Figure:
    columns = {"metric": "指标 Metric", "month": "月份 Month"}
    columns |= {code: read.class_name(scheme, code) for scheme, code in read.classes()}
    found = read.rows(LATEST)
    rows: list[Row] = []
    for metric in METRICS:
        told = {(scheme, code): (value, before) for _, m, scheme, code, value, before in found if m == metric.code}
        months = [month for month, m, *_ in found if m == metric.code]
        if not months:
            continue
        cells = {
            code: with_before(metric.code, *told.get((scheme, code), (None, None))) for scheme, code in read.classes()
        }
        rows.append({"metric": bilingual(metric.zh, metric.en), "month": months[0], **cells})
    return Figure(
        "各层级指标", "Metrics by tier",
        "每项指标取最近一个已可计算的整月,层级以当月首日为准;括号内为上一个月。只作跟踪,不说明因果。",
        "The latest complete month in which a metric is known, by the tier on its first day; the month before in brackets. "
        "Tracked values prove no cause.",
        columns, rows, None,
    )  # fmt: skip


def _over_months(read: Reading, code: str) -> Figure:
    metric = METRIC[code]
    columns = {"month": "月份 Month", "tier": "客户层级 Tier", "value": bilingual(metric.zh, metric.en)}
    found = read.rows(MONTHS, metric=code)
    points = [
        {"month": month, "tier": read.class_name(read.main, tier), "value": float(value)}
        for wanted in read.tiers
        for month, tier, value in found
        if tier == wanted
    ]
    rows = [{**point, "value": told_as(code, point["value"])} for point in points]
    chart = curves(points, columns, "month", "value", "tier", shares=metric.is_share, months=True)
    return Figure(
        f"{metric.zh}逐月走势", f"{metric.en} by month",
        "按当月首日的层级。", "By the tier on the first day of the month.", columns, rows, chart,
    )  # fmt: skip


def _judged(read: Reading) -> Figure:
    columns = {
        "intervention": "干预 Intervention", "class": "客户 Customers", "metric": "指标 Metric",
        "before": "之前 Before", "after": "之后 After", "control_before": "对照组之前 Control before",
        "control": "对照组之后 Control after", "difference": "净变化 Difference", "interval": "区间 Interval",
        "count": "客户/对照 Customers/control", "verdict": "结论 Verdict",
    }  # fmt: skip
    rows = [
        {
            "intervention": bilingual(*read.intervention(period)), "class": read.class_name(scheme, code),
            "metric": metric_name(metric), "before": told_as(metric, before), "after": told_as(metric, after),
            "control_before": told_as(metric, control_before), "control": told_as(metric, control),
            "difference": told_as(metric, difference), "interval": interval(metric, low, high),
            "count": f"{customers:,} / {controls:,}", "verdict": bilingual(zh, en),
        }
        for (
            period, scheme, code, metric, before, after, control_before, control, difference, low, high, customers,
            controls, zh, en,
        ) in read.rows(INTERVENTIONS)
    ]  # fmt: skip
    return Figure(
        "干预的效果", "What interventions changed",
        f"criteria.yml 的 effects.interventions 所列干预:受影响客户的变化减去事前相似的未受影响客户的变化"
        f"(合计置信度 {percent(read.confidence)})。",
        "The interventions of criteria.yml, effects.interventions: the change of the treated less that of untreated "
        f"customers who were alike before (joint confidence {percent(read.confidence)}).",
        columns, rows, None,
    )  # fmt: skip


def _cube(read: Reading) -> Figure:
    columns = {
        "tier": "客户层级 Tier", "owner": "责任人 Owner", "channel": "渠道 Channel", "count": "客户数 Customers",
        "buyers": "购买客户数 Buyers", "amount": "净销售额 Net amount", "conversion": "购买转化率 Conversion",
        "per_customer": "客均净销售额 Net amount per customer",
    }  # fmt: skip
    found = sorted(read.rows(CUBE), key=lambda row: (place(read.tiers, row[1]), -row[4], row[2:4]))
    rows: list[Row] = [
        {
            "tier": read.class_name(read.main, tier), "owner": read.class_name(OWNER, owner), "channel": channel,
            "count": f"{count:,}", "buyers": f"{buyers:,}", "amount": money(amount),
            "conversion": with_before("conversion_rate", rate, before), "per_customer": money(per_customer),
        }
        for _, tier, owner, channel, count, buyers, amount, rate, before, per_customer in found
    ]  # fmt: skip
    month = found[0][0] if found else NOTHING
    return Figure(
        "层级 × 责任人 × 渠道", "Tier by owner by channel",
        f"{month}:按当月首日的层级、责任人与最近一单的渠道(- 为尚无订单);样本不足时只列数量,括号内为上月。",
        f"{month}: by tier and owner on the first day and the channel of the last order (-: none yet); small cells tell "
        "counts alone, the month before in brackets.",
        columns, rows, None,
    )  # fmt: skip


def _changes(read: Reading) -> Figure:
    columns = {
        "change": "变更 Change", "from": "生效日 Valid from", "keys": "变更内容 What changed", "applied": "执行 Applied",
        "metric": "指标 Metric", "before": "之前 Before", "after": "之后 After", "interval": "变化区间 Interval",
        "verdict": "结论 Verdict", "interventions": "对应干预 Interventions",
    }  # fmt: skip
    rows: list[Row] = [
        {
            "change": new if old is None else f"{old} → {new}", "from": str(since), "keys": changed_keys(changes, count),
            "applied": " · ".join(one for one in (plan, by) if one) or NOTHING, "metric": metric_name(metric),
            "before": told_as(metric, before), "after": told_as(metric, after), "interval": interval(metric, low, high),
            "verdict": bilingual(zh, en), "interventions": interventions or NOTHING,
        }
        for (
            _, old, new, since, changes, count, plan, by, interventions, metric, before, after, low, high, zh, en, _,
        ) in read.rows(CHANGES)
    ]  # fmt: skip
    return Figure(
        "标准变更台账", "Criteria that changed",
        "每次标准变更及其前后全部客户指标的变化;无对照组,不说明因果,因果见“干预的效果”。",
        "Each change of the criteria, and how the metrics of all customers moved; without a control group it proves no "
        "cause: see what interventions changed.",
        columns, rows, None,
    )  # fmt: skip
