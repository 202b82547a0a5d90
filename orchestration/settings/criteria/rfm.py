"""RFM: bands by quantile or by fixed thresholds, and the map of named segments."""

from decimal import Decimal
from typing import Literal

from pydantic import Field, model_validator

from orchestration.settings.criteria.bands import Code, Text
from orchestration.settings.loader import Strict


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
