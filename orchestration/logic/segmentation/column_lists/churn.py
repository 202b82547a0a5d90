# ruff: noqa: E501  (one column a line, whatever its width)
"""The columns of churn_models, churn_backtest and churn_scores."""

from orchestration.logic.segmentation.column_lists.types import TEXT, Lines

_FIGURE = "DECIMAL(18,6)"
_NAMED: Lines = (
    ("model", TEXT, "模型", "Code of the model: boosting or logistic (learned), recency or overdue (naive rules, calibrated), overdue_uncalibrated (stands in where there is too little to learn from)"),
    ("kind", TEXT, "模型类别", "learned, naive or fallback"),
    ("is_published", "BOOLEAN", "是否发布", "Whether churn_scores is by this model; exactly one is"),
    ("reason_zh", TEXT, "发布理由", "Why the published model is published, in Chinese"),
    ("reason_en", TEXT, "发布理由英文", "Why the published model is published, in English"),
)  # fmt: skip
MODELS: Lines = (
    *_NAMED,
    ("payload", TEXT, "模型卡", "Model card as JSON: features, figures of each fold, settings with the seed, SHA-256 of the data, scikit-learn version; no personal data"),
)  # fmt: skip
BACKTEST: Lines = (
    *_NAMED,
    ("metric", TEXT, "指标", "auc, average_precision, lift_at_10_percent, brier, ece, capture_at_capacity, lead_time_days, churn_rate or customers"),
    ("value", _FIGURE, "数值", "Mean of the metric over the folds; each fold was tested on outcomes later than all it learned from"),
    ("low", _FIGURE, "区间下限", "Lower end of the 95 % bootstrap interval; given for auc"),
    ("high", _FIGURE, "区间上限", "Upper end of the 95 % bootstrap interval; given for auc"),
    ("count_folds", "INTEGER", "折数", "Folds tested; 0 when there was too little to test on"),
    ("rival", TEXT, "对照规则", "The best naive rule: the one with the lowest Brier score"),
    ("rival_value", _FIGURE, "对照规则数值", "The same metric of the best naive rule"),
    ("difference", _FIGURE, "差值", "value minus rival_value"),
)  # fmt: skip
SCORES: Lines = (
    ("churn_score", "DECIMAL(7,6)", "流失概率", "Calibrated probability of no counted order in the horizon from as_of on; not calibrated when model says so"),
    ("model", TEXT, "模型", "Code of the published model, see churn_models"),
    ("horizon_days", "INTEGER", "预测天数", "Days ahead, as_of the first of them"),
    ("reasons", TEXT, "原因", "JSON list of {code, zh, en, effect}: by how much the score falls when those figures of that term that are worse become those usual among customers who stay; strongest first"),
)  # fmt: skip
