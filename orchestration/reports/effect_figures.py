"""The figures of effect: metrics by tier, interventions, migration, allocation, funnels and forecast.

Each is read from the published tables of the day. Of fewer than LEAST_CELL customers nothing is told. Whether an effect
is one was judged in logic/effects.
"""

from datetime import date
from typing import Any

import duckdb

from orchestration.logic.effects.periods import UNKNOWN
from orchestration.reports.charts import bars, curves
from orchestration.reports.effect_names import FUNNELS, MEASURES, METHODS, METRIC, METRICS, class_names
from orchestration.reports.effect_reading import (
    ALLOCATION,
    CHANGES,
    CUBE,
    FORECAST,
    FUNNEL,
    INTERVENTIONS,
    LATEST,
    MIGRATION,
    MONTHS,
    NOTHING,
    changed_keys,
    interval,
    metric_name,
    money,
    place,
    told_as,
    with_before,
)  # fmt: skip
from orchestration.reports.figures import LEAST_CELL, Figure, Row, bilingual
from orchestration.reports.told import percent
from orchestration.settings.criteria.effects import ALL, OWNER
from orchestration.settings.insights import InsightSettings

DRAWN = ("conversion_rate", "repeat_rate_90", "net_amount_per_customer")


class EffectFigures:
    """The figures of `day`. One instance a page: it holds the connection and the names of classes."""

    def __init__(self, con: duckdb.DuckDBPyConnection, day: date, settings: InsightSettings) -> None:
        self._con, self._day = con, day
        self._main, self._confidence = settings.criteria.main_scheme, settings.criteria.effects.confidence
        self._names = class_names(settings)
        self._tiers = [tier.code for tier in settings.criteria.main.tiers]
        self._interventions = {item.code: item.label for item in settings.criteria.effects.interventions}

    def all(self) -> list[Figure]:
        """Every figure, in reading order."""
        drawn = [self._over_months(code) for code in DRAWN]
        funnels = [self._funnel(code) for code in FUNNELS]
        return [
            self._metrics(),
            *drawn,
            self._cube(),
            self._judged(),
            self._changes(),
            self._migration(),
            self._allocation(),
            *funnels,
            self._forecast(),
        ]

    def _rows(self, query: str, **more: object) -> list[tuple[Any, ...]]:
        given = {"day": self._day, "main": self._main, "least": LEAST_CELL, **more}
        return self._con.execute(
            query, {name: value for name, value in given.items() if f"${name}" in query}
        ).fetchall()

    def _class(self, scheme_id: str, code: str) -> str:
        return bilingual(*self._names.get((scheme_id, code), (code, code)))

    def _classes(self) -> list[tuple[str, str]]:
        """Everybody, then the tiers of the main scheme, best first."""
        return [(ALL, ALL), *((self._main, tier) for tier in self._tiers)]

    def _metrics(self) -> Figure:
        columns = {"metric": "指标 Metric", "month": "月份 Month"}
        columns |= {code: self._class(scheme, code) for scheme, code in self._classes()}
        found = self._rows(LATEST)
        rows: list[Row] = []
        for metric in METRICS:
            told = {(scheme, code): (value, before) for _, m, scheme, code, value, before in found if m == metric.code}
            months = [month for month, m, *_ in found if m == metric.code]
            if not months:
                continue
            cells = {
                code: with_before(metric.code, *told.get((scheme, code), (None, None)))
                for scheme, code in self._classes()
            }
            rows.append({"metric": bilingual(metric.zh, metric.en), "month": months[0], **cells})
        return Figure(
            "各层级指标", "Metrics by tier",
            "每项指标取最近一个已可计算的整月,层级以当月首日为准;括号内为上一个月。只作跟踪,不说明因果。",
            "The latest complete month in which a metric is known, by the tier on its first day; the month before in brackets. "
            "Tracked values prove no cause.",
            columns, rows, None,
        )  # fmt: skip

    def _over_months(self, code: str) -> Figure:
        metric = METRIC[code]
        columns = {"month": "月份 Month", "tier": "客户层级 Tier", "value": bilingual(metric.zh, metric.en)}
        found = self._rows(MONTHS, metric=code)
        points = [
            {"month": month, "tier": self._class(self._main, tier), "value": float(value)}
            for wanted in self._tiers
            for month, tier, value in found
            if tier == wanted
        ]
        rows = [{**point, "value": told_as(code, point["value"])} for point in points]
        chart = curves(points, columns, "month", "value", "tier", shares=metric.is_share, months=True)
        return Figure(
            f"{metric.zh}逐月走势", f"{metric.en} by month",
            "按当月首日的层级。", "By the tier on the first day of the month.", columns, rows, chart,
        )  # fmt: skip

    def _judged(self) -> Figure:
        columns = {
            "intervention": "干预 Intervention", "class": "客户 Customers", "metric": "指标 Metric",
            "before": "之前 Before", "after": "之后 After", "control_before": "对照组之前 Control before",
            "control": "对照组之后 Control after", "difference": "净变化 Difference", "interval": "区间 Interval",
            "count": "客户/对照 Customers/control", "verdict": "结论 Verdict",
        }  # fmt: skip
        rows = [
            {
                "intervention": bilingual(*self._intervention(period)), "class": self._class(scheme, code),
                "metric": metric_name(metric), "before": told_as(metric, before), "after": told_as(metric, after),
                "control_before": told_as(metric, control_before), "control": told_as(metric, control),
                "difference": told_as(metric, difference), "interval": interval(metric, low, high),
                "count": f"{customers:,} / {controls:,}", "verdict": bilingual(zh, en),
            }
            for (
                period, scheme, code, metric, before, after, control_before, control, difference, low, high, customers,
                controls, zh, en,
            ) in self._rows(INTERVENTIONS)
        ]  # fmt: skip
        return Figure(
            "干预的效果", "What interventions changed",
            f"criteria.yml 的 effects.interventions 所列干预:受影响客户的变化减去事前相似的未受影响客户的变化"
            f"(合计置信度 {percent(self._confidence)})。",
            "The interventions of criteria.yml, effects.interventions: the change of the treated less that of untreated "
            f"customers who were alike before (joint confidence {percent(self._confidence)}).",
            columns, rows, None,
        )  # fmt: skip

    def _intervention(self, code: str) -> tuple[str, str]:
        label = self._interventions.get(code)
        return (label.zh, label.en) if label else (code, code)

    def _cube(self) -> Figure:
        columns = {
            "tier": "客户层级 Tier", "owner": "责任人 Owner", "channel": "渠道 Channel", "count": "客户数 Customers",
            "buyers": "购买客户数 Buyers", "amount": "净销售额 Net amount", "conversion": "购买转化率 Conversion",
            "per_customer": "客均净销售额 Net amount per customer",
        }  # fmt: skip
        found = sorted(self._rows(CUBE), key=lambda row: (place(self._tiers, row[1]), -row[4], row[2:4]))
        rows: list[Row] = [
            {
                "tier": self._class(self._main, tier), "owner": self._class(OWNER, owner), "channel": channel,
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

    def _changes(self) -> Figure:
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
            ) in self._rows(CHANGES)
        ]  # fmt: skip
        return Figure(
            "标准变更台账", "Criteria that changed",
            "每次标准变更及其前后全部客户指标的变化;无对照组,不说明因果,因果见“干预的效果”。",
            "Each change of the criteria, and how the metrics of all customers moved; without a control group it proves no "
            "cause: see what interventions changed.",
            columns, rows, None,
        )  # fmt: skip

    def _migration(self) -> Figure:
        columns = {
            "from": "原层级 From", "to": "新层级 To", "count": "客户数 Customers", "share": "占比 Share",
            "buyers": "当月购买占比 Share who bought",
        }  # fmt: skip
        order = [UNKNOWN, *self._tiers]
        found = sorted(self._rows(MIGRATION), key=lambda row: [place(order, code) for code in row[1:3]])
        points = [
            {"from": self._class(self._main, start), "to": self._class(self._main, end), "share": share}
            for _, start, end, _, share, _ in found
        ]
        rows = [
            {**point, "count": f"{row[3]:,}", "share": percent(row[4]), "buyers": percent(row[5])}
            for point, row in zip(points, found, strict=True)
        ]
        month = found[0][0] if found else NOTHING
        return Figure(
            "层级迁移", "Migration between tiers",
            f"{month}:月初在某层级的客户,月末在何层级;少于 {LEAST_CELL} 人的去向不列。",
            f"{month}: where the customers of each tier stood a month later; ways of fewer than {LEAST_CELL} are left out.",
            columns, rows, bars(points, columns, "from", "share", series="to", shares=True),
        )  # fmt: skip

    def _allocation(self) -> Figure:
        columns = {
            "tier": "客户层级 Tier", "count": "客户数 Customers", "amount": "净销售额 Net amount",
            "touches": "联系次数 Contacts", "spend": "营销费用 Spend", "per_touch": "每次联系净销售额 Net amount per contact",
            "capacity": "容量使用率 Capacity used",
        }  # fmt: skip
        found = self._rows(ALLOCATION)
        rows = [
            {
                "tier": self._class(self._main, tier), "count": f"{count:,}", "amount": money(amount),
                "touches": f"{touches:,}", "spend": money(spend), "per_touch": money(per_touch),
                "capacity": NOTHING if used is None else percent(used),
            }
            for tier, count, amount, touches, spend, per_touch, used, *_ in found
        ]  # fmt: skip
        parts = ("客户 Customers", "净销售额 Net amount", "联系 Contacts")
        points = [
            {"tier": self._class(self._main, row[0]), "part": part, "share": share}
            for row in found
            for part, share in zip(parts, row[7:], strict=True)
            if share is not None
        ]
        titles = {"tier": columns["tier"], "share": "占比 Share", "part": "对象 Of"}
        return Figure(
            "资源配置", "What is put into each tier",
            "统计窗口内各层级带来的与投入的。", "What each tier brings in and what is put into it, in the window.",
            columns, rows, bars(points, titles, "tier", "share", series="part"),
        )  # fmt: skip

    def _funnel(self, code: str) -> Figure:
        columns = {
            "stage": "阶段 Stage", "reached": "到达数 Reached", "now": "当前数量 Now there",
            "entered": "窗口期进入 Entered in the window",
            "next": "下一阶段转化率 To the next", "days": "天数中位数 Median days",
        }  # fmt: skip
        found = self._rows(FUNNEL, funnel=code)
        points = [{"stage": bilingual(zh, en), "reached": reached} for zh, en, reached, *_ in found]
        rows = [
            {
                **point, "reached": f"{row[2]:,}", "now": f"{row[3]:,}", "entered": f"{row[4]:,}",
                "next": NOTHING if row[5] is None else percent(row[5]), "days": NOTHING if row[6] is None else row[6],
            }
            for point, row in zip(points, found, strict=True)
        ]  # fmt: skip
        zh, en = FUNNELS[code]
        return Figure(
            f"漏斗:{zh}", f"Funnel: {en}",
            "到达该阶段或其后阶段的数量;天数为到下一阶段(商机为到有结果)。",
            "How many reached the stage or a later one; days to the next stage (opportunities: to the decision).",
            columns, rows, bars(points, columns, "stage", "reached"),
        )  # fmt: skip

    def _forecast(self) -> Figure:
        columns = {
            "month": "月份 Month", "class": "客户 Customers", "measure": "对象 Of", "value": "预测值 Forecast",
            "interval": "区间 Interval", "method": "方法 Method", "error": "平均绝对误差率 MAPE", "scaled": "MASE",
        }  # fmt: skip
        order = [ALL, *self._tiers, UNKNOWN]
        found = sorted(self._rows(FORECAST), key=lambda row: (row[3], place(order, row[2]), row[0]))
        rows = [
            {
                "month": month, "class": self._class(scheme, code), "measure": bilingual(*MEASURES[measure]),
                "value": money(value), "interval": f"{money(low)} … {money(high)}", "method": bilingual(*METHODS[method]),
                "error": NOTHING if mape is None else percent(mape), "scaled": NOTHING if mase is None else f"{mase:.2f}",
            }
            for month, scheme, code, measure, method, value, low, high, mape, mase in found
        ]  # fmt: skip
        points = [
            {"month": row[0], "class": self._class(row[1], row[2]), "value": row[5]}
            for row in found
            if row[3] == "net_amount"
        ]
        titles = columns | {"value": "预测净销售额 Forecast net amount"}
        return Figure(
            "销售预测", "Sales forecast",
            "季节性朴素法;MASE 小于 1 表示比“与上月相同”更准。",
            "The seasonal naive method; MASE below 1 is better than 'as in the month before'.",
            columns, rows, bars(points, titles, "month", "value", series="class"),
        )  # fmt: skip
