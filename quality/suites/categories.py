"""Checks of the categories to come."""

from collections.abc import Mapping

from quality.checks import Rule, between, in_set, no_rows, not_null, unique
from quality.suites.of_the_day import customer_exists, of_the_day, one_version

NEXT = of_the_day("next_categories", may_be_empty=True)
TABLES = (NEXT,)

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
    ]  # fmt: skip
