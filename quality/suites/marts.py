"""Marts: one profile per customer, every source record with exactly one customer, facts that lost no row and no money.

Checks of bands, scores and tiers belong to insights.
"""

from collections.abc import Mapping

from quality.checks import Rule, Suite, Table, at_least, at_most, between, in_set, no_rows, not_null, unique

CUSTOMERS = Table("marts.customers")
SOURCE_IDS = Table("marts.customer_source_ids")
EVENTS = Table("marts.identity_events", may_be_empty=True)
REVIEW = Table("marts.identity_review", may_be_empty=True)
QUALITY = Table("marts.identity_quality")
SURVIVORSHIP = Table("marts.survivorship", may_be_empty=True)
REFERENCES = Table("marts.bridge_person_refs", may_be_empty=True)
ORDERS = Table("marts.orders", may_be_empty=True)
LINES = Table("marts.order_lines", may_be_empty=True)
CONSERVATION = Table("marts.conservation")
# The facts and their keys.
FACTS = (
    (ORDERS, "order_key"),
    (LINES, "line_key"),
    (Table("marts.interactions", may_be_empty=True), "interaction_key"),
    (Table("marts.feedback", may_be_empty=True), "feedback_key"),
    (Table("marts.opportunities", may_be_empty=True), "opportunity_key"),
)

LARGEST_CLUSTER = """
select coalesce(max(count_rows), 0) as observed
from (select count(*) as count_rows from marts.customer_source_ids group by customer_id)
"""

# The upper end of the interval: a share is too low only where the labels are enough to say so. Without labels it is 1.
HIGHEST_LIKELY = """
select coalesce(min(high), 1.0) as observed
from marts.identity_quality
where measure = '{measure}' and {cases}
"""

# Where nobody has records in both, every link is wrong however rare: that tells of the persons, not of the linking.
CHANNELS_OF_ONE_PERSON = """left_channel <> 'all' and (left_channel, right_channel) in (
    select (left_channel, right_channel) from marts.identity_quality where measure = 'pairwise_recall'
)"""

REVIEW_LOAD = """
select coalesce(max(value), 0.0) as observed
from marts.identity_quality
where measure = 'review_pairs_per_1000_customers' and denominator >= {least}
"""

RECORDS_WITHOUT_CUSTOMER = """
select 1 from (
    select source, entity, source_record_id from staging.stg_persons
    union all select source, entity, source_record_id from staging.stg_companies
) as records
anti join {batch} as linked
on
    records.source = linked.source and records.entity = linked.entity
    and records.source_record_id = linked.source_record_id
"""

NET_ABOVE_GROSS_SHARE = """
select coalesce(avg(
    case when net_amount > gross_amount + coalesce(shipping_amount, 0) + coalesce(tax_amount, 0) + {tolerance}
    then 1.0 else 0.0 end), 0.0) as observed
from marts.orders
where is_counted and gross_amount is not null
"""

WITHOUT_CUSTOMER_SHARE = """
select coalesce(avg(case when customer_id is null then 1.0 else 0.0 end), 0.0) as observed
from marts.orders where is_counted
"""

LOST_ORDERS = (
    "select 1 from staging.stg_orders as staged anti join {batch} as kept on staged.order_key = kept.order_key"
)
LINES_WITHOUT_ORDER = """
select 1 from (select order_key from {batch} where order_key is not null) as lines
anti join marts.orders as orders on lines.order_key = orders.order_key
"""


def suite(thresholds: Mapping[str, float]) -> Suite:
    tables = (
        CUSTOMERS,
        SOURCE_IDS,
        EVENTS,
        REVIEW,
        QUALITY,
        SURVIVORSHIP,
        REFERENCES,
        *(table for table, _ in FACTS),
        CONSERVATION,
    )
    rules = [*_customer_rules(), *_identity_rules(thresholds), *_quality_rules(thresholds), *_order_rules(thresholds)]
    for table, key in FACTS:
        rules += [not_null(table, key), unique(table, key), _no_orphans(table)]
    rules.append(_conservation())
    return Suite("marts", tables, rules)


def _no_orphans(table: Table) -> Rule:
    return no_rows(
        table, "customer_exists",
        "select 1 from (select distinct customer_id from {batch} where customer_id is not null) as used"
        " anti join marts.customers as customers on used.customer_id = customers.customer_id",
        "Every customer id belongs to a customer.", "每个客户编号都有对应客户。",
    )  # fmt: skip


def _conservation() -> Rule:
    return no_rows(
        CONSERVATION, "nothing_lost_or_doubled", "select 1 from {batch} where difference is distinct from 0",
        "In every layer, for every block: rows in = rows out plus those set aside by a named rule.",
        "各层各数据块:输入行数 = 输出行数 + 按规则剔除的行数。",
    )  # fmt: skip


def _customer_rules() -> list[Rule]:
    return [
        not_null(CUSTOMERS, "customer_id"),
        unique(CUSTOMERS, "customer_id"),
        no_rows(
            CUSTOMERS, "customer_id_shaped",
            "select 1 from {batch} where not regexp_full_match(customer_id, 'C[0-9a-f]{{16}}')",
            "Every customer id is C and sixteen hexadecimal digits.", "客户编号为 C 加十六位十六进制数。",
        ),
        in_set(CUSTOMERS, "customer_type", ("person", "company")),
        no_rows(
            CUSTOMERS, "has_records",
            "select 1 from {batch} as customers anti join marts.customer_source_ids as linked"
            " on customers.customer_id = linked.customer_id",
            "Every customer has a source record.", "每个客户至少有一条来源记录。",
        ),
    ]  # fmt: skip


