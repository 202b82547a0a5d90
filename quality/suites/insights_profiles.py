"""Checks of what profiles tell of contact, and of the sums by place made of them."""

from collections.abc import Mapping

from quality.checks import Rule, at_least, between, in_set, no_rows, not_null, unique
from quality.suites.insights_models import INTENTS
from quality.suites.of_the_day import of_the_day, one_version

LEVELS = ("all", "country", "region", "city", "district")
SUMS = ("count_customers", "count_buyers", "count_orders", "net_amount")

FEATURES = of_the_day("customer_features")
PLACES = of_the_day("place_sums")
TABLES = (PLACES,)

UNCOUNTED_KINDS = """
select 1 from {batch} where interactions_30d <> coalesce(
    list_sum(cast(map_values(cast(cast(interactions_30d_by_kind as json) as map(varchar, bigint))) as bigint[])), 0
) or interactions_90d <> coalesce(
    list_sum(cast(map_values(cast(cast(interactions_90d_by_kind as json) as map(varchar, bigint))) as bigint[])), 0
)
"""
# Every place but a district has children, and a parent is there.
DIFFERING_SUMS = f"""
select 1 from (select * from {{batch}} where level <> 'district') as parents full join (
    select parent, {", ".join(f"sum({name}) as {name}" for name in SUMS)}
    from {{batch}} where level <> 'all' group by parent
) as children on children.parent = parents.place
where {" or ".join(f"parents.{name} is distinct from children.{name}" for name in SUMS)}
"""
DIFFERING_WHOLE = """
select 1 from {batch} where level = 'all'
having count(*) <> 1 or max(count_customers) <> (select count(*) from marts.customers)
"""
# Of a young business that has fewer customers than the bound there is nothing but the whole to tell.
SMALLEST_PLACE = f"""
select case when max(count_customers) >= {{fewest}} then min(count_customers) else {{fewest}} end as observed
from ({PLACES.rows}) as places
"""


def rules(thresholds: Mapping[str, float]) -> list[Rule]:
    """All rules of these tables."""
    fewest = thresholds["insights.smallest_tag"]
    return [
        not_null(FEATURES, "engagement_score"),
        not_null(FEATURES, "intent"),
        in_set(FEATURES, "intent", INTENTS),
        no_rows(
            FEATURES, "kinds_add_up", UNCOUNTED_KINDS,
            "The interactions of all kinds add up to those of 30 and of 90 days.", "各类型互动之和等于近 30 天、近 90 天互动数。",
        ),
        one_version(PLACES),
        unique(PLACES, "level", "place"),
        not_null(PLACES, "place"),
        in_set(PLACES, "level", LEVELS),
        *(between(PLACES, name, 0, None) for name in SUMS[:3]),
        not_null(PLACES, "net_amount"),
        no_rows(
            PLACES, "children_add_up", DIFFERING_SUMS,
            "The children of every place add up to it, unknown and other ones included.",
            "每个地点的下级之和等于该地点,“不详”与“其他”在内。",
        ),
        no_rows(
            PLACES, "every_customer", DIFFERING_WHOLE,
            "The whole counts every customer once.", "合计中每个客户恰计一次。",
        ),
        at_least(
            PLACES, "smallest_place", SMALLEST_PLACE.format(fewest=fewest), fewest,
            "No place is so rare that it tells of single persons.", "公布的地点人数不至于少到可识别个人。", "warning",
        ),
    ]  # fmt: skip
