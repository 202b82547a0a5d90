# ruff: noqa: E501  (one column a line, whatever its width)
"""The columns of place_sums."""

from orchestration.logic.segmentation.column_lists.types import COUNT, MONEY, TEXT, Lines

SUMS: Lines = (
    ("level", TEXT, "层次", "all, country, region, city or district; every level adds up to all"),
    ("place", TEXT, "地点", "Path of the place from the country down; 'all' for the whole"),
    ("parent", TEXT, "上级地点", "Place one level up, to which its children add up; null for the whole"),
    ("name", TEXT, "名称", "Name of the place within its parent; 'unknown' holds those without a value, 'other' the places with fewer customers than minimum_cell and what is added to them so that they tell of no single person"),
    ("name_zh", TEXT, "名称(中文)", "The name, with 全部, 不详 and 其他 for all, unknown and other"),
    ("count_customers", COUNT, "客户数", "Customers"),
    ("count_buyers", COUNT, "购买客户数", "Customers with a counted order in the window"),
    ("count_orders", COUNT, "订单数", "Counted orders in the window"),
    ("net_amount", MONEY, "净销售额", "Net amount in the window"),
)  # fmt: skip
