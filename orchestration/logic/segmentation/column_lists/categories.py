# ruff: noqa: E501  (one column a line, whatever its width)
"""The columns of next_categories."""

from orchestration.logic.segmentation.column_lists.types import COUNT, SHARE, TEXT, Lines

NEXT: Lines = (
    ("rank", "INTEGER", "次序", "1 is the most likely"),
    ("category", TEXT, "品类", "Category that the next order may hold"),
    ("probability", SHARE, "概率", "Estimated share of such next orders that hold it"),
    ("lift", "DECIMAL(18,4)", "提升倍数", "probability per share of all orders that hold it; 1 where what is bought most is told"),
    ("last_categories", TEXT, "上次购买品类", "Categories of the last order day, in order, separated by |"),
    ("last_order_date", "DATE", "上次购买日", "Last order day with a known category"),
    ("method", TEXT, "方法", "transitions: what followed such an order; popular: what is bought most, where transitions were not better on the days held out"),
    ("reason_zh", TEXT, "依据", "Why, in Chinese"),
    ("reason_en", TEXT, "英文依据", "Why, in English"),
    ("hit_rate_transitions", SHARE, "转移法命中率", "Customers whose first order of the last test_days held one of the categories foretold by transitions, per customer tested; of the day, the same in every row"),
    ("hit_rate_popular", SHARE, "热门法命中率", "The same of what was bought most"),
    ("count_tested", COUNT, "受测客户数", "Customers with an order before the days held out and one in them"),
)  # fmt: skip
