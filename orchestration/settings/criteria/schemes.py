"""Schemes: scorecards of criteria in bands with points and weights, and the tiers that the total points give."""

from datetime import date
from decimal import Decimal
from typing import Literal

from pydantic import Field, ValidationInfo, field_validator, model_validator

from orchestration.settings.criteria.bands import Code, Interval, Text, check_intervals
from orchestration.settings.loader import Strict

Direction = Literal["higher_is_better", "lower_is_better"]

# Numeric columns of customer_features that a criterion may use, with the direction in which they are better for the
# business.
# The wrong way round (the oldest buyers as the best ones) is a known mistake of published samples, so it is refused.
FEATURE_DIRECTIONS: dict[str, Direction] = {
    "recency_days": "lower_is_better",
    "purchase_cycle_days": "lower_is_better",
    "overdue_ratio": "lower_is_better",
    "complaints_window": "lower_is_better",
    "days_since_interaction": "lower_is_better",
    "days_since_usage": "lower_is_better",
    **dict.fromkeys(
        (
            "count_orders", "gross_amount", "net_amount", "average_order_amount", "count_orders_window",
            "gross_amount_window", "net_amount_window", "average_order_amount_window", "active_months_window",
            "repeat_orders_window", "preference_strength", "top_brand_share", "count_categories_window",
            "interactions_30d", "interactions_90d", "interactions_window", "presale_window", "aftersale_window",
            "service_requests_window", "custom_requests_window", "referrals_window", "loyalty_actions",
            "csat_average", "nps_average", "count_orders_90d", "logins_90d", "enquiries_window",
            "engagement_score",
        ),
        "higher_is_better",
    ),
}  # fmt: skip


class Band(Interval):
    points: int = Field(ge=0, le=100)


class Criterion(Strict):
    """One criterion of a scorecard. `scale: value` bands the value itself; `scale: top_share` bands the share of
    customers who are better (0 = nobody is better), so that 'below: 0.2' is the best fifth and equal values always
    share a band."""

    label: Text
    feature: str
    direction: Direction
    scale: Literal["value", "top_share"] = "value"
    weight: Decimal = Field(gt=0, le=1)
    bands: list[Band] = Field(min_length=2)

    @field_validator("feature")
    @classmethod
    def _known_feature(cls, feature: str) -> str:
        if feature not in FEATURE_DIRECTIONS:
            raise ValueError(f"unknown feature column; one of {', '.join(sorted(FEATURE_DIRECTIONS))}")
        return feature

    @field_validator("bands")
    @classmethod
    def _complete(cls, bands: list[Band]) -> list[Band]:
        return check_intervals(bands)

    @model_validator(mode="after")
    def _directed(self) -> "Criterion":
        if self.direction != FEATURE_DIRECTIONS[self.feature]:
            raise ValueError(f"direction of {self.feature} is {FEATURE_DIRECTIONS[self.feature]}")
        ends = [end for band in self.bands for end in (band.at_least, band.below) if end is not None]
        if self.scale == "top_share" and not all(0 < end < 1 for end in ends):
            raise ValueError("the ends of top_share bands lie between 0 and 1")
        points = [band.points for band in self.bands]
        rising = self.direction == "higher_is_better" and self.scale == "value"
        if points != sorted(points, reverse=not rising) or len(set(points)) != len(points):
            raise ValueError(
                f"points must {'rise' if rising else 'fall'} from the lowest band to the highest; found {points}"
            )
        return self

    @property
    def best_first(self) -> list[Band]:
        return sorted(self.bands, key=lambda band: -band.points)


class Tier(Interval):
    """One tier: total points in [at_least, below)."""


class Flags(Strict):
    """What marks a customer below the top tier as promising, and a valued customer as weakly bound (criteria codes)."""

    up_potential_top_band_in: list[Code]
    loyalty_risk_lowest_band_in: list[Code]


class Scheme(Strict):
    """One way to sort customers into tiers, with its purpose. `owner`: the role that decides about the scheme (who
    looks after its customers is in owners.yml); it holds from `effective_from` to `effective_until`, both included."""

    label: Text
    purpose: Text
    owner: Text | None = None
    effective_from: date | None = None
    effective_until: date | None = None
    criteria: dict[Code, Criterion] = Field(min_length=1)
    tiers: list[Tier] = Field(min_length=2)
    hysteresis_points: Decimal = Field(default=Decimal(0), ge=0, le=50)
    minimum_stay_months: int = Field(default=0, ge=0, le=24)
    flags: Flags = Field(default_factory=lambda: Flags(up_potential_top_band_in=[], loyalty_risk_lowest_band_in=[]))

    def holds_on(self, day: date) -> bool:
        return (self.effective_from or day) <= day <= (self.effective_until or day)

    @field_validator("effective_until")
    @classmethod
    def _after_from(cls, until: date | None, info: ValidationInfo) -> date | None:
        start = info.data.get("effective_from")
        if until and start and until < start:
            raise ValueError(f"effective_until is before effective_from ({start})")
        return until

    @field_validator("tiers")
    @classmethod
    def _complete(cls, tiers: list[Tier]) -> list[Tier]:
        return check_intervals(tiers)[::-1]

    @field_validator("criteria")
    @classmethod
    def _weighted(cls, criteria: dict[str, Criterion]) -> dict[str, Criterion]:
        total = sum((criterion.weight for criterion in criteria.values()), Decimal(0))
        if abs(total - 1) > Decimal("0.001"):
            raise ValueError(f"the weights of the criteria sum to {total}; they must sum to 1 (within 0.001)")
        return criteria

    @field_validator("flags")
    @classmethod
    def _known_criteria(cls, flags: Flags, info: ValidationInfo) -> Flags:
        criteria = info.data.get("criteria", {})
        named = {*flags.up_potential_top_band_in, *flags.loyalty_risk_lowest_band_in}
        if criteria and (unknown := sorted(named - set(criteria))):
            raise ValueError(f"unknown criteria {unknown}; one of {sorted(criteria)}")
        return flags
