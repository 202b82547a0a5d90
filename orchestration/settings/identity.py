"""identity.yml: how records become customers, as a checked model.

Add a setting of the linking, the names or the survivorship here and in the YAML together. No rule is computed here.
"""

import re
from collections.abc import Collection, Iterator
from pathlib import Path
from typing import Annotated, Literal, get_args

from pydantic import AfterValidator, Field, model_validator

from orchestration.settings.errors import SettingsError
from orchestration.settings.loader import Strict, line_of, read_yaml
from orchestration.settings.source_rules import Complaint, misplaced

KeyType = Literal[
    "national_id", "loyalty_id", "wechat_id", "email", "phone", "name_birth", "name_address", "device_id",
    "tax_id", "domain", "company_phone", "contact", "company_name_city",
]  # fmt: skip
PlaceholderType = Literal[
    "email", "phone", "national_id", "loyalty_id", "wechat_id", "device_id", "tax_id", "birth_date"
]
ProfileField = Literal[
    "display_name", "email", "phone", "birth_date", "gender", "occupation", "household", "income_band", "education",
    "country", "region", "city", "district", "postcode", "loyalty_id", "company_id", "industry", "employees",
    "lead_source", "lead_status",
]  # fmt: skip
PROFILE_FIELDS: tuple[ProfileField, ...] = get_args(ProfileField)
Rule = Literal["sources", "trust", "recency", "earliest", "frequency", "completeness", "longest"]


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
    doubtful: bool = False


class ClusterLimits(Strict):
    """What one customer may hold at most."""

    max_records: int = Field(default=60, ge=2)
    max_birth_dates: Count = 4
    max_national_ids: Count = 1


class LinkingModel(Strict):
    """What becomes of the pairs that the model proposes; see the comments in identity.yml."""

    version: str | None = Field(default=None, pattern="^[0-9a-f]{12}$")
    link: float = Field(default=0.5, gt=0, lt=1)
    wrong_links: float = Field(default=0.03, gt=0, lt=1)
    review: float = Field(default=0.3, gt=0, lt=1)
    veto_below: float = Field(default=0.03, ge=0, le=1)
    margin: float = Field(default=6.0, ge=0)
    crowded_hour_records: Count = 5
    crowded_hour_share: float = Field(default=0.002, gt=0, le=1)

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
    """By which rules one field's value is chosen, the first that tells two values apart; `sources` is the list of that rule."""

    rules: Annotated[tuple[Rule, ...], Field(min_length=1)] = ("trust", "recency")
    sources: tuple[str, ...] = ()

    @model_validator(mode="after")
    def _agrees(self) -> "Survivorship":
        if found := [*_repeated("rules", self.rules), *_repeated("sources", self.sources), *self._half_said()]:
            raise misplaced("Survivorship", found)
        return self

    def _half_said(self) -> Iterator[Complaint]:
        if "sources" in self.rules and not self.sources:
            yield ("rules",), list(self.rules), "the rule sources only with their list, `sources: [...]`"
        if self.sources and "sources" not in self.rules:
            yield ("sources",), list(self.sources), "a list of sources only where `rules` names the rule sources"


def _repeated(key: str, names: tuple[str, ...]) -> Iterator[Complaint]:
    return (((key, place), name, "each once") for place, name in enumerate(names) if name in names[:place])


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
    western_given_names: tuple[str, ...] = ()


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
    survivorship: dict[ProfileField, Survivorship] = Field(default_factory=dict)
    size_bands: SizeBands = Field(default_factory=SizeBands)
    names: Names = Field(default_factory=Names)


def unknown_sources(path: Path, identity: IdentityFile, known: Collection[str]) -> list[SettingsError]:
    """An error for each source that a field's survivorship lists and sources.yml does not know; `path`: the identity.yml."""
    document, allowed = read_yaml(path), f"a source of sources.yml: {', '.join(sorted(known))}"
    places = {
        ("survivorship", field, "sources", place): source
        for field, chosen in identity.survivorship.items()
        for place, source in enumerate(chosen.sources)
        if source not in known
    }
    return [
        SettingsError(path, ".".join(map(str, place)), line_of(document, place), repr(source), allowed)
        for place, source in places.items()
    ]
