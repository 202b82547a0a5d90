"""The tier table repeats what the other tables say of the day: every column is compared with the one it comes from."""

from itertools import pairwise

import pytest

from orchestration.logic.tier_table import BAND_COLUMNS

from .marts import AS_OF

# Column of the tier table → where it comes from.
SOURCES = {
    "display_name": "c.display_name", "customer_type": "c.customer_type",
    "tier": "t.tier", "total_points": "t.total_points", "tier_since": "t.tier_since",
    "previous_tier": "t.previous_tier", "tier_reason": "t.tier_reason", "missing_inputs": "t.missing_inputs",
    "net_amount": "f.net_amount_window", "orders_in_window": "f.count_orders_window",
    "purchase_cycle_days": "f.purchase_cycle_days", "top3_categories": "f.top3_categories",
    "presale_enquiries": "f.presale_window", "aftersale_tickets": "f.aftersale_window",
    "custom_requests": "f.custom_requests_window", "main_channel": "f.main_channel", "main_payment": "f.main_payment",
    "usual_time": "f.usual_time", "interactions_90d": "f.interactions_90d", "csat_average": "f.csat_average",
    "repeat_orders": "f.repeat_orders_window", "referrals": "f.referrals_window", "loyalty_member": "f.loyalty_member",
    "repeat_rate": "cast(f.repeat_orders_window / nullif(f.count_orders_window, 0) as decimal(9, 4))",
    "lifecycle": "l.lifecycle", "rfm_segment": "r.rfm_segment", "abc_class": "a.abc_class",
    "churn_band": "w.band", "churn_score": "w.churn_score", "value_at_risk": "w.value_at_risk",
}  # fmt: skip


def test_tier_table_when_computed_then_every_value_is_the_one_of_its_table(computed, settings):
    columns = ", ".join(
        f"count(*) filter (where m.{name} is distinct from {source}), count(m.{name})"
        for name, source in SOURCES.items()
    )
    counts = computed.execute(
        f"""
        select {columns}
        from insights.customer_tier_table as m
        left join marts.customers as c using (customer_id)
        left join insights.customer_features as f on f.customer_id = m.customer_id and f.as_of = m.as_of
        left join insights.customer_tiers as t
            on t.customer_id = m.customer_id and t.as_of = m.as_of and t.scheme_id = ?
        left join insights.lifecycle_states as l on l.customer_id = m.customer_id and l.as_of = m.as_of
        left join insights.rfm_scores as r on r.customer_id = m.customer_id and r.as_of = m.as_of
        left join insights.abc_classes as a on a.customer_id = m.customer_id and a.as_of = m.as_of
        left join insights.churn_warnings as w
            on w.customer_id = m.customer_id and w.as_of = m.as_of and w.closed_on is null
        """,
        [settings.criteria.main_scheme],
    ).fetchone()
    wrong, filled = dict(zip(SOURCES, counts[::2], strict=True)), dict(zip(SOURCES, counts[1::2], strict=True))
    assert {name: count for name, count in wrong.items() if count} == {}
    assert [name for name, count in filled.items() if not count] == []


def test_tier_table_when_a_company_has_a_size_then_what_is_added_for_it_is_shown_beside_the_strategy(computed):
    found = computed.execute(
        """
        select distinct c.size_band, m.size_strategy_zh, m.size_strategy_en
        from insights.customer_tier_table as m inner join marts.customers as c using (customer_id) order by all
        """
    ).fetchall()
    assert found == [
        ("large", "推荐高端解决方案", "Offer high-end solutions"),
        ("small", "推荐性价比高的产品", "Offer products of good value"),
        (None, None, None),
    ]


@pytest.mark.parametrize("column", BAND_COLUMNS)
def test_tier_table_when_computed_then_every_band_is_the_one_of_the_scorecard(computed, settings, column):
    criterion = settings.criteria.main.criteria[BAND_COLUMNS[column]]
    rows = computed.execute(
        f"""
        select m.{column}, p.band, p.raw_value
        from insights.customer_tier_table as m
        left join insights.scorecard_points as p
            on p.customer_id = m.customer_id and p.as_of = m.as_of and p.scheme_id = ? and p.criterion = ?
        """,
        [settings.criteria.main_scheme, BAND_COLUMNS[column]],
    ).fetchall()
    assert len(rows) == 400
    assert [row for row in rows if row[0] != row[1]] == []
    assert {band for band, _, _ in rows if band} == {band.code for band in criterion.best_first}
    if criterion.scale == "value":
        outside = [
            (band, raw) for band, _, raw in rows if band and raw is not None and not _holds(criterion, band, raw)
        ]
        assert outside == []


def _holds(criterion, code, raw) -> bool:
    (band,) = [band for band in criterion.best_first if band.code == code]
    return (band.at_least is None or raw >= band.at_least) and (band.below is None or raw < band.below)


def test_tier_table_when_computed_then_who_is_warned_about_and_better_tiers_come_first(computed, settings):
    rows = computed.execute(
        "select tier, churn_band, value_at_risk, next_contact_due from insights.customer_tier_table order by priority_rank"
    ).fetchall()
    tiers = [tier.code for tier in settings.criteria.main.tiers]
    places = [(tiers.index(tier), (None, "medium", "high").index(band) * -1) for tier, band, _, _ in rows]
    assert places == sorted(places)
    assert len(set(places)) > 4
    for before, after in pairwise(rows):
        if before[:2] == after[:2] and before[1]:
            assert before[2] >= after[2]
    assert all(due >= AS_OF for _, _, _, due in rows if due)