def _identity_rules(thresholds: Mapping[str, float]) -> list[Rule]:
    return [
        not_null(SOURCE_IDS, "customer_id"),
        unique(SOURCE_IDS, "source", "entity", "source_record_id"),
        in_set(SOURCE_IDS, "linked_by", ("key", "model", "override")),
        between(SOURCE_IDS, "match_probability", 0, 1),
        _no_orphans(SOURCE_IDS),
        no_rows(
            SOURCE_IDS, "every_record_linked", RECORDS_WITHOUT_CUSTOMER,
            "Every staged person and company belongs to a customer.", "每条个人与公司记录都归属某个客户。",
        ),
        at_most(
            SOURCE_IDS, "records_per_customer", LARGEST_CLUSTER, thresholds["marts.records_per_customer"],
            "The largest cluster stays within bounds.", "最大聚类的记录数不超过上限。",
        ),
        unique(EVENTS, "event_id"),
        in_set(EVENTS, "kind", ("created", "merged", "split", "override", "undone")),
        unique(REVIEW, "pair_id"),
        between(REVIEW, "probability", 0, 1),
        unique(SURVIVORSHIP, "customer_id", "field"),
        _no_orphans(SURVIVORSHIP),
        unique(REFERENCES, "source", "person_ref_by", "person_ref_value"),
        _no_orphans(REFERENCES),
    ]  # fmt: skip


def _quality_rules(thresholds: Mapping[str, float]) -> list[Rule]:
    least = thresholds["marts.identity_quality_min_cases"]
    of_all, of_channels = f"left_channel = 'all' and denominator >= {least}", CHANNELS_OF_ONE_PERSON
    shares = (
        ("pairwise_precision", "pairwise_precision", of_all, "Pairwise precision", "成对精确率"),
        ("pairwise_recall", "pairwise_recall", of_all, "Pairwise recall", "成对召回率"),
        ("cluster_precision", "cluster_precision", of_all, "Cluster precision", "聚类精确率"),
        ("cluster_recall", "cluster_recall", of_all, "Cluster recall", "聚类召回率"),
        (
            "pairwise_precision_of_channels", "pairwise_precision", of_channels,
            "Pairwise precision between any two channels", "任意两渠道间的成对精确率",
        ),
    )  # fmt: skip
    return [
        unique(QUALITY, "measure", "part", "left_channel", "right_channel"),
        between(QUALITY, "value", 0, None),
        *(
            at_least(
                QUALITY, rule, HIGHEST_LIKELY.format(measure=measure, cases=cases), thresholds[f"marts.{rule}"],
                f"{english} against the labels, at the upper end of its interval, stays within bounds.",
                f"按标注计算的{chinese}的区间上限不低于下限值。",
            )
            for rule, measure, cases, english, chinese in shares
        ),
        at_most(
            QUALITY, "review_load", REVIEW_LOAD.format(least=least), thresholds["marts.review_load"],
            "The pairs that wait for people, by a thousand customers, stay within bounds.",
            "每千客户待人工审核的配对数不超过上限。", "warning",
        ),
    ]  # fmt: skip


def _order_rules(thresholds: Mapping[str, float]) -> list[Rule]:
    tolerance = thresholds["marts.amount_tolerance"]
    return [
        no_rows(
            ORDERS, "net_amount_given", "select 1 from {batch} where counts_money and net_amount is null",
            "Every order whose money counts has a net amount.", "金额计入的订单都有净额。",
        ),
        no_rows(
            ORDERS, "none_lost", LOST_ORDERS,
            "Every staged order is an order of the mart.", "每条暂存订单都在集市订单表中。",
        ),
        no_rows(
            ORDERS, "exclusion_explained",
            "select 1 from {batch} where is_counted is distinct from (excluded_by is null)",
            "An order counts, or says by which rule it does not.", "订单要么计入,要么注明排除规则。",
        ),
        no_rows(
            ORDERS, "ordered_at_before_as_of",
            "select 1 from {batch} where ordered_at >= (select as_of_at from control.run)",
            "No order lies on or after the as-of date.", "订单时间均早于截止日。",
        ),
        at_most(
            ORDERS, "net_above_gross_share", NET_ABOVE_GROSS_SHARE.format(tolerance=tolerance),
            thresholds["marts.net_above_gross_share"],
            "The share of orders whose net exceeds gross, shipping and tax stays within bounds.",
            "净额高于毛额加运费税费的订单占比不超过上限。",
        ),
        at_most(
            ORDERS, "without_customer_share", WITHOUT_CUSTOMER_SHARE, thresholds["marts.orders_without_customer_share"],
            "The share of counted orders that belong to nobody stays within bounds.",
            "无归属客户的订单占比不超过上限。",
        ),
        no_rows(
            LINES, "order_exists", LINES_WITHOUT_ORDER, "Every line belongs to an order.", "每条明细都有对应订单。",
        ),
    ]  # fmt: skip
