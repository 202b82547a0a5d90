"""The life of a warning: new, open, contacted, and closed as saved or lost. One warning at most between two orders.

A warning that was published is remembered (control.warning_statement) and stays until it ends, even when its signals
fade: who was called about stays on the list. It ends with the first counted order from its first day on, with a result that
somebody fed in (control.warning_results), when the customer's life cycle says lost or a contract ended, or lost_after_days
without an order. An order that is cancelled afterwards saved nobody: the warning goes on as if it had not been.
Nobody is warned about within rest_days after we were in contact. Who was merged into another hands the warning on.
"""

from datetime import date

import duckdb

from orchestration.logic.segmentation.grid import business_day, business_timezone
from orchestration.logic.segmentation.store import literal
from orchestration.settings.churn import Life

STATES = ("new", "open", "contacted", "saved", "lost")
RESULTS = ("contacted", "saved", "lost")


def make_life(con: duckdb.DuckDBPyConnection, as_of: date, life: Life) -> None:
    """The temporary table `strata_life`, from strata_warned (who is warned about today) and strata_stakes: customer_id,
    warning_id, signal_score, band, reasons, first_warned_on, state, contacted_on, closed_on. Grain: customer."""
    kinds = ", ".join(literal(kind) for kind in life.contact_kinds)
    con.execute(
        "create or replace temp table strata_life as "
        + _LIFE.format(
            day=literal(as_of),
            kinds=kinds,
            contact_day=business_day("occurred_at", business_timezone(con)),
            rest=life.rest_days,
            lost_after=life.lost_after_days,
            shown=life.shown_days,
        )
    )


def warning_statement_query(as_of: date) -> str:
    """SQL of what a publication says of its warnings, to be kept for the days after it."""
    return f"""
        select customer_id, warning_id, signal_score, band, reasons, first_warned_on, state, contacted_on, closed_on
        from insights.churn_warnings where as_of = {literal(as_of)}
    """


_LIFE = """
with recursive gone as (
    select distinct customer_id from control.warning_statement
    where customer_id not in (select customer_id from strata_stakes)
),
heirs as (
    select customer_id, customer_id as heir from gone
    union
    select heirs.customer_id, events.customer_id
    from heirs
    inner join marts.identity_events as events on events.other_customer_id = heirs.heir and events.kind = 'merged'
),
told as (
    select told.* replace (coalesce(heirs.heir, told.customer_id) as customer_id)
    from control.warning_statement as told
    left join heirs on heirs.customer_id = told.customer_id
),
held as (
    select * from told where customer_id in (select customer_id from strata_stakes)
    qualify row_number() over (partition by customer_id order by first_warned_on, warning_id) = 1
),
contact_days as (
    select distinct customer_id, {contact_day} as contact_day
    from marts.interactions
    where kind in ({kinds}) and coalesce(lower(direction), 'out') not like 'in%' and {contact_day} < {day}
        and customer_id in (select customer_id from strata_warned union select customer_id from held)
),
spaced as (
    select *, lead(contact_day) over (partition by customer_id order by contact_day) as next_day from contact_days
),
-- The first day from the due day on with no contact in the rest_days before it.
rested as (
    select
        w.customer_id,
        case
            when coalesce(bool_or(c.contact_day >= w.began - {rest} and c.contact_day < w.began), false) then
                min(greatest(c.contact_day + {rest}, w.began)) filter (
                    where c.contact_day >= w.began - {rest}
                        and (c.next_day is null or c.next_day >= c.contact_day + {rest})
                )
            else w.began
        end as first_warned_on
    from strata_warned as w
    left join spaced as c on c.customer_id = w.customer_id
    group by w.customer_id, w.began
),
ordered as (
    select held.customer_id, min(orders.order_date) as ordered_on
    from held
    inner join marts.orders as orders
        on orders.customer_id = held.customer_id and orders.is_counted
        and orders.order_date >= held.first_warned_on and orders.order_date < {day}
    group by held.customer_id
),
fresh as (
    select
        w.customer_id,
        'W' || left(sha256(w.customer_id || '/' || cast(r.first_warned_on as varchar)), 16) as warning_id,
        w.signal_score, w.band, w.reasons, r.first_warned_on
    from strata_warned as w
    inner join rested as r on r.customer_id = w.customer_id
    where r.first_warned_on <= {day} and w.customer_id not in (
        select held.customer_id from held anti join ordered on ordered.customer_id = held.customer_id
    )
),
episodes as (
    select fresh.*, cast(null as date) as ordered_on, cast(null as varchar) as told_state, cast(null as date) as told_closed_on
    from fresh
    union all by name
    select
        held.customer_id, held.warning_id,
        coalesce(w.signal_score, held.signal_score) as signal_score, coalesce(w.band, held.band) as band,
        coalesce(w.reasons, held.reasons) as reasons,
        held.first_warned_on, ordered.ordered_on, held.state as told_state, held.closed_on as told_closed_on
    from held
    left join ordered on ordered.customer_id = held.customer_id
    left join strata_warned as w on w.customer_id = held.customer_id and ordered.customer_id is null
    anti join fresh on fresh.customer_id = held.customer_id
),
results as (
    select
        warning_id,
        min(happened_on) filter (where result = 'contacted') as contacted_on,
        min(happened_on) filter (where result = 'saved') as saved_on,
        min(happened_on) filter (where result = 'lost') as lost_on
    from control.warning_results where happened_on < {day} group by warning_id
),
contacted as (
    select e.customer_id, min(c.contact_day) as contacted_on
    from episodes as e
    inner join contact_days as c on c.customer_id = e.customer_id and c.contact_day >= e.first_warned_on
    group by e.customer_id
),
ended as (
    select
        e.*,
        least(c.contacted_on, r.contacted_on) as contact,
        least(e.ordered_on, r.saved_on) as saved_on,
        r.lost_on,
        -- As a day begins, so before an order of that day.
        least(
            case when e.told_state = 'lost' then e.told_closed_on end,
            case when (s.lifecycle = 'lost' or s.churn_probability is null) and e.ordered_on is null then {day} end,
            case when e.first_warned_on + {lost_after} <= {day} then e.first_warned_on + {lost_after} end
        ) as gone_on
    from episodes as e
    inner join strata_stakes as s on s.customer_id = e.customer_id
    left join results as r on r.warning_id = e.warning_id
    left join contacted as c on c.customer_id = e.customer_id
),
closed as (
    select
        *, least(saved_on, lost_on, gone_on) as closed_on,
        saved_on <= coalesce(lost_on, saved_on) and saved_on < coalesce(gone_on, saved_on + 1) as is_saved
    from ended
)
select
    customer_id, warning_id, signal_score, band, reasons, first_warned_on,
    case
        when is_saved then 'saved'
        when closed_on is not null then 'lost'
        when contact is not null then 'contacted'
        when first_warned_on = {day} then 'new'
        else 'open'
    end as state,
    case when contact <= coalesce(closed_on, contact) then contact end as contacted_on,
    closed_on
from closed
-- What would have ended before anybody was told of it was no warning.
where closed_on is null or (told_state is not null and closed_on + {shown} > {day})
"""
