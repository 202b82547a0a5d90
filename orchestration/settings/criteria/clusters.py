"""Clusters: which features are compared and how, how many clusters there may be, when they are fitted anew.

No arithmetic lives here; see logic/clusters.
"""

from decimal import Decimal
from typing import Literal

from pydantic import Field, field_validator, model_validator

from orchestration.settings.criteria.bands import Positive, Text
from orchestration.settings.criteria.schemes import FEATURE_DIRECTIONS
from orchestration.settings.loader import Strict

# Numeric columns of customer_features that are computed for past days too.
CLUSTER_FEATURES = (*FEATURE_DIRECTIONS, "discount_order_share")
Period = Literal["month", "quarter", "half_year", "year"]


class ClusterFeature(Strict):
    """One feature. `high` and `low` name a cluster that stands out by it; `log: auto` follows skewness_bound."""

    label: Text
    high: Text
    low: Text
    log: Literal["auto", "always", "never"] = "auto"


class ClusterCount(Strict):
    """The numbers of clusters that are tried, and what an acceptable one must reach."""

    least: int = Field(default=3, ge=2, le=20)
    most: int = Field(default=6, ge=2, le=20)
    smallest_share: Decimal = Field(default=Decimal("0.1"), ge=0, lt=Decimal("0.5"))
    tolerance: Decimal = Field(default=Decimal("0.05"), ge=0, lt=1)

    @model_validator(mode="after")
    def _ordered(self) -> "ClusterCount":
        if self.least > self.most:
            raise ValueError("least must not be above most")
        return self


class ClusterWords(Strict):
    """From which distance to the mean, in standard deviations, a feature is named; how many are; the name without."""

    stands_out: Decimal = Field(default=Decimal("0.5"), gt=0)
    at_most: int = Field(default=2, ge=1, le=5)
    ordinary: Text = Text(zh="居中", en="average")


class Refit(Strict):
    """How often the clusters are fitted anew, and how many fits are looked back for stable numbers."""

    every: Period = "quarter"
    at_most: int = Field(default=6, ge=2, le=40)


class Clusters(Strict):
    """k-means over customers with an order in the window."""

    features: dict[str, ClusterFeature] = Field(min_length=2)
    scaling: Literal["standard", "robust"] = "standard"
    skewness_bound: Decimal = Field(default=Decimal(1), ge=0)
    count: ClusterCount = Field(default_factory=ClusterCount)
    words: ClusterWords = Field(default_factory=ClusterWords)
    refit: Refit = Field(default_factory=Refit)
    minimum_customers: Positive = 100
    sample_size: int = Field(default=10_000, ge=100, le=1_000_000)
    seed: int = Field(default=7, ge=0, lt=2**32)
    starts: int = Field(default=5, ge=1, le=100)

    @field_validator("features")
    @classmethod
    def _known(cls, features: dict[str, ClusterFeature]) -> dict[str, ClusterFeature]:
        if unknown := [name for name in features if name not in CLUSTER_FEATURES]:
            raise ValueError(f"unknown feature columns {unknown}; any of {', '.join(sorted(CLUSTER_FEATURES))}")
        return features

    @model_validator(mode="after")
    def _enough(self) -> "Clusters":
        if self.minimum_customers < self.count.most:
            raise ValueError("minimum_customers must not be below count.most")
        return self
