"""Every insight table as data: its columns with type, Chinese label and meaning, and its grain.

The tables are created from this list, dbt_project/models/insights.yml describes the same columns (a test holds them
equal), and the workbook takes its bilingual headers from it. Add a column here first. No SQL that fills a table lives
here.
"""

from dataclasses import dataclass

from orchestration.logic.segmentation import column_lists
from orchestration.logic.segmentation.column_lists import (
    audiences,
    categories,
    churn,
    clusters,
    clv,
    effects,
    evaluation,
    leads,
    places,
    profiles,
    spells,
)


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
    day: column_lists.Lines = column_lists.DAY,
) -> Table:
    """`lines`: without as_of and customer_id at the start, unless the table starts otherwise, and without the version."""
    start = () if lines[:1] == column_lists.DAY[:1] else day
    columns = (*start, *lines, *column_lists.VERSION)
    return Table(name, zh, en, grain, tuple(Column(*line) for line in columns), by_day)


_CUSTOMER = ("as_of", "customer_id")
_DAY_ALONE = column_lists.DAY[:1]  # of tables whose rows are no customers

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
            "customer_tag_spells",
            "标签有效期",
            "From when to when each customer had each tag",
            ("customer_id", "rule_id", "valid_from"),
            spells.SPELLS,
            by_day=False,
        ),
        _table(
            "place_sums",
            "分地区汇总",
            "Customers, orders and net amount by level of place, where children add up to their parents",
            ("as_of", "level", "place"),
            places.SUMS,
            day=_DAY_ALONE,
        ),
        _table(
            "cluster_profiles",
            "客户聚类画像",
            "What each cluster of alike buyers is like",
            ("as_of", "cluster_id"),
            clusters.PROFILES,
            day=_DAY_ALONE,
        ),
        _table(
            "cluster_segments",
            "客户聚类",
            "Cluster of each customer with a counted order in the window; the others have no row",
            _CUSTOMER,
            clusters.SEGMENTS,
        ),
        _table(
            "clv_models",
            "终身价值模型",
            "The models of customer lifetime value as fitted on the as-of day, and whether they are used",
            ("as_of",),
            clv.MODELS,
            day=_DAY_ALONE,
        ),
        _table(
            "clv_estimates",
            "客户终身价值",
            "What each customer is expected to bring in over the horizon, with interval and model",
            _CUSTOMER,
            clv.ESTIMATES,
        ),
        _table(
            "lead_scores",
            "线索评分",
            "Score, intent and time to answer of each customer who never bought",
            _CUSTOMER,
            leads.SCORES,
        ),
        _table(
            "purchase_stages",
            "购买阶段",
            "Purchase stage of each customer, since when, and by which fact",
            _CUSTOMER,
            leads.STAGES,
        ),
        _table(
            "churn_models",
            "流失模型卡",
            "Each churn model that was tested, with its card; which one is published, and why",
            ("as_of", "model"),
            churn.MODELS,
            day=_DAY_ALONE,
        ),
        _table(
            "churn_backtest",
            "流失模型回测",
            "How well each churn model foretold past outcomes, against the best naive rule",
            ("as_of", "model", "metric"),
            churn.BACKTEST,
            day=_DAY_ALONE,
        ),
        _table(
            "churn_scores",
            "流失概率",
            "Probability that a buyer places no order within the horizon (who never bought has no row), or that a contract ends",
            _CUSTOMER,
            churn.SCORES,
        ),
        _table(
            "churn_warnings",
            "流失预警",
            "Customers who show signs of leaving, with reasons, owner and strategy",
            ("as_of", "warning_id"),
            churn.WARNINGS,
        ),
        _table(
            "churn_reach",
            "预警触达",
            "How much of the money at risk a number of contacts reaches, by owner",
            ("as_of", "owner", "contacts"),
            churn.REACH,
            day=_DAY_ALONE,
        ),
        _table(
            "customer_tier_table",
            "客户分层管理表",
            "The customer tier table: twelve columns wide, with bands, owner, strategy and next contact",
            ("customer_id",),
            column_lists.TIER_TABLE,
            by_day=False,
        ),
        _table(
            "next_categories",
            "下一个品类",
            "Which categories the next order of each buyer may hold, and why",
            ("as_of", "customer_id", "rank"),
            categories.NEXT,
        ),
        _table(
            "audience_members",
            "营销人群成员",
            "Who matches each audience, and whether a campaign may write to them",
            ("audience", "customer_id"),
            audiences.MEMBERS,
            by_day=False,
        ),
        _table(
            "audience_counts",
            "营销人群人数",
            "How many each audience has, and how many were left out and why",
            ("as_of", "audience"),
            audiences.COUNTS,
        ),
        _table(
            "tier_history",
            "层级历史",
            "Tier of each customer in each scheme on the first day of each month",
            ("day", "scheme_id", "customer_id"),
            effects.TIER_HISTORY,
            by_day=False,
            day=_DAY_ALONE,
        ),
        _table(
            "effect_evaluation",
            "效果评估",
            "Metrics of each class by month, and what interventions changed against matched untreated customers",
            ("as_of", "period", "scheme_id", "class", "metric"),
            effects.EVALUATION,
            day=_DAY_ALONE,
        ),
        _table(
            "effect_cube",
            "效果立方",
            "Sums of each month by tier, owner and channel crossed",
            ("as_of", "period", "tier", "owner", "channel"),
            evaluation.CUBE,
            day=_DAY_ALONE,
        ),
        _table(
            "criteria_changes",
            "标准变更台账",
            "Every set of criteria that was published with, what it changed, and how the metrics moved",
            ("as_of", "change_number", "metric"),
            evaluation.CHANGES,
            day=_DAY_ALONE,
        ),
        _table(
            "tier_migration",
            "层级迁移",
            "From which tier to which customers went in each month",
            ("as_of", "scheme_id", "period", "from_tier", "to_tier"),
            effects.MIGRATION,
            day=_DAY_ALONE,
        ),
        _table(
            "tier_allocation",
            "资源配置",
            "What each tier brings in and what is put into it",
            ("as_of", "scheme_id", "tier"),
            effects.ALLOCATION,
            day=_DAY_ALONE,
        ),
        _table(
            "funnel",
            "销售漏斗",
            "Stages of customers and of sales opportunities",
            ("as_of", "funnel", "stage"),
            effects.FUNNEL,
            day=_DAY_ALONE,
        ),
        _table(
            "class_forecast",
            "分类销售预测",
            "Forecast of revenue and orders by class, with interval and past errors",
            ("as_of", "scheme_id", "class", "measure", "month"),
            effects.FORECAST,
            day=_DAY_ALONE,
        ),
        _table(
            "conversion_drivers",
            "转化因素",
            "Behaviours that went before an order more often than their absence",
            ("as_of", "population", "behaviour", "value"),
            effects.DRIVERS,
            day=_DAY_ALONE,
        ),
        _table(
            "threshold_advice",
            "门槛建议",
            "How the bounds of the criteria cut the customers, and what if they moved",
            ("as_of", "scheme_id", "criterion", "kind", "point"),
            effects.ADVICE,
            day=_DAY_ALONE,
        ),
        _table(
            "feature_drift",
            "分布漂移",
            "How far features and tiers have moved from the reference day",
            ("as_of", "subject_kind", "subject"),
            effects.DRIFT,
            day=_DAY_ALONE,
        ),
        _table(
            "feedback_themes",
            "反馈主题",
            "What the customers of each tier speak of in their feedback",
            ("as_of", "scheme_id", "tier", "theme"),
            effects.THEMES,
            day=_DAY_ALONE,
        ),
    )
}
