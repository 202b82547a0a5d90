"""Days lived one by one: each customer is warned about once between two orders, and a warning only moves forward, unless the
order that saved it is cancelled.

STRATA_WARNING_DAYS sets how many (`make campaign-churn`: 60, with as many customers as STRATA_WARNING_CUSTOMERS), and the test
prints how early the warnings came, and what 50 calls a week reach, beside the overdue rule.
"""

import os
from datetime import timedelta
from itertools import pairwise
from pathlib import Path

import duckdb

from orchestration import statements, warehouse
from orchestration.sample import generate
from orchestration.settings import Home, load_settings
from tests.conftest import AS_OF, DAYS, SEED
from tests.pipeline.steps import build_insights, land

WARNING_DAYS = int(os.environ.get("STRATA_WARNING_DAYS", "2"))
CUSTOMERS = int(os.environ.get("STRATA_WARNING_CUSTOMERS", "200"))
OVERDUE = 2
"""The naive rule: no order for so many times the customer's own cycle."""

# What a customer was told of on the days: the first of a warning's rows, and what it is now.
LIVES = """
create table lives as
select
    warning_id,
    count(distinct customer_id) as customers,
    count(distinct first_warned_on) as beginnings,
    min(as_of) as told_on,
    any_value(first_warned_on) as first_warned_on,
    arg_max(customer_id, as_of) as customer_id,
    list(state order by as_of) as states
from strata.insights.churn_warnings
group by warning_id
"""
TWICE = """
select count(*) from lives as a inner join lives as b on a.customer_id = b.customer_id and a.warning_id < b.warning_id
where not exists (
    from strata.marts.orders as o
    where o.customer_id = a.customer_id and o.is_counted
        and o.order_date between least(a.first_warned_on, b.first_warned_on) and greatest(a.first_warned_on, b.first_warned_on)
)
"""
# By the naive rule a customer is told of on the first of the days on which the rule holds.
LEADS = """
with truth as (
    select distinct ids.customer_id, persons.churned_on
    from strata.marts.customer_source_ids as ids
    inner join read_parquet($records) as records
        on records.source = ids.source and records.entity = ids.entity and records.source_record_id = ids.source_record_id
    inner join read_parquet($persons) as persons on persons.true_person_id = records.true_person_id
    where persons.churned_on is not null
),
naive as (
    select customer_id, min(as_of) as told_on from strata.insights.customer_features
    where overdue_ratio >= $overdue group by customer_id having min(as_of) > $first
),
ours as (
    select customer_id, min(told_on) as told_on from lives where told_on > $first group by customer_id
),
lost as (select customer_id, min(as_of) as lost_on from strata.insights.lifecycle_states where lifecycle = 'lost' group by 1)
select
    who, count(*), count(churned_on), median(date_diff('day', told_on, churned_on)),
    count(lost_on), median(date_diff('day', told_on, lost_on))
from (select 'warnings' as who, * from ours union all select 'twice the own cycle', * from naive)
left join truth using (customer_id)
left join lost using (customer_id)
group by who order by who desc
"""
REACH = """
select median(share_reached), median(share_reached_by_rule), count(*) from strata.insights.churn_reach
where owner = 'all' and contacts = 50 and share_reached is not null
"""
# Whether the order that saved a warning which is open again does not count any more.
REOPENED = """
select exists (
    from strata.marts.orders as o
    where o.customer_id = now.customer_id and o.order_date = before.closed_on and not o.is_counted
)
from strata.insights.churn_warnings as now
inner join strata.insights.churn_warnings as before
    on before.warning_id = now.warning_id and before.as_of = now.as_of - 1 and before.state = 'saved' and now.state <> 'saved'
"""
WAYS = {
    "new": {"open", "contacted", "saved", "lost"}, "open": {"open", "contacted", "saved", "lost"},
    "contacted": {"contacted", "saved", "lost"}, "saved": {"saved", "open", "contacted", "lost"}, "lost": {"lost"},
}  # fmt: skip


def test_days_one_by_one_tell_of_each_customer_once_between_two_orders(tmp_path: Path) -> None:
    home, settings, first = Home(tmp_path / "home").ensure(), load_settings(), AS_OF - timedelta(WARNING_DAYS - 1)
    generate(home, CUSTOMERS, DAYS + 330 * (WARNING_DAYS > 2), SEED, AS_OF, lambda step, share: None)
    land(home, settings.sources)
    for day in (first + timedelta(number) for number in range(WARNING_DAYS)):
        build_insights(home, day, settings=settings)
        with warehouse.connect(home, read_only=True) as con:
            statements.keep(home, con, settings)
    with duckdb.connect() as con:
        con.execute(f"attach '{home.warehouse}' as strata (read_only)")
        con.execute(LIVES)
        lives = con.execute("select customers, beginnings, states from lives").fetchall()
        assert len(lives) > 5
        assert {(customers, beginnings) for customers, beginnings, _ in lives} == {(1, 1)}
        moves = {move for _, _, states in lives for move in pairwise(states)}
        reopened = con.execute(REOPENED).fetchall()
        assert {move for move in moves if move[1] not in WAYS[move[0]]} == set()
        assert {is_cancelled for (is_cancelled,) in reopened} <= {True}
        assert {states[0] for *_, states in lives if len(states) > 1} <= {"new", "open", "contacted"}
        assert con.execute(TWICE).fetchone() == (0,)
        names = {"records": str(home.truth / "records.parquet"), "persons": str(home.truth / "persons.parquet")}
        leads = con.execute(LEADS, names | {"overdue": OVERDUE, "first": first}).fetchall()
        (reach,) = con.execute(REACH).fetchall()
    print(
        f"{len(lives)} warnings in {WARNING_DAYS} days; who, told, truly gone, median lead; life cycle lost, median lead: {leads}"
    )
    print(f"money at risk within 50 calls, most overdue first (medians over the days): {reach}")
