"""Survivorship in identity.yml: what a field not named gets, and errors that point at the wrong rule or source."""

from pathlib import Path

import pytest

from orchestration.settings import SettingsErrors, config_folder, load_settings
from orchestration.settings.errors import SettingsError

GOOD = """\
keys: {}
survivorship:
  city:
    rules: [sources, trust]
    sources:
      - loyalty
      - webshop
  email: {rules: [recency]}
"""


def wrong(folder: Path, text: str) -> list[SettingsError]:
    """The errors of a folder with the shipped sources.yml and this identity.yml."""
    (folder / "sources.yml").write_bytes((config_folder() / "sources.yml").read_bytes())
    (folder / "identity.yml").write_text(text, encoding="utf-8")
    try:
        load_settings(folder)
    except SettingsErrors as caught:
        return caught.errors
    return []


def test_loading_when_the_rules_are_right_then_no_error(tmp_path: Path) -> None:
    assert wrong(tmp_path, GOOD) == []


WRONG = [
    ("[recency]", "[trust, trust_recency]", 8, "email.rules.1", "'trust_recency'", "'frequency', 'completeness'"),
    ("[recency]", "[recency, trust, recency]", 8, "email.rules.2", "'recency'", "each once"),
    ("[recency]", "[]", 8, "email.rules", "[]", "at least 1 item"),
    ("{rules: [recency]}", "{rule: recency}", 8, "email.rule", "'recency'", "not permitted"),
    ("[recency]", "[sources]", 8, "email.rules", "['sources']", "only with their list"),
    ("[recency]", "[trust], sources: [loyalty]", 8, "email.sources", "['loyalty']", "names the rule sources"),
    ("- webshop", "- loyalty", 7, "city.sources.1", "'loyalty'", "each once"),
    ("- webshop", "- webshopp", 7, "city.sources.1", "'webshopp'", "a source of sources.yml: app, calendar"),
    ("  email:", "  mail:", 8, "mail", "'mail'", "'display_name', 'email'"),
]


@pytest.mark.parametrize(("old", "new", "line", "key", "found", "allowed"), WRONG)
def test_loading_when_survivorship_is_wrong_then_the_error_names_its_place(
    old: str, new: str, line: int, key: str, found: str, allowed: str, tmp_path: Path
) -> None:
    errors = wrong(tmp_path, GOOD.replace(old, new, 1))
    fitting = [error for error in errors if error.key.startswith(f"survivorship.{key}") and allowed in error.allowed]
    assert [(error.line, error.found) for error in fitting] == [(line, found)], errors
    assert fitting[0].file == tmp_path / "identity.yml"
