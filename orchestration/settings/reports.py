"""Model of reports.yml: how many reports are kept, and what the lists for owners hold. Decides no class and no warning."""

from pathlib import Path

from pydantic import Field

from orchestration.settings.criteria import Code, CriteriaFile, Positive
from orchestration.settings.errors import SettingsError, SettingsErrors
from orchestration.settings.home import config_file
from orchestration.settings.loader import Strict, line_of, load_model, read_yaml


class ReportsFile(Strict):
    """reports.yml. `due_within_days`: days after as_of up to which a contact is due; `callback_tiers`: who is called."""

    keep_publications: Positive = 5
    due_within_days: int = Field(default=7, ge=0, le=366)
    callback_tiers: list[Code] = Field(default_factory=list)


def load_reports(folder: Path, criteria: CriteriaFile) -> ReportsFile:
    """reports.yml of a configuration folder. Raises SettingsErrors for a tier that the main scheme has not, too."""
    path = config_file(folder, "reports.yml")
    reports = load_model(path, ReportsFile)
    tiers = [tier.code for tier in criteria.main.tiers]
    document = read_yaml(path)
    errors = [
        SettingsError(
            path,
            f"callback_tiers.{number}",
            line_of(document, ("callback_tiers", number)),
            repr(tier),
            f"a tier of the main scheme: {tiers}",
        )
        for number, tier in enumerate(reports.callback_tiers)
        if tier not in tiers
    ]
    if errors:
        raise SettingsErrors(errors)
    return reports
