"""Every insight table as data: its columns with type, Chinese label and meaning, and its grain.

The tables are created from this list, dbt_project/models/insights.yml describes the same columns (a test holds them
equal), and the workbook takes its bilingual headers from it. Add a column here first. No SQL that fills a table lives
here.
"""

from dataclasses import dataclass

from orchestration.logic.segmentation import column_lists
from orchestration.logic.segmentation.column_lists import profiles


@dataclass(frozen=True)
class Column:
    name: str
    type: str
    zh: str
    en: str


@dataclass(frozen=True)
class Table:
    """`grain` is the key; `by_day`: rows of several as-of days live side by side."""

    name: str
    zh: str
    en: str
    grain: tuple[str, ...]
    columns: tuple[Column, ...]
    by_day: bool = True

    @property
    def column_names(self) -> list[str]:
        return [column.name for column in self.columns]

    @property
    def labels(self) -> dict[str, tuple[str, str]]:
        """Column → (Chinese header, English header)."""
        return {column.name: (column.zh, column.name.replace("_", " ").capitalize()) for column in self.columns}


def _table(
    name: str,
    zh: str,
    en: str,
    grain: tuple[str, ...],
    lines: tuple[tuple[str, str, str, str], ...],
    by_day: bool = True,
) -> Table:
    columns = (*column_lists.DAY, *lines, *column_lists.VERSION)
    return Table(name, zh, en, grain, tuple(Column(*line) for line in columns), by_day)


_CUSTOMER = ("as_of", "customer_id")

TABLES: dict[str, Table] = {
    table.name: table
    for table in (
        _table(
            "customer_features",
            "客户特征",
            "What is known of each customer on the as-of day",
            _CUSTOMER,
            (*column_lists.FEATURES, *profiles.PROFILE),
        ),
        _table(
            "rfm_scores",
            "RFM 评分",
            "Recency, frequency and monetary scores and the named segment",
            _CUSTOMER,
            column_lists.RFM,
        ),
        _table(
            "abc_classes",
            "ABC 分类",
            "ABC class by cumulative share of net revenue in the window",
            _CUSTOMER,
            column_lists.ABC,
        ),
        _table(
            "lifecycle_states",
            "生命周期",
            "Life-cycle state and the day from which it holds",
            _CUSTOMER,
            column_lists.LIFECYCLE,
        ),
        _table(
            "scorecard_points",
            "评分卡",
            "Points of each criterion of each scheme",
            ("as_of", "scheme_id", "customer_id", "criterion"),
            column_lists.SCORECARD,
        ),
        _table(
            "customer_tiers",
            "客户层级",
            "Tier of each customer in each scheme",
            ("as_of", "scheme_id", "customer_id"),
            column_lists.TIERS,
        ),
        _table(
            "tier_changes",
            "层级变动",
            "Who moved between tiers since the day published before, each with its one cause",
            ("as_of", "scheme_id", "customer_id"),
            column_lists.CHANGES,
        ),
        _table(
            "customer_tags",
            "客户标签",
            "Tags of each customer: one row for each rule that holds; a tag of too few customers is not told",
            ("as_of", "customer_id", "rule_id"),
            profiles.TAGS,
        ),
        _table(
            "churn_warnings",
            "流失预警",
            "Customers who show signs of leaving, with reasons, owner and strategy",
            ("as_of", "warning_id"),
            column_lists.WARNINGS,
        ),
        _table(
            "customer_tier_table",
            "客户分层管理表",
            "The customer tier table: twelve columns wide, with bands, owner, strategy and next contact",
            ("customer_id",),
            column_lists.TIER_TABLE,
            by_day=False,
        ),
    )
}
