"""feature_drift: how far the distribution of each scored feature and of each scheme's tiers has moved within a year.

Population stability index over bins that the reference day fixes: PSI = sum (p - q) ln(p / q), with half a customer
added to each bin so that an empty one does not make it endless. A customary reading is: below 0.1 stable, from 0.25
on shifted (Siddiqi, Credit Risk Scorecards, 2006); the bounds are in criteria.yml.
"""

from datetime import date

import duckdb

from orchestration.logic.effects.periods import month_bounds
from orchestration.logic.segmentation.features import build_features, drop_temporary
from orchestration.logic.segmentation.store import literal, replace_day
from orchestration.settings.insights import InsightSettings


def feature_drift(con: duckdb.DuckDBPyConnection, as_of: date, settings: InsightSettings) -> int:
    """Writes insights.feature_drift of `as_of`. Grain: subject_kind (feature, tiers), subject. Needs
    insights.customer_features, customer_tiers and tier_history. Returns the rows."""
    drift = settings.criteria.effects.drift
    reference = month_bounds(as_of, drift.reference_months)[0]
    features = sorted({c.feature for scheme in settings.criteria.schemes.values() for c in scheme.criteria.values()})
    past = build_features(con, [reference], as_of, settings, set(features))
    columns = ", ".join(f"cast({feature} as decimal(28, 4)) as {feature}" for feature in features)
    con.execute(f"create or replace temp table strata_reference as select {columns} from ({past})")
    drop_temporary(con)
    query = _DRIFT.format(
        columns=columns,
        features=", ".join(features),
        day=literal(as_of),
        reference=literal(reference),
        shares=[place / drift.bins for place in range(1, drift.bins)],
        watch=drift.watch_at,
        alert=drift.alert_at,
    )
    rows = replace_day(con, "feature_drift", as_of, query, settings.criteria_version)
    con.execute("drop table temp.strata_reference")
    return rows


# A bin is the number of reference quantiles at or below the value; unknown values are a bin of their own.
_DRIFT = """
with long as (
    from (
        select *, true as is_reference from strata_reference
        union all by name
        select {columns}, false as is_reference from insights.customer_features where as_of = {day}
    ) unpivot include nulls (value for subject in ({features}))
),
edges as (
    select subject, unnest(list_distinct(quantile_disc(value, {shares}))) as edge
    from long where is_reference and value is not null group by subject
),
distinct_values as (
    select subject, value, is_reference, count(*) as n from long group by subject, value, is_reference
),
binned as (
    select
        'feature' as subject_kind, d.subject, is_reference, n,
        case when d.value is null then '?' else cast((
            select count(*) from edges where edges.subject = d.subject and edges.edge <= d.value
        ) as varchar) end as bin
    from distinct_values as d
    union all
    select 'tiers', scheme_id, true, count(*), tier
    from insights.tier_history where day = {reference} group by scheme_id, tier
    union all
    select 'tiers', scheme_id, false, count(*), tier
    from insights.customer_tiers where as_of = {day} group by scheme_id, tier
),
counts as (
    select
        subject_kind, subject, bin, coalesce(sum(n) filter (where is_reference), 0) as before,
        coalesce(sum(n) filter (where not is_reference), 0) as now
    from binned group by subject_kind, subject, bin
),
shares as (
    select
        *, count(*) over whole as bins, sum(before) over whole as all_before, sum(now) over whole as all_now,
        (before + 0.5) / (all_before + 0.5 * bins) as q, (now + 0.5) / (all_now + 0.5 * bins) as p
    from counts window whole as (partition by subject_kind, subject)
),
told as (
    select
        subject_kind, subject, {reference} as reference_day, cast(any_value(all_before) as bigint) as count_reference,
        cast(any_value(all_now) as bigint) as count_customers, count(*) as count_bins,
        case when any_value(all_before) > 0 and any_value(all_now) > 0 then
            cast(round(sum((p - q) * ln(p / q) order by bin), 4) as decimal(9, 4))
        end as psi
    from shares group by subject_kind, subject
)
select
    *,
    case
        when psi is null then 'no_reference' when psi < {watch} then 'stable' when psi < {alert} then 'watch'
        else 'shifted'
    end as verdict
from told
"""
