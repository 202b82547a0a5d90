"""The insight functions by table name, in the order in which they must run. Add a line when a table is added; no logic
here."""

from collections.abc import Callable
from datetime import date

import duckdb

from orchestration.logic.churn.warnings import churn_warnings
from orchestration.logic.segmentation.abc import abc_classes
from orchestration.logic.segmentation.features import customer_features
from orchestration.logic.segmentation.lifecycle import lifecycle_states
from orchestration.logic.segmentation.rfm import rfm_scores
from orchestration.logic.segmentation.scorecard import scorecard_points
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
        customer_tags, churn_warnings, customer_tier_table,
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
    "customer_tags": ("customer_features", "rfm_scores", "abc_classes", "lifecycle_states"),
    "churn_warnings": ("customer_features", "lifecycle_states", "customer_tiers"),
    "customer_tier_table": (
        "customer_features", "rfm_scores", "abc_classes", "lifecycle_states", "scorecard_points", "customer_tiers",
        "churn_warnings",
    ),
}  # fmt: skip
