"""Models of criteria.yml: RFM bands and segments, ABC bounds, life-cycle days, scorecard schemes and their tiers.

Add a key here when a business person must be able to change a number without code. No SQL and no knowledge of tables
beyond the names of the features a criterion may use.
"""

from collections.abc import Sequence
from decimal import Decimal
from itertools import pairwise
from pathlib import Path
from typing import Annotated, Literal, TypeVar

from pydantic import Field, ValidationInfo, field_validator, model_validator

from orchestration.settings.errors import SettingsError, SettingsErrors
from orchestration.settings.home import config_file
from orchestration.settings.loader import Strict, line_of, load_model, read_yaml

Direction = Literal["higher_is_better", "lower_is_better"]
Positive = Annotated[int, Field(gt=0)]
Code = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]{0,39}$")]

# Numeric columns of customer_features that a criterion may use, with the direction in which they are better for the
# business.
# The wrong way round (the oldest buyers as the best ones) is a known mistake of published samples, so it is refused.
FEATURE_DIRECTIONS: dict[str, Direction] = {
    "recency_days": "lower_is_better",
    "purchase_cycle_days": "lower_is_better",
    "overdue_ratio": "lower_is_better",
    "complaints_window": "lower_is_better",
    **dict.fromkeys(
        (
            "count_orders", "gross_amount", "net_amount", "average_order_amount", "count_orders_window",
            "gross_amount_window", "net_amount_window", "average_order_amount_window", "active_months_window",
            "repeat_orders_window", "preference_strength", "top_brand_share", "count_categories_window",
            "interactions_30d", "interactions_90d", "interactions_window", "presale_window", "aftersale_window",
            "service_requests_window", "custom_requests_window", "referrals_window", "loyalty_actions",
            "csat_average", "nps_average",
        ),
        "higher_is_better",
    ),
}  # fmt: skip


class Text(Strict):
    """One text in the two languages of the product."""

    zh: str
    en: str


class Interval(Strict):
    """A half-open interval [at_least, below); an absent end is open."""

    code: Code
    label: Text
    at_least: Decimal | None = None
    below: Decimal | None = None


AnyInterval = TypeVar("AnyInterval", bound=Interval)


def check_intervals(intervals: Sequence[AnyInterval]) -> list[AnyInterval]:
    """The intervals from low to high. Raises ValueError for a gap, an overlap, an open inner end or a doubled code."""
    if len({interval.code for interval in intervals}) != len(intervals):
        raise ValueError("each band needs its own code")
    ordered = sorted(
        intervals, key=lambda interval: Decimal("-Infinity") if interval.at_least is None else interval.at_least
    )
    if ordered[0].at_least is not None or ordered[-1].below is not None:
        raise ValueError("the lowest band has no 'at_least' and the highest no 'below', so that no value falls outside")
    for lower, upper in pairwise(ordered):
        if lower.below is None or upper.at_least is None or lower.below != upper.at_least:
            is_gap = lower.below is not None and upper.at_least is not None and lower.below < upper.at_least
            raise ValueError(
                f"{'gap' if is_gap else 'overlap'} between band '{lower.code}' (below {lower.below}) "
                f"and band '{upper.code}' (at_least {upper.at_least})"
            )
    return ordered


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
    """One way to sort customers into tiers, with its purpose."""

    label: Text
    purpose: Text
    criteria: dict[Code, Criterion] = Field(min_length=1)
    tiers: list[Tier] = Field(min_length=2)
    hysteresis_points: Decimal = Field(default=Decimal(0), ge=0, le=50)
    minimum_stay_months: int = Field(default=0, ge=0, le=24)
    flags: Flags

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


class Segment(Strict):
    """A named RFM segment: the score ranges [lowest, highest] it holds; an absent range means any score."""

    code: Code
    label: Text
    r: tuple[int, int] | None = None
    f: tuple[int, int] | None = None
    m: tuple[int, int] | None = None


class SegmentMap(Strict):
    """A preset of named segments for a number of score bands."""

    label: Text
    bands: int = Field(ge=2, le=10)
    segments: list[Segment] = Field(min_length=1)

    @model_validator(mode="after")
    def _exactly_one(self) -> "SegmentMap":
        scores = range(1, self.bands + 1)
        for cell in ((r, f, m) for r in scores for f in scores for m in scores):
            hits = [segment.code for segment in self.segments if _holds(segment, cell)]
            if len(hits) != 1:
                raise ValueError(
                    f"scores r{cell[0]} f{cell[1]} m{cell[2]} belong to {hits or 'no segment'}; exactly one is allowed"
                )
        return self


def _holds(segment: Segment, cell: tuple[int, int, int]) -> bool:
    ranges = (segment.r, segment.f, segment.m)
    return all(span is None or span[0] <= score <= span[1] for span, score in zip(ranges, cell, strict=True))


