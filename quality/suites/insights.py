"""Insights: features, scores, classes, tiers and warnings of the run's as-of day.

Every table is narrowed to the day of `control.run`, so that a backfilled day is judged by itself; a table without rows
of that day fails as empty.
"""

from collections.abc import Mapping

from quality.checks import Rule, Severity, Suite, Table, at_least, at_most, between, in_set, no_rows, not_null, unique

LIFECYCLES = ("prospect", "new", "active", "lapsing", "dormant", "lost", "regained")


def _of_the_day(name: str, may_be_empty: bool = False) -> Table:
    rows = f"select * from insights.{name} where as_of = (select as_of from control.run)"
    return Table(f"insights.{name}", rows, may_be_empty)


FEATURES = _of_the_day("customer_features")
RFM = _of_the_day("rfm_scores")
ABC = _of_the_day("abc_classes")
LIFECYCLE = _of_the_day("lifecycle_states")
POINTS = _of_the_day("scorecard_points")
TIERS = _of_the_day("customer_tiers")
TAGS = _of_the_day("customer_tags", may_be_empty=True)
WARNINGS = _of_the_day("churn_warnings", may_be_empty=True)
TIER_TABLE = _of_the_day("customer_tier_table")
TABLES = (FEATURES, RFM, ABC, LIFECYCLE, POINTS, TIERS, TAGS, WARNINGS, TIER_TABLE)

WITHOUT_ROW = (
    "select 1 from marts.customers as customers anti join {batch} as told on customers.customer_id = told.customer_id"
)
WITHOUT_CUSTOMER = """
select 1 from {batch} as told anti join marts.customers as customers on told.customer_id = customers.customer_id
"""
WITHOUT_TIER = """
select 1 from (select distinct scheme_id from {batch}) as schemes cross join marts.customers as customers
anti join {batch} as told on told.scheme_id = schemes.scheme_id and told.customer_id = customers.customer_id
"""
DIFFERING_TOTALS = f"""
with points as (
    select scheme_id, customer_id, sum(points * weight) as total from ({POINTS.rows}) as points group by all
)
select 1 from {{{{batch}}}} as tiers full join points
on tiers.scheme_id = points.scheme_id and tiers.customer_id = points.customer_id
where coalesce(abs(tiers.total_points - points.total) > {{tolerance}}, true)
"""
# Classes follow each other along the net amount: who crosses a bound belongs to the better class, equals share one.
DISORDERED_CLASSES = """
select 1 from {batch} as better inner join (
    select
        max(net_amount) filter (where abc_class = 'B') as most_b,
        max(net_amount) filter (where abc_class = 'C') as most_c
    from {batch}
) as bounds on (better.abc_class = 'A' and better.net_amount <= greatest(bounds.most_b, bounds.most_c))
    or (better.abc_class = 'B' and better.net_amount <= bounds.most_c)
"""
UNBALANCED_WEIGHTS = """
select 1 from {{batch}} group by scheme_id, customer_id having abs(sum(weight) - 1) > {tolerance} and sum(weight) <> 0
"""
LARGEST_TIER_SHARE = f"""
select coalesce(max(share), 0.0) as observed from (
    select count(*) * 1.0 / sum(count(*)) over (partition by scheme_id) as share
    from ({TIERS.rows}) as tiers group by scheme_id, tier
)
"""
# With fewer buyers than the bound, one tier is no fault: the scheme has nobody to tell apart yet.
FEWEST_TIERS = f"""
select case
    when (select count(*) from ({FEATURES.rows}) as features where count_orders > 0) < {{min_buyers}} then {{fewest}}
    else coalesce(min(count_tiers), 0) end as observed
from (
    select count(distinct tier) as count_tiers from {{table}} group by {{schemes}}
)
"""
SMALLEST_TAG = f"""
select coalesce(min(n), {{fewest}}) as observed from (
    select count(distinct customer_id) as n from ({TAGS.rows}) as tags group by rule_id
)
"""
WARNED_SHARE = f"""
select coalesce((select count(distinct customer_id) from ({WARNINGS.rows}) as warned) * 1.0
    / nullif((select count(*) from marts.customers), 0), 0.0) as observed
"""


def suite(thresholds: Mapping[str, float]) -> Suite:
    rules: list[Rule] = []
    for table in (FEATURES, RFM, ABC, LIFECYCLE, TIER_TABLE):
        rules += [not_null(table, "customer_id"), unique(table, "customer_id")]
    for table in TABLES:
        rules += [_customer_exists(table), _one_version(table)]
    rules += [_every_customer(table) for table in (FEATURES, RFM, ABC, LIFECYCLE, TIER_TABLE)]
    rules += [*_feature_rules(), *_class_rules(thresholds), *_tier_rules(thresholds)]
    rules += [*_tag_rules(thresholds), *_warning_rules(thresholds)]
    return Suite("insights", TABLES, rules)


def _every_customer(table: Table) -> Rule:
    return no_rows(table, "every_customer", WITHOUT_ROW, "Every customer has a row.", "每个客户都有一行。")


def _customer_exists(table: Table) -> Rule:
    return no_rows(table, "customer_exists", WITHOUT_CUSTOMER, "Every row belongs to a customer.", "每行都有对应客户。")


def _one_version(table: Table) -> Rule:
    return no_rows(
        table, "one_criteria_version",
        "select 1 from {batch} having count(distinct criteria_version) > 1 or count(*) > count(criteria_version)",
        "All rows of the day were made by one version of the criteria.", "当日各行使用同一版准则。",
    )  # fmt: skip


def _feature_rules() -> list[Rule]:
    return [
        between(FEATURES, "recency_days", 0, None),
        not_null(FEATURES, "count_orders"),
        between(FEATURES, "count_orders", 0, None),
        not_null(FEATURES, "net_amount"),
    ]


