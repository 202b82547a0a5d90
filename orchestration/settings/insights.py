"""All settings of the insights in one frozen bundle, with the checks that need more than one file.

Add a check here when it compares two configuration files. Checks inside one file belong to that file's model.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path
from typing import Protocol

from orchestration.settings.audiences import audience_errors
from orchestration.settings.churn import ChurnFile, load_churn
from orchestration.settings.criteria import CriteriaFile, criteria_files, load_criteria
from orchestration.settings.errors import SettingsError, SettingsErrors
from orchestration.settings.home import config_file
from orchestration.settings.loader import line_of, read_yaml
from orchestration.settings.people import PeopleFile, load_people


class InsightSettings(Protocol):
    """What every insight function takes as its `settings` (the installation's Settings has these too)."""

    @property
    def criteria(self) -> CriteriaFile: ...
    @property
    def churn(self) -> ChurnFile: ...
    @property
    def people(self) -> PeopleFile: ...
    @property
    def criteria_version(self) -> str: ...


@dataclass(frozen=True)
class InsightFiles:
    """The five files of the insights, loaded and checked against each other. `files`: see `deciding_files`."""

    criteria: CriteriaFile
    churn: ChurnFile
    people: PeopleFile
    criteria_version: str
    files: Mapping[str, bytes] = field(default_factory=dict)


def load_insights(folder: Path, criteria_file: Path | None = None) -> InsightFiles:
    """criteria.yml, churn.yml, owners.yml, strategies.yml and audiences.yml of one configuration folder; a file it has
    not is the shipped one. `criteria_file` is read in place of its criteria.yml.

    Raises SettingsErrors with every fault at its file, key and line.
    """
    path = criteria_file or config_file(folder, "criteria.yml")
    criteria, people = load_criteria(path), load_people(folder)
    check_people(folder, criteria, people)
    churn, files = load_churn(config_file(folder, "churn.yml")), deciding_files(folder, path)
    return InsightFiles(criteria, churn, people, criteria_version(files), files)


def deciding_files(folder: Path, criteria: Path) -> dict[str, bytes]:
    """Every file that decides classes and warnings, by its name in a configuration folder, presets and segment map
    among them."""
    named = {
        **criteria_files(criteria),
        **{name: config_file(folder, name) for name in ("churn.yml", "owners.yml", "strategies.yml", "audiences.yml")},
    }
    return {name: path.read_bytes() for name, path in named.items()}


def criteria_version(files: Mapping[str, bytes]) -> str:
    """12 hex digits of the SHA-256 over the deciding files."""
    return sha256(b"\0".join(files.values())).hexdigest()[:12]


def check_people(folder: Path, criteria: CriteriaFile, people: PeopleFile) -> None:
    """Raises SettingsErrors for a tier without owner or strategy, and for a tier, strategy or segment that nobody
    defined."""
    owners = _owner_errors(config_file(folder, "owners.yml"), criteria, people)
    strategies = _strategy_errors(config_file(folder, "strategies.yml"), criteria, people)
    audiences = audience_errors(config_file(folder, "audiences.yml"), people.audiences.audiences, criteria)
    if errors := owners + strategies + audiences:
        raise SettingsErrors(errors)


def _owner_errors(path: Path, criteria: CriteriaFile, people: PeopleFile) -> list[SettingsError]:
    document, tiers = read_yaml(path), _tiers(criteria)
    owned = {tier for owner in people.owners.values() for tier in owner.tiers}
    errors = [
        _error(path, document, ("owners", code, "tiers", place), repr(tier), f"a tier of the main scheme: {tiers}")
        for code, owner in people.owners.items()
        for place, tier in enumerate(owner.tiers)
        if tier not in tiers
    ]
    missing = [tier for tier in tiers if tier not in owned]
    unowned = [
        _error(path, document, ("owners",), f"no owner of tier '{tier}'", "an owner for every tier") for tier in missing
    ]
    return errors + unowned


def _strategy_errors(path: Path, criteria: CriteriaFile, people: PeopleFile) -> list[SettingsError]:
    document, tiers, strategies = read_yaml(path), _tiers(criteria), people.strategies
    places: dict[tuple[str, ...], dict[str, str]] = {
        ("by_tier",): strategies.by_tier,
        ("by_warning", "high"): strategies.by_warning.high,
        ("by_warning", "medium"): strategies.by_warning.medium,
    }
    errors = []
    for place, chosen in places.items():
        for tier, code in chosen.items():
            if tier not in tiers:
                errors.append(_error(path, document, (*place, tier), repr(tier), f"a tier of the main scheme: {tiers}"))
            if code not in strategies.strategies:
                errors.append(
                    _error(path, document, (*place, tier), repr(code), f"one of {sorted(strategies.strategies)}")
                )
        missing = [tier for tier in tiers if tier not in chosen]
        errors += [
            _error(path, document, place, f"no strategy for tier '{t}'", "a strategy for every tier") for t in missing
        ]
    return errors


def _tiers(criteria: CriteriaFile) -> list[str]:
    return [tier.code for tier in criteria.main.tiers]


def _error(path: Path, document: object, location: tuple[int | str, ...], found: str, allowed: str) -> SettingsError:
    return SettingsError(path, ".".join(map(str, location)), line_of(document, location), found, allowed)
