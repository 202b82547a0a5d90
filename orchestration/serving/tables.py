"""The one list of published tables: the name readers know, where its rows come from, its grain.

Add a table here and it is published, masked, hashed and verified like the others. Sources are tables of the warehouse,
or a query where a table exists only for readers.
"""

from dataclasses import dataclass
from typing import Literal

# none: the table has no days. history: all days up to the publication's. latest: the publication's day alone.
Days = Literal["none", "history", "latest"]


@dataclass(frozen=True)
class ServingTable:
    """One published table. `never`: columns no variant carries; `free_text`: columns that hold what a person wrote."""

    name: str
    source: str
    grain: tuple[str, ...]
    days: Days = "none"
    never: tuple[str, ...] = ()
    free_text: tuple[str, ...] = ()

    @property
    def relation(self) -> str:
        """What stands after FROM."""
        return f"({self.source})" if " " in self.source else self.source


# How old each source block is, seen from the run's as-of date. A block whose files carry no times is stale only when
# none came. lag_days: whole days between the last event day and the last day that could have events; 0 is up to date.
FRESHNESS = """
with loads as (
    select
        source, entity, max(cast(last_event_at as timestamp)) as last_event_at,
        max(cast(loaded_at as timestamp)) as last_loaded_at
    from control.ingest_ledger
    where status = 'loaded' and cast(loaded_at as timestamp) <= (select known_at from control.run)
    group by source, entity
),
seen as (
    select
        blocks.source, blocks.entity, blocks.canonical_entity, blocks.freshness_hours,
        run.as_of, run.as_of_at, run.business_timezone, loads.last_loaded_at,
        case
            when loads.last_event_at < run.as_of_at then loads.last_event_at
            when loads.last_event_at is not null then run.as_of_at - interval 1 microsecond
        end as last_event_at
    from control.sources as blocks
    cross join control.run as run
    left join loads on blocks.source = loads.source and blocks.entity = loads.entity
),
days as (
    select *, cast(timezone(business_timezone, timezone('UTC', last_event_at)) as date) as last_event_day from seen
)
select
    source, entity, canonical_entity, as_of, last_event_day, last_loaded_at,
    date_diff('day', last_event_day, as_of) - 1 as lag_days, freshness_hours,
    case
        when freshness_hours is null then false
        when last_loaded_at is null then true
        when last_event_at is null then false
        else date_diff('second', last_event_at, as_of_at) > freshness_hours * 3600
    end as is_stale
from days
"""

