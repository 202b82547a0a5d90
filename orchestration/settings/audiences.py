"""Models of audiences.yml: who is written to, by which way of contact, and the purpose that they must have agreed to.

No SQL lives here; whether a customer is a member is decided in logic/audiences.py.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Literal

from pydantic import Field, model_validator

from orchestration.settings.criteria import Code, CriteriaFile, Text
from orchestration.settings.errors import SettingsError
from orchestration.settings.loader import Strict, line_of, read_yaml

Lifecycle = Literal["prospect", "new", "active", "lapsing", "dormant", "lost", "regained"]
NEVER_BOUGHT = "prospect"


class Who(Strict):
    """The conditions on a customer: each one that is given must hold, by any of its values."""

    tiers: list[Code] = Field(default_factory=list)
    lifecycles: list[Lifecycle] = Field(default_factory=list)
    rfm_segments: list[Code] = Field(default_factory=list)
    churn_bands: list[Literal["high", "medium"]] = Field(default_factory=list)
    lead_bands: list[Code] = Field(default_factory=list)

    @model_validator(mode="after")
    def _says_something(self) -> "Who":
        if not any(getattr(self, name) for name in type(self).model_fields):
            raise ValueError(f"at least one of {', '.join(type(self).model_fields)} must name somebody")
        return self


class Audience(Strict):
    """One audience. `channels`: a member has at least one of them; `consent`: what the latest consent must be."""

    label: Text
    who: Who
    channels: list[Literal["email", "phone"]] = Field(min_length=1)
    purpose: Code
    consent: Literal["granted", "not_withdrawn"] = "granted"


class AudiencesFile(Strict):
    audiences: dict[Code, Audience]


def audience_errors(path: Path, audiences: dict[str, Audience], criteria: CriteriaFile) -> list[SettingsError]:
    """The tiers and segments that no criterion defines, at their lines."""
    tiers = [tier.code for tier in criteria.main.tiers]
    segments = [*(segment.code for segment in criteria.segments), NEVER_BOUGHT]
    document = read_yaml(path)
    return [
        SettingsError(path, ".".join(map(str, place)), line_of(document, place), repr(value), allowed)
        for code, audience in audiences.items()
        for place, value, allowed in [
            *_unknown(code, "tiers", audience.who.tiers, tiers, "a tier of the main scheme"),
            *_unknown(code, "rfm_segments", audience.who.rfm_segments, segments, "an RFM segment"),
        ]
    ]


def _unknown(
    audience: str, key: str, named: list[str], known: list[str], what: str
) -> Iterator[tuple[tuple[int | str, ...], str, str]]:
    for number, value in enumerate(named):
        if value not in known:
            yield ("audiences", audience, "who", key, number), value, f"{what}: {known}"
