"""All settings of one installation, read from one configuration folder and validated as a whole.

One module a file of `config/`; the canonical entities and the folders of STRATA_HOME live here too, because everything else
depends on them. Nothing here reads data.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from orchestration.settings.churn import ChurnFile
from orchestration.settings.criteria import CriteriaFile
from orchestration.settings.errors import SettingsError, SettingsErrors
from orchestration.settings.home import Home, config_file, config_folder
from orchestration.settings.identity import IdentityFile, unknown_sources
from orchestration.settings.insights import load_insights
from orchestration.settings.loader import load_model
from orchestration.settings.notifications import NotificationsFile, load_notifications
from orchestration.settings.people import PeopleFile
from orchestration.settings.reports import ReportsFile, load_reports
from orchestration.settings.sources import SourcesFile

Loaded = TypeVar("Loaded")

__all__ = ["Home", "Settings", "SettingsError", "SettingsErrors", "config_folder", "load_settings"]


@dataclass(frozen=True)
class Settings:
    """What a data engineer and the business set, by file. `criteria_version` names the files that decide classes and warnings,
    `criteria_files` holds them as they were read."""

    sources: SourcesFile
    identity: IdentityFile
    criteria: CriteriaFile
    churn: ChurnFile
    people: PeopleFile
    criteria_version: str
    criteria_files: Mapping[str, bytes]
    reports: ReportsFile
    notifications: NotificationsFile


def load_settings(folder: Path | None = None, criteria_folder: Path | None = None) -> Settings:
    """Reads and validates the configuration folder (default: STRATA_CONFIG).

    `criteria_folder` (default: the same) is where the files that decide classes and warnings are read instead. Raises
    SettingsErrors with the errors of all files together.
    """
    folder = folder or config_folder()
    errors: list[SettingsError] = []
    sources = _collect(errors, lambda: load_model(folder / "sources.yml", SourcesFile))
    identity_file = config_file(folder, "identity.yml")
    identity = _collect(errors, lambda: load_model(identity_file, IdentityFile))
    if sources and identity:
        errors += unknown_sources(identity_file, identity, sources.sources)
    insights = _collect(errors, lambda: load_insights(criteria_folder or folder))
    reports = _collect(errors, lambda: load_reports(folder, insights.criteria)) if insights else None
    notifications = (
        _collect(errors, lambda: load_notifications(folder, list(insights.people.owners))) if insights else None
    )
    if errors or not (sources and identity and insights and reports and notifications):
        raise SettingsErrors(errors)
    return Settings(
        sources,
        identity,
        insights.criteria,
        insights.churn,
        insights.people,
        insights.criteria_version,
        insights.files,
        reports,
        notifications,
    )


def _collect(errors: list[SettingsError], load: Callable[[], Loaded]) -> Loaded | None:
    """What `load` gives; or None, with its errors added to `errors`."""
    try:
        return load()
    except SettingsErrors as found:
        errors.extend(found.errors)
        return None
