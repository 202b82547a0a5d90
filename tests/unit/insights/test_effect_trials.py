"""How often the evaluation of an intervention claims an effect: on random splits without one, and with one planted.

10,000 customers, half of them reached by a campaign: what a medium business has and does. About four in ten bought
within 60 days, one in six twice. STRATA_SPLITS says how many splits there are; the goals hold from 200 on, of fewer
chance makes more of a difference.
"""

import os
from collections import Counter
from collections.abc import Iterator

import duckdb
import pytest

from orchestration.logic.effects.interventions import effects_of_interventions
from orchestration.logic.segmentation.store import replace_day

from .marts import AS_OF, empty_warehouse
from .test_effects import DAYS, START, Settings, campaign

SPLITS = int(os.environ.get("STRATA_SPLITS", "60"))
CUSTOMERS = 10_000
CLAIMED_AT_MOST, FOUND_AT_LEAST = (0.07, 0.80) if SPLITS >= 200 else (0.15, 0.70)
LIFT = 0.20

PEOPLE = f"""
create table people as
select
    i, printf('C%05d', i) as customer_id, -0.012 * ln(part(i, 'rate')) as rate,
    exp(4.5 + 0.8 * sqrt(-2 * ln(part(i, 'size'))) * cos(2 * pi() * part(i, 'angle'))) as size
from range({CUSTOMERS}) as t(i)
"""
# Each day is another chance to order, at a rate and of a size of the customer's own.
ORDERS = f"""
insert into marts.orders by name
select
    customer_id, customer_id || '/' || d as order_key, date '{AS_OF}' - cast(d as integer) as order_date,
    true as is_counted, true as counts_money,
    cast(size * (0.3 + 1.4 * part(i * 1000 + d, 'amount')) as decimal(18, 4)) as net_amount
from people cross join range(1, 481) as days(d) where part(i * 1000 + d, 'day') < rate
"""
SCORES = f"""
insert into marts.feedback by name
select
    customer_id || '/' || d as feedback_key, customer_id, 'csat' as kind, 1 + draw(i, d, 5) as score,
    timestamp '{START}' + interval 1 day * d as given_at
from people cross join (values (-20), (20)) as days(d) where part(i, d) < 0.3
"""
TIERS = f"""
select
    date '{START}' as day, 'value_tier' as scheme_id, customer_id,
    case when place < 0.2 then 'high' when place < 0.6 then 'middle' else 'low' end as tier
from (
    select customer_id, percent_rank() over (order by coalesce(amount, 0) desc, customer_id) as place
    from people left join (
        select customer_id, sum(net_amount) as amount from marts.orders where order_date < date '{START}' group by 1
    ) using (customer_id)
)
"""
REACHED = f"""
insert into marts.interactions by name
select customer_id, 'offer' as campaign, 'email' as kind, timestamp '{START}' + interval 1 day as occurred_at
from people where part(i, 'split {{split}}') < 0.5
"""
# So many of the treated who ordered on one day order on another too that the share of repeat buyers grows by LIFT.
BOUGHT = f"""
create table bought as
select people.customer_id, i, size, max(order_date) as last, count(distinct order_date) as days
from people left join marts.orders as o
    on o.customer_id = people.customer_id and order_date >= date '{START}' and order_date < date '{START}' + {DAYS}
group by all
"""
PLANTED = f"""
insert into marts.orders by name
select
    customer_id, 'planted/' || customer_id as order_key, if(last = date '{START}', last + 1, last - 1) as order_date,
    true as is_counted, true as counts_money, cast(size as decimal(18, 4)) as net_amount
from bought cross join (select avg(cast(days > 1 as integer)) / avg(cast(days = 1 as integer)) as ratio from bought)
where days = 1 and part(i, 'split {{split}}') < 0.5 and part(i, 'planted {{split}}') < {LIFT} * ratio
"""


@pytest.fixture(scope="module")
def business() -> duckdb.DuckDBPyConnection:
    con = empty_warehouse()
    con.execute("create macro part(i, salt) as (draw(i, salt, 1000000) + 0.5) / 1000000.0")
    for statement in (PEOPLE, ORDERS, SCORES, BOUGHT):
        con.execute(statement)
    replace_day(con, "tier_history", AS_OF, TIERS, "given")
    return con


def evaluations(
    con: duckdb.DuckDBPyConnection, settings: Settings, planted: bool
) -> Iterator[dict[tuple[str, str], str]]:
    """Of each split the verdict by class and metric, as the evaluation gives it."""
    for split in range(SPLITS):
        con.execute(REACHED.format(split=split))
        con.execute(PLANTED.format(split=split) if planted else "select 1")
        (query,) = effects_of_interventions(con, AS_OF, settings)
        rows = con.execute(f"select class, metric, verdict from ({query})").fetchall()
        yield {(group, metric): verdict for group, metric, verdict in rows}
        con.execute("delete from marts.interactions; delete from marts.orders where order_key like 'planted%'")


@pytest.fixture
def offer(settings) -> Settings:
    return Settings(settings, interventions=[campaign()])


def test_evaluation_when_splits_are_random_then_it_claims_few_effects(business, offer):
    told = list(evaluations(business, offer, planted=False))
    assert {len(verdicts) for verdicts in told} == {20}  # five metrics of all and of three tiers
    kinds = Counter(verdict for verdicts in told for verdict in verdicts.values())
    assert kinds["too_few"] < 0.1 * kinds.total()
    claims = [verdicts for verdicts in told if {"increased", "decreased"} & set(verdicts.values())]
    assert len(claims) <= CLAIMED_AT_MOST * SPLITS, Counter(
        row for verdicts in claims for row, verdict in verdicts.items() if verdict != "no_detectable_effect"
    )


def test_evaluation_when_a_fifth_is_planted_on_the_repeat_rate_then_it_is_found(business, offer):
    told = list(evaluations(business, offer, planted=True))
    found = [verdicts for verdicts in told if verdicts["all", "repeat_buyer_rate"] == "increased"]
    assert len(found) >= FOUND_AT_LEAST * SPLITS
    # Who did not come before does not come now.
    assert (
        sum(verdicts["all", "conversion_rate"] != "no_detectable_effect" for verdicts in told)
        <= CLAIMED_AT_MOST * SPLITS
    )
