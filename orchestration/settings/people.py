"""Models of owners.yml and strategies.yml: who looks after which tier, and what is to be done with whom; with the
audiences, the third file about dealing with people.

Whether every tier has an owner and a strategy needs the criteria too: see settings/insights.py.
"""

from pathlib import Path

from pydantic import Field

from orchestration.settings.audiences import AudiencesFile
from orchestration.settings.churn import Contact
from orchestration.settings.criteria import Code, Positive, SizeBand, Text
from orchestration.settings.home import config_file
from orchestration.settings.loader import Strict, load_model


class Owner(Strict):
    """A person or team. `capacity`: how many customers they can look after, in proportion to their colleagues;
    `contacts_per_week`: with how many of those warned about they can speak in a week."""

    name: Text
    tiers: list[Code] = Field(min_length=1)
    capacity: Positive
    contacts_per_week: Positive = 50
    contact: str | None = None


class OwnersFile(Strict):
    owners: dict[Code, Owner] = Field(min_length=1)


class Strategy(Strict):
    """What to do, by which way of contact, and how often (days between two contacts)."""

    text: Text
    contact_mode: Text
    cadence_days: Positive


class ByWarning(Strict):
    """Strategy codes by tier, for each band of churn warning."""

    high: dict[Code, Code]
    medium: dict[Code, Code]


class StrategiesFile(Strict):
    """strategies.yml. `contact_kinds`: the interactions that count as a contact when the next one is due;
    `by_company_size`: what is added for a company of a size and for those who work there, beside the tier's strategy."""

    contact_kinds: list[Contact]
    strategies: dict[Code, Strategy] = Field(min_length=1)
    by_tier: dict[Code, Code]
    by_company_size: dict[SizeBand, Text] = Field(default_factory=dict)
    by_warning: ByWarning


class PeopleFile(Strict):
    """Owners, strategies and audiences together."""

    owners: dict[Code, Owner]
    strategies: StrategiesFile
    audiences: AudiencesFile


def load_people(folder: Path) -> PeopleFile:
    """owners.yml, strategies.yml and audiences.yml of a configuration folder. Raises SettingsErrors with file, key and line."""
    owners = load_model(config_file(folder, "owners.yml"), OwnersFile).owners
    return PeopleFile(
        owners=owners,
        strategies=load_model(config_file(folder, "strategies.yml"), StrategiesFile),
        audiences=load_model(config_file(folder, "audiences.yml"), AudiencesFile),
    )
