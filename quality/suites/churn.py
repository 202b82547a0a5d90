"""Checks of churn: exactly one model is published, none that a naive rule beats, every buyer has a score; warnings give
their reasons, and their lives go forward.
"""

from collections.abc import Mapping

from quality.checks import Rule, at_most, between, in_set, no_rows, not_null, unique
from quality.suites.of_the_day import customer_exists, of_the_day, one_version

KINDS = ("learned", "naive", "fallback")

FEATURES = of_the_day("customer_features")
MODELS = of_the_day("churn_models")
BACKTEST = of_the_day("churn_backtest")
SCORES = of_the_day("churn_scores", may_be_empty=True)
WARNINGS = of_the_day("churn_warnings", may_be_empty=True)
REACH = of_the_day("churn_reach")
TABLES = (MODELS, BACKTEST, SCORES, WARNINGS, REACH)
STATES = ("new", "open", "contacted", "saved", "lost")

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
# Who withdrew a consent may have refused to be profiled. A model of known outcomes scores who never bought, too, and not who
# is known to have left.
MISSED_BUYERS = f"""
with published as (
    select starts_with(model, 'contract_') as by_outcomes from ({MODELS.rows}) as models where is_published limit 1
)
select 1 from {{batch}} as scores full join (
    select customer_id from ({FEATURES.rows}) as features where count_orders > 0
) as buyers on scores.customer_id = buyers.customer_id
where (buyers.customer_id is null and not coalesce((select by_outcomes from published), false)) or (
    scores.customer_id is null
    and buyers.customer_id not in (
        select customer_id from marts.consents where customer_id is not null and state = 'withdrawn'
    )
    and not (
        coalesce((select by_outcomes from published), false)
        and buyers.customer_id in (select customer_id from marts.outcomes where customer_id is not null)
    )
)
"""
WARNED_SHARE = f"""
select coalesce((
    select count(distinct customer_id) from ({WARNINGS.rows}) as warned where closed_on is null
) * 1.0 / nullif((select count(*) from marts.customers), 0), 0.0) as observed
"""
BACKWARD_LIVES = """
select 1 from {batch}
where contacted_on < first_warned_on or closed_on < first_warned_on or first_warned_on > as_of
    or (closed_on is null) <> (state in ('new', 'open', 'contacted'))
    or (state = 'contacted' and contacted_on is null) or (state = 'new' and first_warned_on <> as_of)
"""
OTHER_REACH = f"""
select 1 from {{batch}} as reach full join (
    select count(*) as count_waiting, coalesce(sum(expected_loss), 0) as money_at_risk
    from ({WARNINGS.rows}) as warned where state in ('new', 'open')
) as told on true
where reach.owner = 'all' and (
    reach.count_waiting <> told.count_waiting or reach.money_at_risk <> told.money_at_risk
    or reach.money_reached > reach.money_at_risk
)
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
            "Every customer with a counted order has a score unless they refused or are known to have left; nobody else has "
            "one unless outcomes are known.",
            "有有效订单的客户都有流失概率(拒绝画像者及已知流失者除外);除非有已知结果,其他客户没有。",
        ),
        no_rows(
            SCORES, "of_the_published_model", OTHER_MODEL,
            "Every score is by the published model.", "流失概率均出自已发布的模型。",
        ),
        *_of_warnings(thresholds),
    ]  # fmt: skip


def _of_warnings(thresholds: Mapping[str, float]) -> list[Rule]:
    return [
        unique(WARNINGS, "customer_id"),
        customer_exists(WARNINGS),
        *(
            not_null(WARNINGS, column)
            for column in ("churn_score", "owner", "strategy_code", "reasons", "value_at_risk", "first_warned_on")
        ),
        between(WARNINGS, "churn_score", 0, 1),
        between(WARNINGS, "signal_score", 0, 1),
        in_set(WARNINGS, "state", STATES),
        no_rows(
            WARNINGS, "reasons_given", "select 1 from {batch} where length(cast(reasons as varchar)) <= 2",
            "Every warning gives its reasons.", "每条预警都给出原因。",
        ),
        no_rows(
            WARNINGS, "lives_go_forward", BACKWARD_LIVES,
            "A warning begins, is contacted and ends in that order.", "预警按开始、联系、结束的先后推进。",
        ),
        at_most(
            WARNINGS, "warned_share", WARNED_SHARE, thresholds["insights.warned_share"],
            "The share of customers warned of stays within bounds.", "被预警客户占比不超过上限。", "warning",
        ),
        unique(REACH, "owner", "contacts"),
        no_rows(
            REACH, "adds_up", OTHER_REACH,
            "The money at risk is that of the warnings that wait.", "风险总额与待处理预警一致。",
        ),
    ]  # fmt: skip
