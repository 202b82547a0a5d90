"""criteria.yml as a whole, with the segment map that it names."""

from datetime import date
from pathlib import Path

from pydantic import Field, ValidationInfo, field_validator

from orchestration.settings.criteria.bands import Code, Positive
from orchestration.settings.criteria.classes import Abc, Lifecycle
from orchestration.settings.criteria.clusters import Clusters
from orchestration.settings.criteria.clv import Clv
from orchestration.settings.criteria.effects import RESERVED, Effects
from orchestration.settings.criteria.leads import LeadScore
from orchestration.settings.criteria.next_categories import NextCategories
from orchestration.settings.criteria.rfm import Rfm, Segment, SegmentMap
from orchestration.settings.criteria.schemes import Scheme
from orchestration.settings.criteria.stages import PurchaseStages
from orchestration.settings.criteria.tags import Tags
from orchestration.settings.criteria.vocabulary import Vocabulary
from orchestration.settings.errors import SettingsError, SettingsErrors
from orchestration.settings.home import SHIPPED, config_file
from orchestration.settings.layers import PRESETS, Layers, read_layers
from orchestration.settings.loader import Strict, load_model, validated


class History(Strict):
    """`months`: of tiers that are walked back; `tag_days`: spells of tags that ended earlier are told no more."""

    months: int = Field(ge=1, le=36)
    tag_days: int = Field(default=730, ge=1, le=3660)


class CriteriaFile(Strict):
    """criteria.yml. `segment_map` is filled by `load_criteria` from the file that `rfm.segments_from` names.

    A method that a file written before it does not name is set as in the shipped criteria.yml.
    """

    window_days: Positive
    history: History
    holiday_country: str
    rfm: Rfm
    abc: Abc
    lifecycle: Lifecycle
    schemes: dict[Code, Scheme] = Field(min_length=1)
    main_scheme: str
    effects: Effects = Effects()
    clusters: Clusters = Field(default_factory=lambda: _shipped().clusters)
    clv: Clv = Field(default_factory=lambda: _shipped().clv)
    lead_score: LeadScore = Field(default_factory=lambda: _shipped().lead_score)
    purchase_stages: PurchaseStages = Field(default_factory=lambda: _shipped().purchase_stages)
    next_categories: NextCategories = Field(default_factory=NextCategories)
    tags: Tags = Field(default_factory=Tags)
    vocabulary: Vocabulary = Field(default_factory=Vocabulary)
    segment_map: SegmentMap | None = None

    @field_validator("schemes")
    @classmethod
    def _free_names(cls, schemes: dict[str, Scheme]) -> dict[str, Scheme]:
        if taken := sorted(set(schemes) & set(RESERVED)):
            raise ValueError(f"the names {taken} stand for other ways to divide customers; choose others")
        return schemes

    @field_validator("main_scheme")
    @classmethod
    def _known_scheme(cls, main_scheme: str, info: ValidationInfo) -> str:
        schemes = info.data.get("schemes", {})
        if schemes and main_scheme not in schemes:
            raise ValueError(f"not among the schemes {sorted(schemes)}")
        if schemes and (schemes[main_scheme].effective_from or schemes[main_scheme].effective_until):
            raise ValueError("the main scheme holds every day: a scheme without effective_from and effective_until")
        return main_scheme

    @field_validator("effects")
    @classmethod
    def _known_tiers(cls, effects: Effects, info: ValidationInfo) -> Effects:
        scheme = info.data.get("schemes", {}).get(info.data.get("main_scheme"))
        tiers = [tier.code for tier in scheme.tiers] if scheme else []
        for intervention in effects.interventions:
            if scheme and intervention.treated.tier not in (None, *tiers):
                raise ValueError(
                    f"intervention '{intervention.code}': tier '{intervention.treated.tier}'; one of {tiers}"
                )
        return effects

    @property
    def main(self) -> Scheme:
        return self.schemes[self.main_scheme]

    def schemes_on(self, day: date) -> dict[str, Scheme]:
        """The schemes that hold on `day`; the main one is always among them."""
        return {code: scheme for code, scheme in self.schemes.items() if scheme.holds_on(day)}

    @property
    def segments(self) -> list[Segment]:
        return self.segment_map.segments if self.segment_map else []


def _shipped() -> CriteriaFile:
    return load_criteria(SHIPPED / "criteria.yml")


def load_criteria(path: Path) -> CriteriaFile:
    """criteria.yml with the preset it builds on and its segment map. Raises SettingsErrors with file, key and line."""
    layers = read_layers(path)
    criteria = validated(layers.merged, CriteriaFile, layers.place)
    preset = config_file(path.parent, criteria.rfm.segments_from)
    segment_map = load_model(preset, SegmentMap)
    if segment_map.bands != criteria.rfm.bands:
        file, line = layers.place(("rfm", "bands"))
        allowed = f"{segment_map.bands}, as in {preset.name}"
        raise SettingsErrors([SettingsError(file, "rfm.bands", line, str(criteria.rfm.bands), allowed)])
    return criteria.model_copy(update={"segment_map": segment_map})


def criteria_files(path: Path) -> dict[str, Path]:
    """Every file that a sound criteria.yml is made of, by its name in a configuration folder: itself, its presets, and
    the segment map that they name (relative to it, or the shipped one of that name)."""
    layers = read_layers(path)
    segments_from = _segments_from(layers)
    presets = {f"{PRESETS}/{preset.name}": preset for preset in layers.paths[1:]}
    return {"criteria.yml": path, **presets, segments_from: config_file(path.parent, segments_from)}


def _segments_from(layers: Layers) -> str:
    return str(layers.merged["rfm"]["segments_from"])
