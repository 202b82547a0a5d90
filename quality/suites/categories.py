"""Checks of the categories to come, and of the spells of tags."""

from collections.abc import Mapping

from quality.checks import Rule, between, in_set, no_rows, not_null, unique
from quality.suites.of_the_day import customer_exists, of_the_day, one_version

NEXT = of_the_day("next_categories", may_be_empty=True)
SPELLS = of_the_day("customer_tag_spells", may_be_empty=True)
TAGS = of_the_day("customer_tags")
TABLES = (NEXT, SPELLS)

# Ranks count from 1 without a gap, and the chance falls with them.
DISORDERED = """
select 1 from (
    select
        "rank", row_number() over ranked as place, probability, lag(probability) over ranked as better
    from {batch} window ranked as (partition by customer_id order by "rank")
) as told where "rank" <> place or probability > better
"""
# What is told is what did better on the days held out.
WORSE_METHOD = """
select 1 from {batch} where method = 'transitions' and not coalesce(hit_rate_transitions > hit_rate_popular, false)
"""
# The spells that hold are the tags of the day; none ends before it begins, or later than the day.
BROKEN_SPELLS = f"""
select 1 from (from {{batch}} where valid_to is null) as spells full join ({TAGS.rows}) as tags
on tags.customer_id = spells.customer_id and tags.rule_id = spells.rule_id
where spells.customer_id is null or tags.customer_id is null
union all
select 1 from {{batch}} where valid_from > as_of or valid_to > as_of or valid_to <= valid_from
"""


def rules(_: Mapping[str, float]) -> list[Rule]:
    """All rules of this table."""
    return [
        one_version(NEXT), customer_exists(NEXT), unique(NEXT, "customer_id", "rank"),
        unique(NEXT, "customer_id", "category"), not_null(NEXT, "category"),
        between(NEXT, "probability", 0, 1), in_set(NEXT, "method", ("transitions", "popular")),
        no_rows(NEXT, "ranked", DISORDERED, "The chance falls with the rank.", "概率随次序递减。"),
        no_rows(
            NEXT, "better_method", WORSE_METHOD,
            "Transitions are told only where they did better on the days held out.", "仅在留出期内更准时采用转移法。",
        ),
        one_version(SPELLS), customer_exists(SPELLS), unique(SPELLS, "customer_id", "rule_id", "valid_from"),
        not_null(SPELLS, "valid_from"),
        no_rows(
            SPELLS, "hold_as_told", BROKEN_SPELLS,
            "The spells that hold are the tags of the day, and none ends later.", "有效中的标签即当日标签,终止日不晚于当日。",
        ),
    ]  # fmt: skip
