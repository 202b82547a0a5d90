# ruff: noqa: E501  (one column a line, whatever its width)
"""The columns of clv_estimates and clv_models."""

from orchestration.logic.segmentation.column_lists.types import COUNT, MONEY, TEXT, Lines

ESTIMATES: Lines = (
    ("x", COUNT, "复购次数", "Repeat order days before as_of: days with a counted order, less the first; null for who never bought"),
    ("t_x", "DECIMAL(9,4)", "首末次下单间隔(周)", "Weeks from the first order day to the last"),
    ("t", "DECIMAL(9,4)", "观察时长(周)", "Weeks from the first order day to as_of"),
    ("p_alive", "DECIMAL(9,6)", "存续概率", "Probability that the customer has not left, by the model; 1 for who bought once, so it is no churn score; null without a model"),
    ("expected_orders", "DECIMAL(18,6)", "预期订单数", "Orders expected in the horizon, not discounted; historic: those of the window, scaled to the horizon"),
    ("expected_order_amount", MONEY, "预期单笔金额", "Mean net amount expected of an order, by the model; historic: average of the window"),
    ("clv", MONEY, "客户终身价值", "margin_rate times the amount of the orders of the horizon, discounted to as_of; historic: net amount of the window scaled to the horizon, times margin; 0 for who never bought"),
    ("clv_low", MONEY, "终身价值下限", "Lower bound by what is not known about the parameters of the model (single customers differ more); null without a model"),
    ("clv_high", MONEY, "终身价值上限", "Upper bound by what is not known about the parameters of the model (single customers differ more); null without a model"),
    ("historic_margin", MONEY, "历史毛利", "What was earned so far: net amount ever times margin_rate; 0 for who never bought"),
    ("margin_rate", "DECIMAL(9,6)", "毛利率", "Share of the customer's net amount that is earned: margins of the categories it bought from by clv.margin_by_category, weighed by their money; clv.margin for the others"),
    ("horizon_days", "INTEGER", "预测天数", "Days ahead of as_of that clv covers"),
    ("model", TEXT, "所用模型", "bgnbd_gamma_gamma, historic (too few customers, or no sound fit: see clv_models) or none (never bought)"),
)  # fmt: skip
MODELS: Lines = (
    ("model", TEXT, "所用模型", "What the buyers of the day are valued by: bgnbd_gamma_gamma or historic"),
    ("reason", TEXT, "未用模型的原因", "Why no model is used: too_few_customers, too_few_repeat_customers, orders_not_fitted, amounts_not_fitted or mean_amount_unbounded (q of 1 or less); null when one is"),
    ("r", "DOUBLE", "购买率形状 r", "BG/NBD: shape of the order rates over the customers; null when not fitted"),
    ("alpha", "DOUBLE", "购买率尺度 α", "BG/NBD: scale of the order rates, in weeks"),
    ("a", "DOUBLE", "流失参数 a", "BG/NBD: first parameter of the probability to leave after an order"),
    ("b", "DOUBLE", "流失参数 b", "BG/NBD: second parameter of the probability to leave after an order"),
    ("orders_log_likelihood", "DOUBLE", "订单模型对数似然", "Log-likelihood of BG/NBD at its parameters"),
    ("p", "DOUBLE", "金额形状 p", "Gamma-gamma: shape of the amounts of a customer's orders; null when not fitted"),
    ("q", "DOUBLE", "金额形状 q", "Gamma-gamma: shape of how the customers' amounts differ"),
    ("gamma", "DOUBLE", "金额尺度 γ", "Gamma-gamma: scale of how the customers' amounts differ, in base currency"),
    ("amounts_log_likelihood", "DOUBLE", "金额模型对数似然", "Log-likelihood of gamma-gamma at its parameters"),
    ("converged", "BOOLEAN", "是否收敛", "Whether both fits stand at a maximum; null when none was tried"),
    ("count_customers", COUNT, "购买客户数", "Customers with a counted order before as_of"),
    ("count_repeat_customers", COUNT, "复购客户数", "Customers with a repeat order day and a positive mean amount: those gamma-gamma is fitted to"),
    ("count_histories", COUNT, "不同购买历程数", "Distinct histories (x, t_x, t) of the customers"),
    ("spearman", "DECIMAL(9,6)", "频次与金额秩相关", "Spearman's rank correlation of x and the mean amount of repeat customers; gamma-gamma takes it as 0"),
    ("p_value", "DECIMAL(9,6)", "秩相关 p 值", "p-value of spearman; with many customers small for a correlation of no weight"),
    ("covariance", TEXT, "参数协方差", "JSON: covariance of the logarithms of the parameters, of orders (r, alpha, a, b) and of amounts (p, q, gamma)"),
    ("data_hash", TEXT, "数据指纹", "16 hex digits of the SHA-256 of what was fitted: the same data, the same fit"),
)  # fmt: skip
