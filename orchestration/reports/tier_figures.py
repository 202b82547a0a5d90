"""The figures of what moves between tiers, what is put into them, the funnels and the forecast. Of fewer than LEAST_CELL
customers nothing is told."""

from orchestration.logic.effects.periods import UNKNOWN
from orchestration.reports.charts import bars
from orchestration.reports.effect_names import FUNNELS, MEASURES, METHODS
from orchestration.reports.effect_reading import (
    ALLOCATION,
    FORECAST,
    FUNNEL,
    MIGRATION,
    NOTHING,
    Reading,
    money,
    place,
)
from orchestration.reports.figures import LEAST_CELL, Figure, bilingual
from orchestration.reports.told import percent
from orchestration.settings.criteria.effects import ALL


def migration(read: Reading) -> Figure:
    columns = {
        "from": "原层级 From", "to": "新层级 To", "count": "客户数 Customers", "share": "占比 Share",
        "buyers": "当月购买占比 Share who bought",
    }  # fmt: skip
    order = [UNKNOWN, *read.tiers]
    found = sorted(read.rows(MIGRATION), key=lambda row: [place(order, code) for code in row[1:3]])
    points = [
        {"from": read.class_name(read.main, start), "to": read.class_name(read.main, end), "share": share}
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


def allocation(read: Reading) -> Figure:
    columns = {
        "tier": "客户层级 Tier", "count": "客户数 Customers", "amount": "净销售额 Net amount",
        "touches": "联系次数 Contacts", "spend": "营销费用 Spend", "per_touch": "每次联系净销售额 Net amount per contact",
        "capacity": "容量使用率 Capacity used",
    }  # fmt: skip
    found = read.rows(ALLOCATION)
    rows = [
        {
            "tier": read.class_name(read.main, tier), "count": f"{count:,}", "amount": money(amount),
            "touches": f"{touches:,}", "spend": money(spend), "per_touch": money(per_touch),
            "capacity": NOTHING if used is None else percent(used),
        }
        for tier, count, amount, touches, spend, per_touch, used, *_ in found
    ]  # fmt: skip
    parts = ("客户 Customers", "净销售额 Net amount", "联系 Contacts")
    points = [
        {"tier": read.class_name(read.main, row[0]), "part": part, "share": share}
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


def funnel(read: Reading, code: str) -> Figure:
    columns = {
        "stage": "阶段 Stage", "reached": "到达数 Reached", "now": "当前数量 Now there",
        "entered": "窗口期进入 Entered in the window",
        "next": "下一阶段转化率 To the next", "days": "天数中位数 Median days",
    }  # fmt: skip
    found = read.rows(FUNNEL, funnel=code)
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


def forecast(read: Reading) -> Figure:
    columns = {
        "month": "月份 Month", "class": "客户 Customers", "measure": "对象 Of", "value": "预测值 Forecast",
        "interval": "区间 Interval", "method": "方法 Method", "error": "平均绝对误差率 MAPE", "scaled": "MASE",
    }  # fmt: skip
    order = [ALL, *read.tiers, UNKNOWN]
    found = sorted(read.rows(FORECAST), key=lambda row: (row[3], place(order, row[2]), row[0]))
    rows = [
        {
            "month": month, "class": read.class_name(scheme, code), "measure": bilingual(*MEASURES[measure]),
            "value": money(value), "interval": f"{money(low)} … {money(high)}", "method": bilingual(*METHODS[method]),
            "error": NOTHING if mape is None else percent(mape), "scaled": NOTHING if mase is None else f"{mase:.2f}",
        }
        for month, scheme, code, measure, method, value, low, high, mape, mase in found
    ]  # fmt: skip
    points = [
        {"month": row[0], "class": read.class_name(row[1], row[2]), "value": row[5]}
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
