"""identity.yml: how records become customers, as a checked model.

Add a setting of the linking, the names or the survivorship here and in the YAML together. No rule is computed here.
"""

import re
from typing import Annotated, Literal

from pydantic import AfterValidator, Field, model_validator

from orchestration.settings.loader import Strict

KeyType = Literal[
    "national_id", "loyalty_id", "wechat_id", "email", "phone", "name_birth", "name_address", "device_id",
    "tax_id", "domain", "company_phone", "company_name_city",
]  # fmt: skip
PlaceholderType = Literal[
    "email", "phone", "national_id", "loyalty_id", "wechat_id", "device_id", "tax_id", "birth_date"
]
Field_ = Literal[
    "display_name", "email", "phone", "birth_date", "gender", "country", "region", "city", "postcode", "loyalty_id",
    "company_id", "industry", "employees",
]  # fmt: skip


def _is_pattern(text: str) -> str:
    try:
        re.compile(text)
    except re.error as error:
        raise ValueError(f"a regular expression ({error})") from None
    return text


Pattern = Annotated[str, AfterValidator(_is_pattern)]
Count = Annotated[int, Field(ge=1)]


class Key(Strict):
    """One kind of key and its guards; see the comments in identity.yml."""

    strength: int = Field(ge=1, le=100)
    max_names: Count
    max_records: int = Field(ge=2)
    needs: Literal["nothing", "no_conflict", "agreement"] = "no_conflict"


class ClusterLimits(Strict):
    """What one customer may hold at most."""

    max_records: int = Field(default=60, ge=2)
    max_birth_dates: Count = 4
    max_national_ids: Count = 1


class LinkingModel(Strict):
    """What becomes of the pairs that the model proposes; see the comments in identity.yml."""

    version: str | None = Field(default=None, pattern="^[0-9a-f]{12}$")
    link: float = Field(default=0.9, gt=0, lt=1)
    review: float = Field(default=0.3, gt=0, lt=1)
    veto_below: float = Field(default=0.03, ge=0, le=1)
    margin: float = Field(default=6.0, ge=0)

    @model_validator(mode="after")
    def _ordered(self) -> "LinkingModel":
        if self.review > self.link:
            raise ValueError(f"review ({self.review}) at most link ({self.link})")
        return self


class Placeholders(Strict):
    """Values that mean 'unknown', as values or as patterns of the whole normalised value."""

    values: tuple[str, ...] = ()
    patterns: tuple[Pattern, ...] = ()


class Survivorship(Strict):
    """How one field's value is chosen; `sources` come before all others, in this order."""

    rule: Literal["trust_recency"] = "trust_recency"
    sources: tuple[str, ...] = ()


class SizeBands(Strict):
    """Employees from which a company is large, medium, small; below: micro."""

    large: Count = 1000
    medium: Count = 300
    small: Count = 20


class Names(Strict):
    """Tables by which names are read."""

    chinese_titles: tuple[str, ...] = ()
    western_titles: tuple[str, ...] = ()
    compound_surnames: tuple[str, ...] = ()
    surname_readings: dict[str, str] = Field(default_factory=dict)
    common_surnames: str = ""
    nicknames: dict[str, tuple[str, ...]] = Field(default_factory=dict)


class IdentityFile(Strict):
    """The whole of identity.yml."""

    default_country: str = Field(default="CN", pattern="^[A-Z]{2}$")
    keys: dict[KeyType, Key]
    source_merge_strength: int = Field(default=110, ge=1, lt=1000)
    max_signatures: int = Field(default=40, ge=2, le=60)
    clusters: ClusterLimits = Field(default_factory=ClusterLimits)
    model: LinkingModel = Field(default_factory=LinkingModel)
    placeholders: dict[PlaceholderType, Placeholders] = Field(default_factory=dict)
    freemail_domains: tuple[str, ...] = ()
    legal_forms: tuple[str, ...] = ()
    survivorship: dict[Field_, Survivorship] = Field(default_factory=dict)
    size_bands: SizeBands = Field(default_factory=SizeBands)
    names: Names = Field(default_factory=Names)
