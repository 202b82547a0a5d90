# ruff: noqa: E501  (one column a line, whatever its width)
"""The columns of churn_models, churn_backtest, churn_scores, churn_warnings and churn_reach."""

from orchestration.logic.segmentation.column_lists.types import COUNT, MONEY, SHARE, TEXT, Lines

_FIGURE = "DECIMAL(18,6)"
_NAMED: Lines = (
    ("model", TEXT, "模型", "Code of the model: boosting or logistic (learned; with _season moved by the same season of the year before), recency, overdue or bgnbd (naive rules, calibrated), overdue_uncalibrated (stands in where there is too little to learn from); contract_ before it, with the rules base_rate and category, where it has learned from known outcomes"),
    ("kind", TEXT, "模型类别", "learned, naive or fallback"),
    ("is_published", "BOOLEAN", "是否发布", "Whether churn_scores is by this model; exactly one is"),
    ("reason_zh", TEXT, "发布理由", "Why the published model is published, in Chinese"),
    ("reason_en", TEXT, "发布理由英文", "Why the published model is published, in English"),
)  # fmt: skip
MODELS: Lines = (
    *_NAMED,
    ("payload", TEXT, "模型卡", "Model card as JSON: features, figures of each fold, curves, settings with the seed, SHA-256 of the data, scikit-learn version; no personal data"),
)  # fmt: skip
BACKTEST: Lines = (
    *_NAMED,
    ("metric", TEXT, "指标", "auc, average_precision, lift_at_10_percent, brier, ece, capture_at_capacity, lead_time_days, churn_rate or customers"),
    ("value", _FIGURE, "数值", "Mean of the metric over the folds; each fold was tested on outcomes later than all it learned from (known outcomes: on other customers)"),
    ("low", _FIGURE, "区间下限", "Lower end of the 95 % bootstrap interval; given for auc"),
    ("high", _FIGURE, "区间上限", "Upper end of the 95 % bootstrap interval; given for auc"),
    ("count_folds", "INTEGER", "折数", "Folds tested; 0 when there was too little to test on"),
    ("rival", TEXT, "对照规则", "The best naive rule: the one with the lowest Brier score"),
    ("rival_value", _FIGURE, "对照规则数值", "The same metric of the best naive rule"),
    ("difference", _FIGURE, "差值", "value minus rival_value"),
)  # fmt: skip
SCORES: Lines = (
    ("churn_score", "DECIMAL(7,6)", "流失概率", "Calibrated probability of no counted order in the horizon from as_of on; not calibrated when model says so; with a contract_ model that the next known outcome is that the customer left"),
    ("model", TEXT, "模型", "Code of the published model, see churn_models"),
    ("horizon_days", "INTEGER", "预测天数", "Days ahead, as_of the first of them; null with a contract_ model"),
    ("reasons", TEXT, "原因", "JSON list of {code, zh, en, effect}: by how much the score falls when those figures of that term that are worse become those usual among customers who stay; strongest first"),
)  # fmt: skip
WARNINGS: Lines = (
    ("warning_id", TEXT, "预警编号", "Hash of customer_id and first_warned_on: one episode, from one order to the next"),
    ("churn_score", "DECIMAL(7,6)", "流失概率", "Probability to leave, as in churn_scores"),
    ("signal_score", "DECIMAL(5,4)", "预警得分", "0-1, from which the band follows: 1 - product of (1 - weight x strength) of the rules; no probability"),
    ("band", TEXT, "预警等级", "high or medium; of a warning whose signals faded the last one"),
    ("reasons", TEXT, "原因", "JSON list of {code, zh, en}: the rules, strongest first, then what the model adds"),
    ("value_at_risk", MONEY, "风险金额", "What the customer is worth over the value model's horizon if they stay: clv over the probability to be alive; without a model the own past rate"),
    ("expected_loss", MONEY, "预期损失", "value_at_risk times churn_score: what one contact that succeeds saves on average"),
    ("priority_rank", COUNT, "优先级", "Place among the warnings that wait (new, open), the largest expected loss first; null for others"),
    ("within_capacity", "BOOLEAN", "本周可联系", "Whether the owner's contacts_per_week reach the warning, in the order of expected loss"),
    ("may_contact", "BOOLEAN", "可营销联系", "False when the consent for marketing was withdrawn: then only service contacts are allowed"),
    ("tier", TEXT, "客户层级", "Tier in the main scheme"),
    ("owner", TEXT, "责任人", "Code of the owner in owners.yml"),
    ("strategy_code", TEXT, "策略", "Code of the strategy in strategies.yml"),
    ("state", TEXT, "状态", "new on the first day, open after it, contacted once we were in contact, saved (an order came, or a result says so), lost (life cycle, time or a result)"),
    ("first_warned_on", "DATE", "首次预警日", "First as-of day of the episode on which the warning was due and nobody had been in contact for rest_days"),
    ("contacted_on", "DATE", "联系日", "Business day of our first contact since first_warned_on"),
    ("closed_on", "DATE", "结束日", "Business day on which the warning was saved or lost; null while it runs"),
)  # fmt: skip
REACH: Lines = (
    ("owner", TEXT, "责任人", "Code of the owner in owners.yml, or all"),
    ("contacts", COUNT, "联系数", "Number of contacts, in the order of expected loss"),
    ("is_capacity", "BOOLEAN", "是否每周容量", "Whether contacts is the owner's contacts_per_week (of all: their sum)"),
    ("count_waiting", COUNT, "待处理预警", "Warnings that wait (new, open)"),
    ("count_reached", COUNT, "可联系预警", "Of them within that many contacts"),
    ("money_at_risk", MONEY, "风险总额", "Expected loss of all that wait"),
    ("money_reached", MONEY, "可触达金额", "Expected loss of those within that many contacts"),
    ("share_reached", SHARE, "可触达占比", "money_reached over money_at_risk; null when nothing is at risk"),
    ("share_reached_by_rule", SHARE, "按超期规则占比", "The same when called in the order of the overdue ratio"),
)  # fmt: skip
