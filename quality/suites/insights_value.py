"""Checks of the customer lifetime value: the models of the day, and what each customer is worth by them."""

from collections.abc import Mapping

from quality.checks import Rule, at_most, between, in_set, no_rows, not_null, unique
from quality.suites.of_the_day import customer_exists, every_customer, of_the_day, one_version

MODEL, HISTORIC, NONE = "bgnbd_gamma_gamma", "historic", "none"

FEATURES = of_the_day("customer_features")
MODELS = of_the_day("clv_models")
ESTIMATES = of_the_day("clv_estimates")
TABLES = (MODELS, ESTIMATES)

UNSOUND_MODELS = f"""
select 1 from {{batch}} where (model = '{MODEL}') <> (reason is null)
    or (model = '{MODEL}' and not coalesce(converged and q > 1 and covariance is not null, false))
"""
# A model may leave a customer to the historic value, never the other way round.
OTHER_MODELS = f"""
select 1 from {{batch}} as told
inner join ({FEATURES.rows}) as features on told.customer_id = features.customer_id
where (told.model = '{NONE}') <> (features.count_orders = 0)
    or (told.model = '{MODEL}' and '{MODEL}' not in (select model from ({MODELS.rows}) as models))
"""
DISORDERED_TIMES = """
select 1 from {batch} where (x is null) <> (t is null) or t_x < 0 or t_x > t or (x = 0) <> (t_x = 0)
"""
DISORDERED_BOUNDS = f"""
select 1 from {{batch}} where (model = '{MODEL}') <> (clv_low is not null and clv_high is not null)
    or clv_low > clv or clv_high < clv or clv_low < 0
"""
RANK_CORRELATION = f"select coalesce(max(abs(spearman)), 0.0) as observed from ({MODELS.rows}) as models"


def rules(thresholds: Mapping[str, float]) -> list[Rule]:
    """All rules of these tables."""
    return [
        *(one_version(table) for table in TABLES),
        unique(MODELS, "as_of"),
        in_set(MODELS, "model", (MODEL, HISTORIC)),
        no_rows(
            MODELS, "sound_or_explained", UNSOUND_MODELS,
            "A model that is used has converged with a mean amount that is bound, and one that is not says why.",
            "所用模型均已收敛且平均金额有界;未用模型者给出原因。",
        ),
        at_most(
            MODELS, "frequency_and_money_apart", RANK_CORRELATION, thresholds["insights.clv_rank_correlation"],
            "How often and how much customers buy hang together little, as gamma-gamma takes it.",
            "购买频次与金额的相关性较弱,符合 gamma-gamma 的前提。", "warning",
        ),
        not_null(ESTIMATES, "customer_id"),
        unique(ESTIMATES, "customer_id"),
        customer_exists(ESTIMATES),
        every_customer(ESTIMATES),
        not_null(ESTIMATES, "model"),
        in_set(ESTIMATES, "model", (MODEL, HISTORIC, NONE)),
        no_rows(
            ESTIMATES, "model_as_fitted", OTHER_MODELS,
            "Customers are valued by the model of the day or by their window, and those who never bought by none.",
            "客户按当日模型或窗口期计值,从未购买者不用模型。",
        ),
        between(ESTIMATES, "x", 0, None),
        no_rows(
            ESTIMATES, "times_in_order", DISORDERED_TIMES,
            "The last order is not before the first and not after as_of; they differ exactly where there are repeat orders.",
            "末次下单不早于首次、不晚于统计日;有复购者两者不同,反之相同。",
        ),
        between(ESTIMATES, "p_alive", 0, 1),
        between(ESTIMATES, "expected_orders", 0, None),
        not_null(ESTIMATES, "clv"),
        between(ESTIMATES, "clv", 0, None),
        no_rows(
            ESTIMATES, "within_bounds", DISORDERED_BOUNDS,
            "A value by the model lies between its bounds, and no other has bounds.",
            "按模型得出的价值位于上下限之间,其余没有上下限。",
        ),
    ]  # fmt: skip
