"""tier_allocation: what each tier brings in and what is put into it in the window: contacts, spend, owners' capacity.

Tiers are those of as_of. Who looks after whom is decided in churn/owners.py; here capacities are only added up.
"""

from datetime import date

import duckdb

from orchestration.logic.segmentation.grid import business_day, business_timezone
from orchestration.logic.segmentation.store import literal, replace_day, values
from orchestration.settings.insights import InsightSettings


def tier_allocation(con: duckdb.DuckDBPyConnection, as_of: date, settings: InsightSettings) -> int:
    """Writes insights.tier_allocation of `as_of`. Grain: scheme_id, tier; every tier of every scheme has a row. Money
    and contacts are those of the window. Needs insights.customer_tiers, customer_features. Returns the rows."""
    tiers = [
        (scheme_id, tier.code, place, *_staff(scheme_id, tier.code, settings))
        for scheme_id, scheme in settings.criteria.schemes.items()
        for place, tier in enumerate(scheme.tiers)
    ]
    kinds = ", ".join(literal(kind) for kind in settings.people.strategies.contact_kinds) or "null"
    query = _ALLOCATION.format(
        tiers=values("t(scheme_id, tier, place, count_owners, capacity)", tiers),
        kinds=kinds,
        occurred=business_day("occurred_at", business_timezone(con)),
        day=literal(as_of),
        window=settings.criteria.window_days,
    )
    return replace_day(con, "tier_allocation", as_of, query, settings.criteria_version)


def _staff(scheme_id: str, tier: str, settings: InsightSettings) -> tuple[int | None, int | None]:
    """Number of owners of a tier and their capacity together; owners look after tiers of the main scheme only."""
    if scheme_id != settings.criteria.main_scheme:
        return None, None
    owners = [owner for owner in settings.people.owners.values() if tier in owner.tiers]
    return len(owners), sum(owner.capacity for owner in owners)


# The spend of a campaign falls on tiers in proportion to their interactions that carry it; a campaign that nobody's
# interaction carries falls on none.
_ALLOCATION = """
with tiers as (select * from {tiers}),
contacts as (
    select customer_id, campaign, kind in ({kinds}) as is_touch, count(*) as n
    from (
        select customer_id, campaign, kind, {occurred} as day from marts.interactions where customer_id is not null
    )
    where day >= {day} - {window} and day < {day}
    group by customer_id, campaign, is_touch
),
touches as (select customer_id, sum(n) filter (where is_touch) as touches from contacts group by customer_id),
spent as (
    select campaign, sum(cast(amount as decimal(18, 4))) as amount from marts.spend
    where amount is not null and spend_date >= {day} - {window} and spend_date < {day} group by campaign
),
reached as (
    select t.scheme_id, t.tier, c.campaign, sum(c.n) as n
    from contacts as c
    inner join insights.customer_tiers as t on t.customer_id = c.customer_id and t.as_of = {day}
    where c.campaign is not null
    group by t.scheme_id, t.tier, c.campaign
),
fallen as (
    select scheme_id, tier, cast(round(sum(cost), 4) as decimal(28, 4)) as spend
    from (
        select
            scheme_id, tier, cast(amount * n / sum(n) over (partition by scheme_id, reached.campaign) as decimal(28, 8))
                as cost
        from reached inner join spent on spent.campaign = reached.campaign
    ) group by scheme_id, tier
),
sums as (
    select
        t.scheme_id, t.tier, count(*) as count_customers,
        cast(sum(f.net_amount_window) as decimal(28, 4)) as net_amount,
        cast(coalesce(sum(touches), 0) as bigint) as count_touches
    from insights.customer_tiers as t
    inner join insights.customer_features as f on f.customer_id = t.customer_id and f.as_of = t.as_of
    left join touches on touches.customer_id = t.customer_id
    where t.as_of = {day}
    group by t.scheme_id, t.tier
),
filled as (
    select
        tiers.*, coalesce(count_customers, 0) as count_customers, coalesce(net_amount, 0) as net_amount,
        coalesce(count_touches, 0) as count_touches,
        -- Without any spend source the cost is unknown; with one, a tier that nobody reached cost nothing.
        case when exists (select 1 from spent) then coalesce(spend, 0) end as spend
    from tiers
    left join sums on sums.scheme_id = tiers.scheme_id and sums.tier = tiers.tier
    left join fallen on fallen.scheme_id = tiers.scheme_id and fallen.tier = tiers.tier
)
select
    scheme_id, tier, cast(place + 1 as integer) as tier_rank, count_customers, net_amount, count_touches, spend,
    round(count_customers / nullif(sum(count_customers) over whole, 0), 4) as share_customers,
    round(net_amount / nullif(sum(net_amount) over whole, 0), 4) as share_net_amount,
    round(count_touches / nullif(sum(count_touches) over whole, 0), 4) as share_touches,
    round(net_amount / nullif(count_customers, 0), 4) as net_amount_per_customer,
    round(net_amount / nullif(count_touches, 0), 4) as net_amount_per_touch,
    round(count_touches / nullif(count_customers, 0), 4) as touches_per_customer,
    round(net_amount / nullif(spend, 0), 4) as net_amount_per_spend,
    count_owners, capacity, round(count_customers / nullif(capacity, 0), 4) as capacity_used
from filled
window whole as (partition by scheme_id)
"""
