"""Which owner looks after which customer: a pure function of customer id, tier and the owners' capacities.

Weighted rendezvous hashing: each owner of the tier draws a number from the customer's id, the largest wins, in
proportion to capacity. A new or leaving colleague moves only the customers they gain or lose. Nobody's earlier
assignment is read.
"""

from orchestration.logic.segmentation.store import values
from orchestration.settings.people import Owner

# 2^53: the largest range of integers that a double holds exactly.
_RANGE = 9007199254740992


def assigned(customers: str, owners: dict[str, Owner]) -> str:
    """SQL: customer_id, owner, from a relation with customer_id and tier. A tier without owner gives no row."""
    rows = [(tier, code, owner.capacity) for code, owner in owners.items() for tier in owner.tiers]
    draw = f"((md5_number_lower(c.customer_id || '/' || o.owner) % {_RANGE}) + 0.5) / {_RANGE}"
    return f"""
        select c.customer_id, first(o.owner order by -ln({draw}) / o.capacity, o.owner) as owner
        from {customers} as c
        inner join {values("o(tier, owner, capacity)", rows)} on o.tier = c.tier
        group by c.customer_id
    """
