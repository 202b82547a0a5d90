# ruff: noqa: E501  (one column a line, whatever its width)
"""The columns of the tables beside effect_evaluation: its cube, and the ledger of changed criteria."""

from orchestration.logic.segmentation.column_lists.types import COUNT, MONEY, SHARE, TEXT, Lines

CUBE: Lines = (
    ("period", TEXT, "月份", "Month, as 2026-08"),
    ("period_start", "DATE", "开始日", "First day of the month"),
    ("period_end", "DATE", "结束日", "First day of the month after it"),
    ("tier", TEXT, "客户层级", "Tier of the main scheme on the first day"),
    ("owner", TEXT, "责任人", "Owner by that tier; '-' without one"),
    ("channel", TEXT, "渠道", "Channel of the last order before the month; '-' without one"),
    ("count_customers", COUNT, "客户数", "Customers of the cell on the first day; adds up"),
    ("count_buyers", COUNT, "购买客户数", "Those of them with a counted order in the month; adds up"),
    ("count_orders", COUNT, "订单数", "Their counted orders in the month; adds up"),
    ("net_amount", MONEY, "净销售额", "Their net amount in the month; adds up"),
    ("count_repeat_90", COUNT, "90 天内复购客户数", "Buyers who ordered again within 90 days of their first order of the month; null until all have been followed; adds up"),
    ("net_amount_12m", MONEY, "12 个月净销售额", "Net amount of the twelve months from the first day; null until they are over; adds up"),
    ("count_csat", COUNT, "满意度评分数", "Satisfaction scores they gave in the month; adds up"),
    ("csat_total", MONEY, "满意度评分合计", "Sum of these scores; adds up"),
    ("is_small", "BOOLEAN", "样本不足", "Fewer customers than effects.minimum_customers: counts are told, rates are not"),
    ("conversion_rate", SHARE, "购买转化率", "count_buyers per customer; null in a small cell"),
    ("conversion_rate_before", SHARE, "上月购买转化率", "The same of the cell in the month before; null if unknown"),
    ("net_amount_per_customer", MONEY, "客均净销售额", "net_amount per customer; null in a small cell"),
    ("net_amount_per_customer_before", MONEY, "上月客均净销售额", "The same of the cell in the month before; null if unknown"),
    ("repeat_rate_90", SHARE, "90 天复购率", "count_repeat_90 per buyer; null with fewer buyers than the minimum"),
    ("csat", SHARE, "满意度", "csat_total per score; null with fewer scores than the minimum"),
)  # fmt: skip
