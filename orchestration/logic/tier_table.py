"""The customer tier table 客户分层管理表: twelve columns wide, with bands, owner, strategy, next contact, priority.

Joins what the other insight tables say of one as-of day; it computes no class of its own. One row for each customer:
the table holds one as-of day only, the one it was made for last.
"""

from datetime import date

import duckdb

from orchestration.logic.churn.owners import assigned
from orchestration.logic.segmentation.store import case_by, literal, replace_day
from orchestration.settings.criteria import Scheme
from orchestration.settings.insights import InsightSettings

# Band column of the table → code of the criterion in the main scheme (a scheme without it leaves the column empty).
BAND_COLUMNS = {
    "amount_band": "purchase_amount",
    "frequency_band": "purchase_frequency",
    "cycle_band": "purchase_cycle",
    "preference_band": "product_preference",
    "service_band": "service_need",
    "personalisation_band": "personalisation",
    "purchase_band": "purchase_behaviour",
    "interaction_band": "interaction",
    "loyalty_band": "loyalty",
}


def customer_tier_table(con: duckdb.DuckDBPyConnection, as_of: date, settings: InsightSettings) -> int:
    """Writes insights.customer_tier_table for `as_of` from the other insight tables. Returns the rows."""
    scheme, people, day = settings.criteria.main, settings.people, literal(as_of)
    strategies, owners = people.strategies.strategies, people.owners
    query = _TABLE.format(
        day=day,
        scheme=literal(settings.criteria.main_scheme),
        bands=_bands(scheme),
        assigned=assigned(
            f"(select customer_id, tier from insights.customer_tiers where {_day_of(day, settings)})", owners
        ),
        tier_strategy=case_by("t.tier", dict(people.strategies.by_tier)),
        tier_zh=case_by("tier", {tier.code: tier.label.zh for tier in scheme.tiers}),
        tier_en=case_by("tier", {tier.code: tier.label.en for tier in scheme.tiers}),
        tier_rank=case_by("tier", {tier.code: rank for rank, tier in enumerate(scheme.tiers)}),
        owner_zh=case_by("owner", {code: owner.name.zh for code, owner in owners.items()}),
        owner_en=case_by("owner", {code: owner.name.en for code, owner in owners.items()}),
        strategy_zh=case_by("strategy_code", {code: strategy.text.zh for code, strategy in strategies.items()}),
        strategy_en=case_by("strategy_code", {code: strategy.text.en for code, strategy in strategies.items()}),
        mode_zh=case_by("strategy_code", {code: strategy.contact_mode.zh for code, strategy in strategies.items()}),
        mode_en=case_by("strategy_code", {code: strategy.contact_mode.en for code, strategy in strategies.items()}),
        size_zh=case_by("size_band", {size: text.zh for size, text in people.strategies.by_company_size.items()}),
        size_en=case_by("size_band", {size: text.en for size, text in people.strategies.by_company_size.items()}),
        cadence=case_by("strategy_code", {code: strategy.cadence_days for code, strategy in strategies.items()}),
        up_potential=_flag(scheme, scheme.flags.up_potential_top_band_in, best=True),
        loyalty_risk=_flag(scheme, scheme.flags.loyalty_risk_lowest_band_in, best=False),
    )
    return replace_day(con, "customer_tier_table", as_of, query, settings.criteria_version)


def _day_of(day: str, settings: InsightSettings) -> str:
    return f"as_of = {day} and scheme_id = {literal(settings.criteria.main_scheme)}"


def _bands(scheme: Scheme) -> str:
    return ", ".join(
        f"max(band) filter (where criterion = {literal(code)}) as {column}" for column, code in BAND_COLUMNS.items()
    ) + "".join(f", max(band) filter (where criterion = {literal(code)}) as band_of_{code}" for code in scheme.criteria)


def _flag(scheme: Scheme, codes: list[str], best: bool) -> str:
    """SQL: outside the top (lowest) tier, but in the best (lowest) band of one of the criteria."""
    edge_tier = scheme.tiers[0 if best else -1].code
    hits = [f"band_of_{code} = {literal(scheme.criteria[code].best_first[0 if best else -1].code)}" for code in codes]
    return f"coalesce(t.tier <> {literal(edge_tier)} and ({' or '.join(hits) or 'false'}), false)"


_TABLE = """
with bands as (
    select customer_id, {bands}
    from insights.scorecard_points where as_of = {day} and scheme_id = {scheme}
    group by customer_id
),
joined as (
    select
        f.customer_id,
        customers.display_name,
        customers.customer_type,
        customers.size_band,
        t.tier, t.total_points, t.tier_since, t.previous_tier, t.tier_reason,
        f.net_amount_window as net_amount, b.amount_band,
        f.count_orders_window as orders_in_window, b.frequency_band,
        f.purchase_cycle_days, b.cycle_band,
        f.top3_categories, b.preference_band,
        f.presale_window as presale_enquiries, f.aftersale_window as aftersale_tickets, b.service_band,
        f.custom_requests_window as custom_requests, b.personalisation_band,
        f.main_channel, f.main_payment, f.usual_time, b.purchase_band,
        f.interactions_90d, f.csat_average, b.interaction_band,
        f.repeat_orders_window as repeat_orders,
        round(f.repeat_orders_window / nullif(f.count_orders_window, 0), 4) as repeat_rate,
        f.referrals_window as referrals, f.loyalty_member, b.loyalty_band,
        l.lifecycle, r.rfm_segment, a.abc_class,
        w.band as churn_band, w.churn_score, w.value_at_risk,
        owned.owner,
        coalesce(w.strategy_code, {tier_strategy}) as strategy_code,
        f.last_contact_date,
        {up_potential} as up_potential,
        {loyalty_risk} as loyalty_risk,
        t.missing_inputs
    from insights.customer_features as f
    inner join marts.customers as customers on customers.customer_id = f.customer_id
    inner join insights.customer_tiers as t
        on t.as_of = f.as_of and t.customer_id = f.customer_id and t.scheme_id = {scheme}
    inner join bands as b on b.customer_id = f.customer_id
    inner join insights.lifecycle_states as l on l.as_of = f.as_of and l.customer_id = f.customer_id
    inner join insights.rfm_scores as r on r.as_of = f.as_of and r.customer_id = f.customer_id
    inner join insights.abc_classes as a on a.as_of = f.as_of and a.customer_id = f.customer_id
    left join insights.churn_warnings as w
        on w.as_of = f.as_of and w.customer_id = f.customer_id and w.closed_on is null
    left join ({assigned}) as owned on owned.customer_id = f.customer_id
    where f.as_of = {day}
)
select
    joined.* exclude (last_contact_date, size_band),
    {tier_zh} as tier_zh,
    {tier_en} as tier_en,
    {owner_zh} as owner_zh,
    {owner_en} as owner_en,
    {strategy_zh} as strategy_zh,
    {strategy_en} as strategy_en,
    {size_zh} as size_strategy_zh,
    {size_en} as size_strategy_en,
    {mode_zh} as contact_mode_zh,
    {mode_en} as contact_mode_en,
    greatest({day}, last_contact_date + {cadence}) as next_contact_due,
    row_number() over (
        order by
            {tier_rank},
            case churn_band when 'high' then 0 when 'medium' then 1 else 2 end,
            value_at_risk desc nulls last,
            total_points desc,
            customer_id
    ) as priority_rank
from joined
"""
