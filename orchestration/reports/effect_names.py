"""The names of what effects are told of: metrics, and classes of every scheme and of the other ways to divide customers.

What a metric means, and its formula, is in serving/metric_definitions.yml.
"""

from dataclasses import dataclass

from orchestration.logic.effects.periods import UNKNOWN
from orchestration.reports.fields import CUSTOMER_TYPES
from orchestration.settings.criteria.effects import ALL, CHANNEL, CUSTOMER_TYPE, OWNER
from orchestration.settings.insights import InsightSettings

Pair = tuple[str, str]
"""Chinese and English."""


@dataclass(frozen=True)
class Metric:
    """`is_share`: told as a percentage."""

    code: str
    zh: str
    en: str
    is_share: bool = False


METRICS = (
    Metric("conversion_rate", "购买转化率", "Conversion", True),
    Metric("win_rate", "赢单率", "Win rate", True),
    Metric("cac", "获客成本", "Cost of a new customer"),
    Metric("clv_12m_realised", "12 个月已实现价值", "Value realised in 12 months"),
    Metric("clv_expected", "预期终身价值", "Expected lifetime value"),
    Metric("sales_cycle_days", "销售周期(天)", "Sales cycle in days"),
    Metric("csat", "满意度", "Satisfaction"),
    Metric("nps", "净推荐值", "Net promoter score"),
    Metric("feedback_rate", "评价率", "Share who gave a score", True),
    Metric("response_rate", "问卷回复率", "Response rate of those asked", True),
    Metric("repeat_rate_30", "30 天复购率", "Repeat rate, 30 days", True),
    Metric("repeat_rate_90", "90 天复购率", "Repeat rate, 90 days", True),
    Metric("repeat_rate_365", "365 天复购率", "Repeat rate, 365 days", True),
    Metric("orders_per_customer", "人均订单数", "Orders per customer"),
    Metric("net_amount_per_customer", "客均净销售额", "Net amount per customer"),
    Metric("repeat_buyer_rate", "复购客户占比", "Share who bought again", True),
)
METRIC = {metric.code: metric for metric in METRICS}
WAYS: dict[str, Pair] = {
    ALL: ("全部客户", "All customers"),
    CUSTOMER_TYPE: ("客户类型", "Customer type"),
    OWNER: ("责任人", "Owner"),
    CHANNEL: ("渠道", "Channel"),
}
NEWCOMER: Pair = ("新进客户", "Came during the month")
KINDS: dict[str, Pair] = {"month": ("月度", "month"), "intervention": ("干预", "intervention")}
MEASURES: dict[str, Pair] = {"net_amount": ("净销售额", "net amount"), "orders": ("订单数", "orders")}
FUNNELS: dict[str, Pair] = {
    "customers": ("客户漏斗", "Customers"), "sales": ("销售漏斗", "Sales"), "opportunities": ("商机", "Opportunities"),
}  # fmt: skip
METHODS: dict[str, Pair] = {"seasonal_naive": ("季节性朴素法", "seasonal naive"), "naive": ("朴素法", "naive")}


def scheme_names(settings: InsightSettings) -> dict[str, Pair]:
    """Every scheme and other way to divide customers, by its code."""
    schemes = settings.criteria.schemes.items()
    return {code: (scheme.label.zh, scheme.label.en) for code, scheme in schemes} | WAYS


def class_names(settings: InsightSettings) -> dict[tuple[str, str], Pair]:
    """(scheme, class) → names. Channels have none but their code."""
    types = {code: names.split(" / ") for code, names in CUSTOMER_TYPES.items()}
    return {
        (ALL, ALL): WAYS[ALL],
        **{
            (scheme_id, tier.code): (tier.label.zh, tier.label.en)
            for scheme_id, scheme in settings.criteria.schemes.items()
            for tier in scheme.tiers
        },
        **{(scheme_id, UNKNOWN): NEWCOMER for scheme_id in settings.criteria.schemes},
        **{(CUSTOMER_TYPE, code): (names[0], names[1]) for code, names in types.items()},
        **{(OWNER, code): (owner.name.zh, owner.name.en) for code, owner in settings.people.owners.items()},
    }


def both(names: Pair) -> str:
    """As workbooks tell a code: 'zh / en'."""
    return " / ".join(names)