class Thresholds(Strict):
    """Upper ends (recency) and lower ends (frequency, monetary) between the score bands, best band first."""

    recency_days: list[Decimal]
    frequency: list[Decimal]
    monetary: list[Decimal]

    @model_validator(mode="after")
    def _ordered(self) -> "Thresholds":
        for name, values, falling in (
            ("recency_days", self.recency_days, False),
            ("frequency", self.frequency, True),
            ("monetary", self.monetary, True),
        ):
            if values != sorted(values, reverse=falling) or len(set(values)) != len(values):
                raise ValueError(f"{name} must {'fall' if falling else 'rise'}: the best band comes first")
        return self


class Rfm(Strict):
    method: Literal["quantile", "threshold"] = "quantile"
    bands: int = Field(default=5, ge=2, le=10)
    thresholds: Thresholds | None = None
    segments_from: str

    @model_validator(mode="after")
    def _thresholds_fit(self) -> "Rfm":
        if self.method == "quantile":
            return self
        if self.thresholds is None:
            raise ValueError("method threshold needs 'thresholds'")
        for name in ("recency_days", "frequency", "monetary"):
            if len(getattr(self.thresholds, name)) != self.bands - 1:
                raise ValueError(f"thresholds.{name} needs {self.bands - 1} values for {self.bands} bands")
        return self


class Abc(Strict):
    """Cumulative shares of net revenue up to which customers are A and B."""

    a_share: Decimal = Field(gt=0, lt=1)
    b_share: Decimal = Field(gt=0, lt=1)

    @model_validator(mode="after")
    def _ordered(self) -> "Abc":
        if self.a_share >= self.b_share:
            raise ValueError("a_share must be smaller than b_share")
        return self


class OwnCycle(Strict):
    """Multiples of a customer's own purchase cycle that widen the fixed days."""

    active: Decimal = Field(gt=0)
    lapsing: Decimal = Field(gt=0)


class Lifecycle(Strict):
    """Days since the last order up to which a customer is in each state; beyond dormant_days the customer is lost."""

    new_days: Positive
    active_days: Positive
    lapsing_days: Positive
    dormant_days: Positive
    regained_days: Positive
    own_cycle: OwnCycle | None = None

    @model_validator(mode="after")
    def _ordered(self) -> "Lifecycle":
        days = (self.active_days, self.lapsing_days, self.dormant_days)
        if days != tuple(sorted(set(days))) or max(self.new_days, self.regained_days) > self.lapsing_days:
            raise ValueError(
                "active_days < lapsing_days < dormant_days, and new_days and regained_days up to lapsing_days"
            )
        if self.own_cycle and self.own_cycle.active > self.own_cycle.lapsing:
            raise ValueError("own_cycle.active must not exceed own_cycle.lapsing")
        return self


class History(Strict):
    months: int = Field(ge=1, le=36)


class CriteriaFile(Strict):
    """criteria.yml. `segment_map` is filled by `load_criteria` from the file that `rfm.segments_from` names."""

    window_days: Positive
    history: History
    holiday_country: str
    rfm: Rfm
    abc: Abc
    lifecycle: Lifecycle
    schemes: dict[Code, Scheme] = Field(min_length=1)
    main_scheme: str
    segment_map: SegmentMap | None = None

    @field_validator("main_scheme")
    @classmethod
    def _known_scheme(cls, main_scheme: str, info: ValidationInfo) -> str:
        schemes = info.data.get("schemes", {})
        if schemes and main_scheme not in schemes:
            raise ValueError(f"not among the schemes {sorted(schemes)}")
        return main_scheme

    @property
    def main(self) -> Scheme:
        return self.schemes[self.main_scheme]

    @property
    def segments(self) -> list[Segment]:
        return self.segment_map.segments if self.segment_map else []


def load_criteria(path: Path) -> CriteriaFile:
    """criteria.yml with its segment map. Raises SettingsErrors with file, key and line."""
    criteria = load_model(path, CriteriaFile)
    preset = segment_map_file(path)
    segment_map = load_model(preset, SegmentMap)
    if segment_map.bands != criteria.rfm.bands:
        line = line_of(read_yaml(path), ("rfm", "bands"))
        allowed = f"{segment_map.bands}, as in {preset.name}"
        raise SettingsErrors([SettingsError(path, "rfm.bands", line, str(criteria.rfm.bands), allowed)])
    return criteria.model_copy(update={"segment_map": segment_map})


def segment_map_file(path: Path) -> Path:
    """The segment map that a criteria.yml names: relative to it, or the shipped one of that name."""
    return config_file(path.parent, load_model(path, CriteriaFile).rfm.segments_from)
