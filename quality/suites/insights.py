"""Insights: features, scores, classes, tiers and warnings of the run's as-of day.

Every table is narrowed to the day of `control.run`, so that a backfilled day is judged by itself; a table without rows
of that day fails as empty.
"""

from collections.abc import Mapping

from quality.checks import Rule, Severity, Suite, Table, at_least, at_most, between, in_set, no_rows, not_null, unique
from quality.suites import categories, churn, effects, insights_models, insights_profiles, insights_value
from quality.suites.of_the_day import customer_exists, every_customer, of_the_day, one_version, since_by_as_of

CAUSES = ("data", "clock", "criteria", "identity", "correction")
LIFECYCLES = ("prospect", "new", "active", "lapsing", "dormant", "lost", "regained")

FEATURES = of_the_day("customer_features")
RFM = of_the_day("rfm_scores")
ABC = of_the_day("abc_classes")
LIFECYCLE = of_the_day("lifecycle_states")
POINTS = of_the_day("scorecard_points")
TIERS = of_the_day("customer_tiers")
TAGS = of_the_day("customer_tags", may_be_empty=True)
CHANGES = of_the_day("tier_changes", may_be_empty=True)
TIER_TABLE = of_the_day("customer_tier_table")
AUDIENCES = of_the_day("audience_members", may_be_empty=True)
AUDIENCE_COUNTS = of_the_day("audience_counts", may_be_empty=True)
OF_CUSTOMERS = (FEATURES, RFM, ABC, LIFECYCLE, POINTS, TIERS, TAGS, TIER_TABLE, AUDIENCES, effects.HISTORY)
TABLES = (*OF_CUSTOMERS, CHANGES, AUDIENCE_COUNTS, *(table for table in effects.TABLES if table not in OF_CUSTOMERS))

# A move ends where the customer stands today; who is no more has no tier.
MOVED_ELSEWHERE = f"""
select 1 from {{batch}} as moved left join ({TIERS.rows}) as tiers
on tiers.scheme_id = moved.scheme_id and tiers.customer_id = moved.customer_id
where moved.to_tier is distinct from tiers.tier or moved.from_tier is not distinct from moved.to_tier
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
OUTCOMES = ("member", "without_consent", "withdrawn", "unreachable")
# Told again from the consents themselves: whose latest word for the purpose, before the day, is a refusal.
REFUSED_MEMBERS = """
with latest as (
    select customer_id, purpose, arg_max(state, given_at) as state
    from marts.consents where given_at < (select as_of_at from control.run) group by all
)
select 1 from {batch} as told inner join latest using (customer_id, purpose)
where told.outcome = 'member' and latest.state = 'withdrawn'
"""
DIFFERING_COUNTS = f"""
with told as (
    select audience, count(*) as count_matching, count(*) filter (where outcome = 'member') as count_members
    from ({AUDIENCES.rows}) as members group by audience
)
select 1 from {{batch}} as counts full join told on told.audience = counts.audience
where coalesce(counts.count_matching, -1) <> coalesce(told.count_matching, 0)
    or coalesce(counts.count_members, -1) <> coalesce(told.count_members, 0)
    or counts.count_matching
    <> counts.count_members + counts.count_without_consent + counts.count_withdrawn + counts.count_unreachable
"""


def suite(thresholds: Mapping[str, float]) -> Suite:
    rules: list[Rule] = []
    for table in (FEATURES, RFM, ABC, LIFECYCLE, TIER_TABLE):
        rules += [not_null(table, "customer_id"), unique(table, "customer_id")]
    rules += [customer_exists(table) for table in OF_CUSTOMERS]
    rules += [one_version(table) for table in TABLES]
    rules += [every_customer(table) for table in (FEATURES, RFM, ABC, LIFECYCLE, TIER_TABLE)]
    rules += [*_feature_rules(), *_class_rules(thresholds), *_tier_rules(thresholds), *_tag_rules(thresholds)]
    rules += _change_rules()
    rules += [*_audience_rules(), *effects.effect_rules(thresholds)]
    parts = (insights_models, insights_value, insights_profiles, churn, categories)
    rules += [rule for part in parts for rule in part.rules(thresholds)]
    return Suite("insights", (*TABLES, *(table for part in parts for table in part.TABLES)), rules)


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
        since_by_as_of(LIFECYCLE, "since"),
    ]  # fmt: skip


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
        since_by_as_of(TIERS, "tier_since"),
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


def _change_rules() -> list[Rule]:
    return [
        unique(CHANGES, "scheme_id", "customer_id"),
        not_null(CHANGES, "cause"),
        in_set(CHANGES, "cause", CAUSES),
        not_null(CHANGES, "evidence"),
        no_rows(
            CHANGES, "ends_in_todays_tier", MOVED_ELSEWHERE,
            "Every move is one, and ends in the tier of the day.", "每次变动均有前后之别,且止于当日层级。",
        ),
    ]  # fmt: skip


def _audience_rules() -> list[Rule]:
    return [
        unique(AUDIENCES, "audience", "customer_id"),
        in_set(AUDIENCES, "outcome", OUTCOMES),
        not_null(AUDIENCES, "outcome"),
        no_rows(
            AUDIENCES, "no_member_refused", REFUSED_MEMBERS,
            "No audience holds a customer who withdrew the consent for its purpose.", "人群成员均未撤回对应目的的同意。",
        ),
        unique(AUDIENCE_COUNTS, "audience"),
        no_rows(
            AUDIENCE_COUNTS, "counts_add_up", DIFFERING_COUNTS,
            "Members and those left out add up to the customers who match.", "成员与排除人数之和等于符合条件人数。",
        ),
    ]  # fmt: skip
