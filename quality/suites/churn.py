"""Checks of the churn model: exactly one model is published, none that a naive rule beats, and every buyer has its score."""

from collections.abc import Mapping

from quality.checks import Rule, at_most, between, in_set, no_rows, not_null, unique
from quality.suites.of_the_day import customer_exists, of_the_day, one_version

KINDS = ("learned", "naive", "fallback")

FEATURES = of_the_day("customer_features")
MODELS = of_the_day("churn_models")
BACKTEST = of_the_day("churn_backtest")
SCORES = of_the_day("churn_scores", may_be_empty=True)
TABLES = (MODELS, BACKTEST, SCORES)

NOT_ONE_PUBLISHED = "select 1 from {batch} having count(*) filter (where is_published) <> 1"
SHARES = (
    "select 1 from {batch} where metric in ('auc', 'average_precision', 'brier', 'ece', 'capture_at_capacity', "
    "'churn_rate') and value not between 0 and 1"
)
BEATEN_BY_A_RULE = """
select 1 from {batch} as published inner join {batch} as rules on rules.metric = published.metric
where published.is_published and published.kind = 'learned' and rules.kind = 'naive' and (
    (published.metric = 'auc' and published.value <= rules.value)
    or (published.metric = 'brier' and published.value >= rules.value)
)
"""
MISSED_BUYERS = f"""
select 1 from {{batch}} as scores full join (
    select customer_id from ({FEATURES.rows}) as features where count_orders > 0
) as buyers on scores.customer_id = buyers.customer_id
where scores.customer_id is null or buyers.customer_id is null
"""
OTHER_MODEL = f"""
select 1 from {{batch}} as scores anti join (
    select model from ({MODELS.rows}) as models where is_published
) as published on scores.model = published.model
"""
CALIBRATION_ERROR = f"""
select coalesce(max(value), 0.0) as observed from ({BACKTEST.rows}) as told where is_published and metric = 'ece'
"""


def rules(thresholds: Mapping[str, float]) -> list[Rule]:
    """All rules of these tables."""
    return [
        *(one_version(table) for table in TABLES),
        not_null(MODELS, "model"),
        unique(MODELS, "model"),
        in_set(MODELS, "kind", KINDS),
        no_rows(
            MODELS, "one_published", NOT_ONE_PUBLISHED, "Exactly one model is published.", "恰好发布一个模型。",
        ),
        unique(BACKTEST, "model", "metric"),
        not_null(BACKTEST, "value"),
        no_rows(BACKTEST, "shares_in_range", SHARES, "Shares lie between 0 and 1.", "比例类指标在 0 至 1 之间。"),
        no_rows(
            BACKTEST, "published_beats_the_rules", BEATEN_BY_A_RULE,
            "No learned model is published that a naive rule beats in AUC or Brier score.",
            "若简单规则的 AUC 或 Brier 更优,则不发布学习模型。",
        ),
        at_most(
            BACKTEST, "calibration_error", CALIBRATION_ERROR, thresholds["insights.churn_calibration_error"],
            "The published model foretells about as many leavers as there are.", "发布模型的预测流失数与实际大致相符。",
            "warning",
        ),
        not_null(SCORES, "customer_id"),
        unique(SCORES, "customer_id"),
        customer_exists(SCORES),
        not_null(SCORES, "churn_score"),
        between(SCORES, "churn_score", 0, 1),
        no_rows(
            SCORES, "buyers_scored", MISSED_BUYERS,
            "Every customer with a counted order has a score, and nobody else has one.",
            "有有效订单的客户都有流失概率,其他客户没有。",
        ),
        no_rows(
            SCORES, "of_the_published_model", OTHER_MODEL,
            "Every score is by the published model.", "流失概率均出自已发布的模型。",
        ),
    ]  # fmt: skip
