# ruff: noqa: E501  (one column a line, whatever its width)
"""Columns of customer_features that describe a customer for tags (no criterion weighs most of them), and of
customer_tags."""

from orchestration.logic.segmentation.column_lists import COUNT, SHARE, TEXT, Lines

PROFILE: Lines = (
    ("age_years", "INTEGER", "年龄", "Whole years from the birth date to as_of; null if unknown, in the future or above 120"),
    ("days_since_interaction", "INTEGER", "距上次互动天数", "Days from the last interaction of any kind to as_of; null if there was none"),
    ("days_since_usage", "INTEGER", "距上次使用天数", "Days from the last counted order or login to as_of; null if there was none"),
    ("logins_90d", COUNT, "近90天登录", "Logins in the last 90 days"),
    ("count_orders_90d", COUNT, "近90天订单数", "Counted orders in the last 90 days"),
    ("enquiries_window", COUNT, "产品询价", "Enquiries in the window"),
    ("presale_share", SHARE, "售前占比", "presale_window as a share of service_requests_window; null without requests"),
    ("aftersale_share", SHARE, "售后占比", "aftersale_window as a share of service_requests_window; null without requests"),
    (
        "service_need_share", SHARE, "服务需求占比",
        "Pre-sale questions (kind presale) and after-sale requests as a share of those, enquiries and counted orders of the window; null without any",
    ),
    ("custom_request_rate", SHARE, "定制订单占比", "Share of the window's counted orders with a custom request; null without orders"),
    ("coupon_share", SHARE, "用券订单占比", "Share of the window's counted orders with a coupon; null without orders"),
    (
        "price_percentile", SHARE, "价位",
        "Mean over the window's lines of the share of lines of the same category that have a lower unit price (half of equal ones); 1 buys the dearest; null without priced lines",
    ),
    (
        "price_sensitivity", SHARE, "价格敏感度",
        "Mean of discount_order_share, coupon_share and 1 - price_percentile (of the first two without a price level); null without orders",
    ),
    ("eco_share", SHARE, "环保商品占比", "Share of the window's amount spent on products with a word of eco_tags; null without an amount"),
    ("online_payment_share", SHARE, "线上支付占比", "Share of the window's counted orders with a named payment that were paid online (online_payments); null without any"),
    ("mobile_payment_share", SHARE, "移动支付占比", "Share of the window's counted orders with a named payment that were paid by mobile (mobile_payments); null without any"),
    ("top_category", TEXT, "首选品类", "Category with the highest amount in the window; ties by name"),
    ("top_category_share", SHARE, "首选品类占比", "Share of the window's categorised amount spent on top_category"),
    ("visit_days_window", COUNT, "到访天数", "Days of the window with a counted order or a visit"),
    (
        "visit_regularity", SHARE, "到访规律性",
        "1 - standard deviation / mean of the gaps between such days, not below 0; 1 comes at even intervals; null below three days",
    ),
    ("interactions_30d_by_kind", TEXT, "近30天互动(按类型)", "JSON object of kind and number of interactions in the last 30 days; null without any"),
    ("interactions_90d_by_kind", TEXT, "近90天互动(按类型)", "JSON object of kind and number of interactions in the last 90 days; null without any"),
    (
        "engagement_score", "DECIMAL(18,4)", "互动热度",
        "Points of the interactions in the window of lead_score, halved every half_life_days, without a limit; 0 without any",
    ),
    ("intent", TEXT, "意向", "high, some, unclear (only pages on the company) or none, by the pages seen in the window of lead_score"),
    ("intent_zh", TEXT, "意向名称", "Chinese name of the intent"),
    ("intent_en", TEXT, "意向英文名", "English name of the intent"),
)  # fmt: skip

TAGS: Lines = (
    ("dimension", TEXT, "维度", "Dimension of criteria.yml"),
    (
        "tag",
        TEXT,
        "标签",
        "Code of the tag within the dimension; 'unknown' where the input is missing, 'other' for the rest and for rare tags",
    ),
    ("rule_id", TEXT, "规则编号", "dimension.tag: the rule of criteria.yml that holds"),
    ("tag_zh", TEXT, "标签名称", "Chinese name of the tag"),
    ("tag_en", TEXT, "标签英文名", "English name of the tag"),
)
