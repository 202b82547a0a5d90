"""The insight functions by table name, in the order in which they must run. Add a line when a table is added; no logic
here."""

from collections.abc import Callable
from datetime import date

import duckdb

from orchestration.logic.audiences import audience_counts, audience_members
from orchestration.logic.churn.reach import churn_reach
from orchestration.logic.churn.tables import churn_backtest, churn_models, churn_scores
from orchestration.logic.churn.warnings import churn_warnings
from orchestration.logic.clusters.tables import cluster_profiles, cluster_segments
from orchestration.logic.clv.tables import clv_estimates, clv_models
from orchestration.logic.effects.advice import threshold_advice
from orchestration.logic.effects.allocation import tier_allocation
from orchestration.logic.effects.cube import effect_cube
from orchestration.logic.effects.drift import feature_drift
from orchestration.logic.effects.drivers import conversion_drivers
from orchestration.logic.effects.evaluation import effect_evaluation
from orchestration.logic.effects.forecast import class_forecast
from orchestration.logic.effects.funnel import funnel
from orchestration.logic.effects.ledger import criteria_changes
from orchestration.logic.effects.migration import tier_migration
from orchestration.logic.effects.periods import tier_history
from orchestration.logic.effects.themes import feedback_themes
from orchestration.logic.leads.scores import lead_scores
from orchestration.logic.leads.stages import purchase_stages
from orchestration.logic.next_categories import next_categories
from orchestration.logic.segmentation.abc import abc_classes
from orchestration.logic.segmentation.features import customer_features
from orchestration.logic.segmentation.lifecycle import lifecycle_states
from orchestration.logic.segmentation.places import place_sums
from orchestration.logic.segmentation.rfm import rfm_scores
from orchestration.logic.segmentation.scorecard import scorecard_points
from orchestration.logic.segmentation.tag_spells import customer_tag_spells
from orchestration.logic.segmentation.tags import customer_tags
from orchestration.logic.segmentation.tier_changes import tier_changes
from orchestration.logic.segmentation.tiers import customer_tiers
from orchestration.logic.tier_table import customer_tier_table
from orchestration.settings.insights import InsightSettings

Insight = Callable[[duckdb.DuckDBPyConnection, date, InsightSettings], int]

FUNCTIONS: dict[str, Insight] = {
    function.__name__: function
    for function in (
        customer_features, rfm_scores, abc_classes, lifecycle_states, scorecard_points, customer_tiers, tier_changes,
        customer_tags, customer_tag_spells, place_sums, cluster_profiles, cluster_segments, clv_models, clv_estimates,
        lead_scores, purchase_stages, churn_models, churn_backtest, churn_scores, churn_warnings, churn_reach,
        customer_tier_table, next_categories, audience_members, audience_counts, tier_history, effect_evaluation, effect_cube,
        criteria_changes, tier_migration, tier_allocation, funnel, class_forecast, conversion_drivers, threshold_advice,
        feature_drift, feedback_themes,
    )
}  # fmt: skip

# The insight tables that each function reads.
NEEDS: dict[str, tuple[str, ...]] = {
    "customer_features": (),
    "rfm_scores": ("customer_features",),
    "abc_classes": ("customer_features",),
    "lifecycle_states": ("customer_features",),
    "scorecard_points": ("customer_features",),
    "customer_tiers": ("customer_features",),
    "tier_changes": ("scorecard_points", "customer_tiers"),
    "place_sums": ("customer_features",),
    "cluster_profiles": ("customer_features",),
    "cluster_segments": ("customer_features", "cluster_profiles"),
    "clv_models": (),
    "clv_estimates": ("customer_features", "clv_models"),
    "lead_scores": ("customer_features",),
    "purchase_stages": (),
    "customer_tags": ("customer_features", "rfm_scores", "abc_classes", "lifecycle_states"),
    "customer_tag_spells": ("customer_tags",),
    "churn_models": (),
    "churn_backtest": ("churn_models",),
    "churn_scores": ("customer_features", "churn_models"),
    "churn_warnings": ("customer_features", "lifecycle_states", "customer_tiers", "churn_scores", "clv_estimates"),
    "churn_reach": ("customer_features", "churn_warnings"),
    "customer_tier_table": (
        "customer_features", "rfm_scores", "abc_classes", "lifecycle_states", "scorecard_points", "customer_tiers",
        "churn_warnings",
    ),
    "next_categories": (),
    "audience_members": ("customer_tier_table",),
    "audience_counts": ("audience_members",),
    "tier_history": (),
    "effect_evaluation": ("tier_history",),
    "effect_cube": ("tier_history",),
    "criteria_changes": ("tier_history",),
    "tier_migration": ("tier_history",),
    "tier_allocation": ("customer_features", "customer_tiers"),
    "funnel": (),
    "class_forecast": ("tier_history",),
    "conversion_drivers": (),
    "threshold_advice": ("scorecard_points", "customer_tiers"),
    "feature_drift": ("customer_features", "customer_tiers", "tier_history"),
    "feedback_themes": ("customer_tiers",),
}  # fmt: skip