def _class_rules(thresholds: Mapping[str, float]) -> list[Rule]:
    rounding = thresholds["insights.share_tolerance"]
    scores = [between(RFM, score, 1, 5) for score in ("r_score", "f_score", "m_score")]
    return [
        *scores,
        not_null(RFM, "rfm_segment"),
        no_rows(
            RFM, "buyers_scored",
            "select 1 from {batch} where (recency_days is null) <> (r_score is null)"
            " or (r_score is null) <> (f_score is null) or (r_score is null) <> (m_score is null)",
            "Every buyer has all three scores, and nobody else has any.", "购买过的客户三项评分齐全,其他客户没有评分。",
        ),
        not_null(ABC, "abc_class"),
        in_set(ABC, "abc_class", ("A", "B", "C")),
        between(ABC, "cumulative_share", 0, 1 + rounding),
        no_rows(
            ABC, "classes_in_order", DISORDERED_CLASSES,
            "No customer of a better class has less revenue than one of a worse; equal revenue shares a class.",
            "高等级客户的净收入不低于低等级客户,收入相同则等级相同。",
        ),
        not_null(LIFECYCLE, "lifecycle"),
        in_set(LIFECYCLE, "lifecycle", LIFECYCLES),
        _since_by_as_of(LIFECYCLE, "since"),
    ]  # fmt: skip


def _since_by_as_of(table: Table, column: str) -> Rule:
    return no_rows(
        table, f"{column}_by_as_of", f"select 1 from {{batch}} where cast({column} as date) > as_of",
        f"{column} is not after the as-of day.", f"{column} 不晚于截止日。",
    )  # fmt: skip


def _tier_rules(thresholds: Mapping[str, float]) -> list[Rule]:
    tolerance = thresholds["insights.points_tolerance"]
    return [
        unique(POINTS, "scheme_id", "customer_id", "criterion"),
        not_null(POINTS, "points"),
        not_null(POINTS, "weight"),
        no_rows(
            POINTS, "weights_sum_to_one", UNBALANCED_WEIGHTS.format(tolerance=tolerance),
            "The weights in force of a customer's criteria sum to 1.", "每个客户各项准则的有效权重之和为 1。",
        ),
        not_null(TIERS, "tier"),
        unique(TIERS, "scheme_id", "customer_id"),
        no_rows(
            TIERS, "every_customer", WITHOUT_TIER,
            "Every customer has a tier in every scheme.", "每个客户在每套方案中都有层级。",
        ),
        no_rows(
            TIERS, "points_add_up", DIFFERING_TOTALS.format(tolerance=tolerance),
            "The total is the sum of points times weights.", "总分等于各项得分乘权重之和。",
        ),
        _since_by_as_of(TIERS, "tier_since"),
        at_most(
            TIERS, "largest_tier_share", LARGEST_TIER_SHARE, thresholds["insights.largest_tier_share"],
            "No tier holds nearly all customers.", "没有任何层级囊括几乎全部客户。", "warning",
        ),
        _tiers_in_use(thresholds, TIERS, "scheme_id", "Every scheme uses several tiers.", "每套方案都用到多个层级。", "warning"),
        # Of a scheme beside the main one all customers may well be in one class; the tier table must tell them apart.
        _tiers_in_use(
            thresholds, TIER_TABLE, "as_of", "The tier table uses several tiers.", "客户分层管理表用到多个层级。", "blocking"
        ),
    ]  # fmt: skip


def _tiers_in_use(
    thresholds: Mapping[str, float], table: Table, schemes: str, english: str, chinese: str, severity: Severity
) -> Rule:
    fewest = thresholds["insights.fewest_tiers"]
    query = FEWEST_TIERS.format(
        fewest=fewest,
        min_buyers=thresholds["insights.fewest_tiers_min_buyers"],
        table=f"({table.rows}) as tiers",
        schemes=schemes,
    )
    return at_least(table, "tiers_in_use", query, fewest, english, chinese, severity)


def _tag_rules(thresholds: Mapping[str, float]) -> list[Rule]:
    fewest = thresholds["insights.smallest_tag"]
    return [
        unique(TAGS, "customer_id", "rule_id"),
        *(not_null(TAGS, column) for column in ("customer_id", "dimension", "tag", "tag_zh", "tag_en")),
        no_rows(
            TAGS, "rule_of_its_tag", "select 1 from {batch} where rule_id <> dimension || '.' || tag or rule_id is null",
            "The rule of each row is that of its dimension and tag.", "每行的规则编号与维度、标签一致。",
        ),
        at_least(
            TAGS, "smallest_tag", SMALLEST_TAG.format(fewest=fewest), fewest,
            "No published tag is so rare that it tells of single persons.", "公布的标签人数不至于少到可识别个人。", "warning",
        ),
    ]  # fmt: skip


def _warning_rules(thresholds: Mapping[str, float]) -> list[Rule]:
    return [
        unique(WARNINGS, "customer_id"),
        not_null(WARNINGS, "churn_score"),
        between(WARNINGS, "churn_score", 0, 1),
        *(not_null(WARNINGS, column) for column in ("owner", "strategy_code", "reasons")),
        no_rows(
            WARNINGS, "reasons_given", "select 1 from {batch} where length(cast(reasons as varchar)) <= 2",
            "Every warning gives its reasons.", "每条预警都给出原因。",
        ),
        at_most(
            WARNINGS, "warned_share", WARNED_SHARE, thresholds["insights.warned_share"],
            "The share of customers warned of stays within bounds.", "被预警客户占比不超过上限。", "warning",
        ),
    ]  # fmt: skip