TABLES = (
    ServingTable("customers", "marts.customers", ("customer_id",)),
    ServingTable("customer_source_ids", "marts.customer_source_ids", ("source", "entity", "source_record_id")),
    ServingTable("identity_events", "marts.identity_events", ("event_id",)),
    ServingTable("identity_review", "marts.identity_review", ("pair_id",)),
    ServingTable("identity_quality", "marts.identity_quality", ("measure", "part", "left_channel", "right_channel")),
    ServingTable("survivorship", "marts.survivorship", ("customer_id", "field")),
    ServingTable("orders", "marts.orders", ("order_key",)),
    ServingTable("order_lines", "marts.order_lines", ("line_key",)),
    ServingTable("refunds", "marts.refunds", ("refund_key",)),
    ServingTable("interactions", "marts.interactions", ("interaction_key",)),
    ServingTable("feedback", "marts.feedback", ("feedback_key",), free_text=("text",)),
    ServingTable("opportunities", "marts.opportunities", ("opportunity_key",)),
    ServingTable("customer_features", "insights.customer_features", ("as_of", "customer_id"), "history"),
    ServingTable("rfm_scores", "insights.rfm_scores", ("as_of", "customer_id"), "history"),
    ServingTable("abc_classes", "insights.abc_classes", ("as_of", "customer_id"), "history"),
    ServingTable("lifecycle_states", "insights.lifecycle_states", ("as_of", "customer_id"), "history"),
    ServingTable(
        "scorecard_points", "insights.scorecard_points", ("as_of", "scheme_id", "customer_id", "criterion"), "history"
    ),
    ServingTable("customer_tiers", "insights.customer_tiers", ("as_of", "scheme_id", "customer_id"), "history"),
    ServingTable("customer_tags", "insights.customer_tags", ("as_of", "customer_id", "rule_id"), "history"),
    ServingTable(
        "customer_tag_spells", "insights.customer_tag_spells", ("customer_id", "rule_id", "valid_from"), "latest"
    ),
    ServingTable("place_sums", "insights.place_sums", ("as_of", "level", "place"), "history"),
    ServingTable("tier_changes", "insights.tier_changes", ("as_of", "scheme_id", "customer_id"), "history"),
    ServingTable("cluster_profiles", "insights.cluster_profiles", ("as_of", "cluster_id"), "history"),
    ServingTable("cluster_segments", "insights.cluster_segments", ("as_of", "customer_id"), "history"),
    ServingTable("clv_models", "insights.clv_models", ("as_of",), "history"),
    ServingTable("clv_estimates", "insights.clv_estimates", ("as_of", "customer_id"), "history"),
    ServingTable("lead_scores", "insights.lead_scores", ("as_of", "customer_id"), "history"),
    ServingTable("purchase_stages", "insights.purchase_stages", ("as_of", "customer_id"), "history"),
    ServingTable("churn_models", "insights.churn_models", ("as_of", "model"), "history"),
    ServingTable("churn_backtest", "insights.churn_backtest", ("as_of", "model", "metric"), "history"),
    ServingTable("churn_scores", "insights.churn_scores", ("as_of", "customer_id"), "history"),
    ServingTable("churn_warnings", "insights.churn_warnings", ("as_of", "warning_id"), "history"),
    ServingTable("churn_reach", "insights.churn_reach", ("as_of", "owner", "contacts"), "history"),
    ServingTable("customer_tier_table", "insights.customer_tier_table", ("customer_id",), "latest"),
    ServingTable("next_categories", "insights.next_categories", ("as_of", "customer_id", "rank"), "history"),
    ServingTable("audience_members", "insights.audience_members", ("audience", "customer_id"), "latest"),
    ServingTable("audience_counts", "insights.audience_counts", ("as_of", "audience"), "history"),
    ServingTable(
        "effect_evaluation",
        "insights.effect_evaluation",
        ("as_of", "period", "scheme_id", "class", "metric"),
        "history",
    ),
    ServingTable("effect_cube", "insights.effect_cube", ("as_of", "period", "tier", "owner", "channel"), "history"),
    ServingTable("criteria_changes", "insights.criteria_changes", ("as_of", "change_number", "metric"), "history"),
    ServingTable(
        "tier_migration", "insights.tier_migration", ("as_of", "scheme_id", "period", "from_tier", "to_tier"), "history"
    ),
    ServingTable("tier_allocation", "insights.tier_allocation", ("as_of", "scheme_id", "tier"), "history"),
    ServingTable("funnel", "insights.funnel", ("as_of", "funnel", "stage"), "history"),
    ServingTable(
        "class_forecast", "insights.class_forecast", ("as_of", "scheme_id", "class", "measure", "month"), "history"
    ),
    ServingTable(
        "conversion_drivers", "insights.conversion_drivers", ("as_of", "population", "behaviour", "value"), "history"
    ),
    ServingTable(
        "threshold_advice", "insights.threshold_advice", ("as_of", "scheme_id", "criterion", "kind", "point"), "history"
    ),
    ServingTable("feature_drift", "insights.feature_drift", ("as_of", "subject_kind", "subject"), "history"),
    ServingTable("feedback_themes", "insights.feedback_themes", ("as_of", "scheme_id", "tier", "theme"), "history"),
    ServingTable("data_freshness", FRESHNESS, ("source", "entity")),
    ServingTable("metric_definitions", "memory.main.metric_definitions", ("metric",)),
    ServingTable("ingest_ledger", "control.ingest_ledger", ("source", "entity", "sha256")),
    ServingTable(
        "quarantine",
        "control.quarantine",
        ("source", "entity", "sha256", "line_number", "quarantine_id"),
        never=("raw_bytes",),
    ),
    ServingTable("conservation", "marts.conservation", ("layer", "entity", "source", "block")),
)
# Tables that queries above read without being published themselves.
ALSO_NEEDED = ("control.run", "control.sources")
# The last table of each file: one row that says what the file is.
PUBLICATION = "publication"
