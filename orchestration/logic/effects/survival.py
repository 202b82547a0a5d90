"""The median time to an event when some have not come yet: the product-limit estimate, as one SQL query for any groups.

Kaplan & Meier, Nonparametric estimation from incomplete observations, JASA 53 (1958), 457-481.
"""


def median_days(cases: str, groups: str) -> str:
    """SQL: `groups`, median_days, count_cases, count_events from a relation with `groups`, days and happened (whether
    the event came after so many days; if not, the case was watched for so many days without it).

    The median is the first time at which at most half are without the event; null when that was not reached.
    """
    # Products of fractions may miss one half by a rounding error.
    return f"""
        with times as (
            select
                {groups}, days, count(*) filter (where happened) as events, count(*) as leaving
            from {cases} group by {groups}, days
        ),
        risks as (
            select *, sum(leaving) over (partition by {groups} order by days desc) as at_risk from times
        ),
        curve as (
            select
                *, product(1 - events / at_risk) over (partition by {groups} order by days) as still_without
            from risks
        )
        select
            {groups}, min(days) filter (where still_without <= 0.5 + 1e-9) as median_days,
            cast(sum(leaving) as bigint) as count_cases, cast(sum(events) as bigint) as count_events
        from curve group by {groups}
    """
