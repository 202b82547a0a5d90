"""Who refused to be profiled: such a customer is neither scored nor warned about."""

from datetime import date

from orchestration.logic.segmentation.store import literal


def refused(as_of: date, purpose: str) -> str:
    """SQL: customer_id of those whose latest word about `purpose` before the day is no."""
    return f"""
        select customer_id from marts.consents
        where customer_id is not null and purpose = {literal(purpose)}
            and given_at < timezone('UTC', timezone((select business_timezone from control.run), {literal(as_of)}::timestamp))
        group by customer_id
        having first(state order by given_at desc, state desc) = 'withdrawn'
    """
