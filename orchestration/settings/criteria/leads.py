"""Lead scoring: what earns a prospect points, the intent that pages tell, the bands and how soon each is answered.

Every number and word of it is here or in criteria.yml; the SQL is in logic/leads/scores.py.
"""

from collections.abc import Sequence
from decimal import Decimal
from typing import Annotated, Literal

from pydantic import Field, field_validator, model_validator

from orchestration.settings.criteria.bands import Code, Interval, Positive, Text, check_intervals
from orchestration.settings.entities import INTERACTION_KINDS
from orchestration.settings.loader import Strict
from orchestration.settings.sources import Channel

Points = Annotated[Decimal, Field(ge=-100, le=100, decimal_places=1)]
SizeBand = Literal["large", "medium", "small", "micro"]
ConsentState = Literal["granted", "withdrawn"]


class SourceGroup(Strict):
    """Lead sources of one kind. `values`: the texts of lead_source, any case; `channels`: for customers whose records
    name no lead source, the channel of their first record."""

    code: Code
    label: Text
    values: tuple[str, ...] = ()
    channels: tuple[Channel, ...] = ()
    points: Points


class LeadStatus(Strict):
    """States of a lead that mean the same. `values`: the texts of lead_status, any case."""

    code: Code
    label: Text
    values: tuple[str, ...]
    points: Points


class Engagement(Strict):
    """Points for one interaction of a kind, halved every half_life_days; `at_most` is what they may sum up to."""

    half_life_days: Positive
    at_most: Annotated[Decimal, Field(ge=0, le=100, decimal_places=1)]
    kinds: dict[str, Points]

    @field_validator("kinds")
    @classmethod
    def _known(cls, kinds: dict[str, Decimal]) -> dict[str, Decimal]:
        if unknown := [kind for kind in kinds if kind not in INTERACTION_KINDS]:
            raise ValueError(f"unknown kinds {unknown}; any of {', '.join(INTERACTION_KINDS)}")
        return kinds


class Outcome(Strict):
    """A text with its points."""

    label: Text
    points: Points


class Intents(Strict):
    """high: enough product pages; some: other pages too; unclear: only about pages; none: no page at all."""

    high: Outcome
    some: Outcome
    unclear: Outcome
    none: Outcome


class Pages(Strict):
    """Which page types are product pages and which only tell of the company, and how many product pages mean intent."""

    product: tuple[str, ...] = Field(min_length=1)
    about: tuple[str, ...] = Field(min_length=1)
    product_views_at_least: Positive
    intents: Intents


class LeadBand(Interval):
    """One band of scores. `sla_hours`: within how many hours such a lead is answered; absent: no promise."""

    sla_hours: Positive | None = None


class LeadScore(Strict):
    """Points of customers who never bought. `window_days`: how far back interactions and pages are looked at."""

    window_days: Positive
    sources: list[SourceGroup] = Field(min_length=1)
    statuses: list[LeadStatus] = Field(default_factory=list)
    engagement: Engagement
    pages: Pages
    open_opportunity: Outcome
    company_size: dict[SizeBand, Outcome] = Field(default_factory=dict)
    consent: dict[ConsentState, Outcome] = Field(default_factory=dict)
    bands: list[LeadBand] = Field(min_length=2)

    @field_validator("bands")
    @classmethod
    def _complete(cls, bands: list[LeadBand]) -> list[LeadBand]:
        return check_intervals(bands)

    @field_validator("sources", "statuses")
    @classmethod
    def _told_apart(cls, groups: list[SourceGroup | LeadStatus]) -> list[SourceGroup | LeadStatus]:
        _once("code", [group.code for group in groups])
        _once("value", [value.strip().lower() for group in groups for value in group.values])
        _once("channel", [c for group in groups for c in (group.channels if isinstance(group, SourceGroup) else ())])
        return groups

    @model_validator(mode="after")
    def _has_rest(self) -> "LeadScore":
        if self.sources[-1].values or self.sources[-1].channels:
            raise ValueError("the last of sources takes all that is left: it has neither values nor channels")
        if both := sorted(set(self.pages.product) & set(self.pages.about)):
            raise ValueError(f"page types {both} are product and about; each belongs to one of the two")
        return self


def _once(what: str, names: Sequence[str]) -> None:
    if repeated := sorted({name for name in names if names.count(name) > 1}):
        raise ValueError(f"{what} {repeated} is there twice")
