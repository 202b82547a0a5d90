"""Checks of the insights that a model or a sum of points makes: clusters, lead scores, purchase stages.

Clusters and lead scores may be empty: a young business has too few buyers to cluster, and everybody may have bought.
"""

from collections.abc import Mapping

from quality.checks import Rule, between, in_set, no_rows, not_null, unique
from quality.suites.of_the_day import customer_exists, every_customer, of_the_day, one_version, since_by_as_of

INTENTS = ("high", "some", "unclear", "none")
STAGES = ("awareness", "interest", "decision", "purchase")

FEATURES = of_the_day("customer_features")
PROFILES = of_the_day("cluster_profiles", may_be_empty=True)
SEGMENTS = of_the_day("cluster_segments", may_be_empty=True)
LEADS = of_the_day("lead_scores", may_be_empty=True)
PURCHASE_STAGES = of_the_day("purchase_stages")
TABLES = (PROFILES, SEGMENTS, LEADS, PURCHASE_STAGES)

DIFFERING_COUNTS = f"""
select 1 from {{batch}} as profiles full join (
    select cluster_id, count(*) as n from ({SEGMENTS.rows}) as segments group by cluster_id
) as counted on profiles.cluster_id = counted.cluster_id
where profiles.cluster_id is null or profiles.count_customers <> coalesce(counted.n, 0)
"""
UNBALANCED_SHARES = "select 1 from {{batch}} having abs(sum({column}) - 1) > {tolerance}"
MISSED_LEADS = f"""
select 1 from {{batch}} as leads full join (
    select customer_id from ({FEATURES.rows}) as features where count_orders = 0
) as prospects on leads.customer_id = prospects.customer_id
where leads.customer_id is null or prospects.customer_id is null
"""
DIFFERING_POINTS = """
select 1 from {{batch}} where abs(score - least(100, greatest(0, coalesce(
    list_sum(cast(json_extract(reasons, '$[*].points') as double[])), 0
)))) > {tolerance}
"""


def rules(thresholds: Mapping[str, float]) -> list[Rule]:
    """All rules of these tables."""
    made: list[Rule] = []
    for table in (SEGMENTS, LEADS, PURCHASE_STAGES):
        made += [not_null(table, "customer_id"), unique(table, "customer_id"), customer_exists(table)]
    made += [one_version(table) for table in TABLES]
    return [*made, *_cluster_rules(thresholds), *_lead_rules(thresholds), *_stage_rules()]


def _cluster_rules(thresholds: Mapping[str, float]) -> list[Rule]:
    tolerance = thresholds["insights.cluster_share_tolerance"]
    return [
        not_null(PROFILES, "cluster_id"),
        unique(PROFILES, "cluster_id"),
        not_null(PROFILES, "cluster_label"),
        between(PROFILES, "customers_share", 0, 1),
        no_rows(
            PROFILES, "customers_counted", DIFFERING_COUNTS,
            "Each cluster counts the customers that are in it, and no customer is in an unknown one.",
            "每个群的客户数等于群内客户数,且没有客户属于未知的群。",
        ),
        *(
            no_rows(
                PROFILES, f"{column}_adds_up", UNBALANCED_SHARES.format(column=column, tolerance=tolerance),
                f"{column} sums to 1 over the clusters.", f"各群 {column} 之和为 1。",
            )
            for column in ("customers_share", "revenue_share")
        ),
        since_by_as_of(PROFILES, "fitted_on"),
        not_null(SEGMENTS, "cluster_id"),
        between(SEGMENTS, "distance", 0, None),
        between(SEGMENTS, "silhouette", 0, 1),
    ]  # fmt: skip


def _lead_rules(thresholds: Mapping[str, float]) -> list[Rule]:
    tolerance = thresholds["insights.points_tolerance"]
    return [
        no_rows(
            LEADS, "prospects_scored", MISSED_LEADS,
            "Every customer who never bought has a score, and nobody else has one.",
            "从未购买的客户都有线索评分,其他客户没有。",
        ),
        not_null(LEADS, "score"),
        between(LEADS, "score", 0, 100),
        not_null(LEADS, "band"),
        in_set(LEADS, "intent", INTENTS),
        not_null(LEADS, "source_group"),
        between(LEADS, "sla_hours", 1, None),
        no_rows(
            LEADS, "points_add_up", DIFFERING_POINTS.format(tolerance=tolerance),
            "The score is the sum of the points of its reasons, held between 0 and 100.",
            "线索得分等于各原因得分之和,限于 0 至 100。",
        ),
    ]  # fmt: skip


def _stage_rules() -> list[Rule]:
    return [
        every_customer(PURCHASE_STAGES),
        not_null(PURCHASE_STAGES, "stage"),
        in_set(PURCHASE_STAGES, "stage", STAGES),
        not_null(PURCHASE_STAGES, "evidence"),
        since_by_as_of(PURCHASE_STAGES, "entered_at"),
    ]
