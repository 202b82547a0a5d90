# ruff: noqa: E501  (one broken file a line)
"""Presets: how a criteria.yml builds on them, and the faults of merged files, tags and schemes at their file and line."""

import shutil
from pathlib import Path

import pytest

from orchestration.settings.errors import SettingsErrors
from orchestration.settings.insights import load_insights
from orchestration.settings.layers import read_layers

CONFIG = Path(__file__).resolve().parents[3] / "orchestration" / "config"
DIMENSION = "label: {zh: 甲, en: a}, purpose: {zh: 乙, en: b}"
ONE = "code: x, label: {zh: 甲, en: a}"
TWO = "code: y, label: {zh: 甲, en: a}"
# A scheme of the user's own: two spare words in it are for a fault.
SCHEME = (
    "schemes:\n  own:\n    label: {zh: 甲, en: a}\n    purpose: {zh: 乙, en: b}\n    criteria:\n      c:\n        label: {zh: 甲, en: a}\n"
    "        feature: net_amount_window\n        direction: higher_is_better\n        weight: 1\n        bands:\n"
    "          - {code: high, label: {zh: 甲, en: a}, at_least: 9, points: 9}\n          - {code: low, label: {zh: 甲, en: a}, below: 9, points: 0}\n"
    "    tiers:\n      - {code: up, label: {zh: 甲, en: a}, at_least: 5}\n      - {code: down, label: {zh: 甲, en: a}, below: 5}\n"
)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return Path(shutil.copytree(CONFIG, tmp_path / "config"))


def write(folder: Path, text: str, name: str = "criteria.yml") -> Path:
    path = folder / name
    path.write_text(text, encoding="utf-8")
    return path


def tags(dimension: str) -> str:
    """A criteria.yml whose fourth line is one dimension."""
    return f"preset: retail\ntags:\n  dimensions:\n    own: {{{DIMENSION}, {dimension}}}\n"


def test_maps_merge_lists_replace_and_nothing_takes_out(folder):
    write(
        folder,
        """preset: retail
window_days: 180
schemes:
  value_tier: {hysteresis_points: 7}
  purchase_value:
tags:
  minimum_cell: 25
  dimensions:
    gender: {values: [{code: woman, label: {zh: 女, en: woman}, one_of: [female]}]}
    age_and_sex: null
""",
    )
    criteria = load_insights(folder).criteria
    assert (criteria.window_days, criteria.tags.minimum_cell, criteria.tags.rare) == (180, 25, "drop")
    assert criteria.main.hysteresis_points == 7
    assert len(criteria.main.criteria) == 9
    assert set(criteria.schemes) == {"value_tier", "value_potential", "interaction_life"}
    gender = criteria.tags.dimensions["gender"]
    assert [value.code for value in gender.values or []] == ["woman"]
    assert gender.unknown is not None
    assert "age_and_sex" not in criteria.tags.dimensions


def test_the_order_of_layers_is_the_file_its_preset_and_the_common_part(folder):
    write(folder, "preset: ecommerce\n")
    assert [path.name for path in read_layers(folder / "criteria.yml").paths] == [
        "criteria.yml", "ecommerce.yml", "retail.yml", "common.yml",
    ]  # fmt: skip
    criteria = load_insights(folder).criteria
    assert criteria.lifecycle.dormant_days == 180
    assert "hobby" in criteria.tags.dimensions


def test_a_preset_of_the_folder_goes_before_the_shipped_one_and_others_are_shipped(tmp_path):
    write(tmp_path, "preset: mine\n")
    (tmp_path / "presets").mkdir()
    write(tmp_path, "preset: finance\nwindow_days: 30\n", "presets/mine.yml")
    criteria = load_insights(tmp_path).criteria
    assert criteria.window_days == 30
    assert "account_usage" in criteria.schemes


def test_the_version_changes_with_every_preset_below(folder):
    versions = {load_insights(folder).criteria_version}
    for name in ("criteria.yml", "presets/retail.yml", "presets/common.yml", "presets/rfm_ten_segments.yml"):
        with (folder / name).open("a", encoding="utf-8") as file:
            file.write("# changed\n")
        versions.add(load_insights(folder).criteria_version)
    assert len(versions) == 5
    with (folder / "presets/finance.yml").open("a", encoding="utf-8") as file:
        file.write("# of another trade\n")
    assert load_insights(folder).criteria_version in versions


@pytest.mark.parametrize(
    ("text", "line", "key", "says"),
    [
        # merging
        ("preset: moon\n", 1, "preset", "retail"),
        ("window_days: 1\npreset: ../criteria\n", 2, "preset", "one of"),
        ("preset: retail\nwindow: 3\n", 2, "window", "Extra inputs"),
        ("preset: retail\nlifecycle:\n  active_days: 500\n", 2, "lifecycle", "active_days < lapsing_days"),
        ("preset: retail\nschemes:\n  value_tier:\n    tiers:\n      - {code: a, label: {zh: 甲, en: a}, at_least: 5}\n      - {code: b, label: {zh: 甲, en: a}, below: 4}\n", 4, "tiers", "gap"),
        ("preset: retail\nschemes:\n  value_tier:\n    criteria:\n      loyalty: {weight: 0.9}\n", 4, "criteria", "sum to 1"),
        ("preset: retail\nschemes:\n  value_tier:\n    criteria:\n      loyalty: {direction: lower_is_better}\n", 5, "loyalty", "higher_is_better"),
        ("preset: retail\nschemes:\n  value_tier:\n    criteria:\n      loyalty: {feature: moon}\n", 5, "feature", "unknown feature column"),
        ("preset: retail\nmain_scheme: other\n", 2, "main_scheme", "not among the schemes"),
        ("preset: retail\nschemes: 5\n", 2, "schemes", "dictionary"),
        ("preset: retail\nrfm: {bands: 4}\n", 2, "rfm.bands", "5, as in"),
        # schemes
        ("preset: retail\nschemes:\n  interaction_life:\n    effective_from: 2026-02-01\n    effective_until: 2026-01-01\n", 5, "effective_until", "before effective_from"),
        ("preset: retail\nschemes:\n  interaction_life:\n    effective_from: soon\n", 4, "effective_from", "date"),
        ("preset: retail\nmain_scheme: value_tier\nschemes:\n  value_tier: {effective_until: 2030-01-01}\n", 2, "main_scheme", "holds every day"),
        ("preset: retail\nschemes:\n  interaction_life:\n    owner: nobody\n", 4, "owner", "dictionary"),
        ("preset: retail\nschemes:\n  value_potential:\n    purpose:\n", 4, "purpose", "Field required"),
        ("preset: retail\n" + SCHEME.replace("at_least: 9", "at_least: 8"), 12, "bands", "overlap"),
        ("preset: retail\n" + SCHEME.replace("feature: net_amount_window", "feature: age_years"), 9, "feature", "unknown feature column"),
        ("preset: retail\n" + SCHEME.replace("weight: 1", "weight: 0.5"), 6, "criteria", "sum to 0.5"),
        ("preset: retail\n" + SCHEME.replace("points: 9", "points: 0"), 7, "c", "points must rise"),
        # tags
        ("preset: retail\ntags: {minimum_cell: 0}\n", 2, "minimum_cell", "greater than or equal to 1"),
        ("preset: retail\ntags: {rare: hide}\n", 2, "rare", "'drop' or 'other'"),
        ("preset: retail\ntags:\n  dimensions:\n    own: {bands: []}\n", 4, "own", "Field required"),
        (tags(f"feature: moon, bands: [{{{ONE}, below: 1}}, {{{TWO}, at_least: 1}}]"), 4, "feature", "unknown feature column"),
        (tags(f"feature: age_years, bands: [{{{ONE}, below: 1}}, {{{TWO}, at_least: 2}}]"), 4, "bands", "gap between band 'x'"),
        (tags(f"feature: age_years, bands: [{{{ONE}, below: 2}}, {{{TWO}, at_least: 1}}]"), 4, "bands", "overlap between band 'x'"),
        (tags(f"feature: age_years, bands: [{{{ONE}, below: 1}}, {{{TWO}, at_least: 1, below: 9}}]"), 4, "bands", "no value falls outside"),
        (tags(f"feature: age_years, scale: top_share, bands: [{{{ONE}, below: 1}}, {{{TWO}, at_least: 1}}]"), 4, "own", "between 0 and 1"),
        (tags(f"column: moon, values: [{{{ONE}, one_of: [a]}}]"), 4, "column", "unknown text column"),
        (tags(f"column: gender, values: [{{{ONE}, one_of: [a, b]}}, {{{TWO}, one_of: [' B']}}]"), 4, "values", "overlap: ['b']"),
        (tags(f"column: gender, values: [{{{ONE}, one_of: [a]}}, {{{ONE}, one_of: [b]}}]"), 4, "values", "its own code"),
        (tags("column: gender, values: [{code: unknown, label: {zh: 甲, en: a}, one_of: [a]}]"), 4, "own", "are taken"),
        (tags(f"column: gender, bands: [{{{ONE}, below: 1}}, {{{TWO}, at_least: 1}}]"), 4, "own", "a column with values"),
        (tags(f"column: gender, feature: age_years, bands: [{{{ONE}, below: 1}}, {{{TWO}, at_least: 1}}]"), 4, "own", "either a feature or a column"),
        (tags(f"feature: age_years, bands: [{{{ONE}, below: 1, one_of: [a]}}, {{{TWO}, at_least: 1}}]"), 4, "own", "a feature is a number"),
        (tags(f"trait: [t], bands: [{{{ONE}, below: 1, one_of: [a]}}, {{{TWO}, at_least: 1, one_of: [A]}}]"), 4, "bands", "overlap: ['a']"),
        (tags(f"trait: [t], feature: age_years, scale: top_share, bands: [{{{ONE}, below: 0.5}}, {{{TWO}, at_least: 0.5}}]"), 4, "own", "a feature alone"),
        (tags("column: gender"), 4, "own", "one form"),
        (tags("cross: [gender, hobby]"), 3, "dimensions", "cross of 'own'"),
        (tags("cross: [gender, gender]"), 3, "dimensions", "two different ones"),
        (tags(f"rules: [{{{ONE}}}]"), 4, "rules.0", "either all or any"),
        (tags(f"rules: [{{{ONE}, all: []}}]"), 4, "rules.0.all", "at least 1 item"),
        (tags(f"rules: [{{{ONE}, all: [{{feature: age_years}}]}}]"), 4, "all.0", "with feature goes at_least or below"),
        (tags(f"rules: [{{{ONE}, all: [{{feature: age_years, at_least: 5, below: 5}}]}}]"), 4, "all.0", "smaller than below"),
        (tags(f"rules: [{{{ONE}, all: [{{feature: age_years, column: gender, at_least: 5}}]}}]"), 4, "all.0", "exactly one of"),
        (tags(f"rules: [{{{ONE}, any: [{{column: gender, at_least: 5}}]}}]"), 4, "any.0", "with column goes one_of"),
        (tags(f"rules: [{{{ONE}, any: [{{categories: [a], share_at_least: 2}}]}}]"), 4, "share_at_least", "less than or equal to 1"),
        (tags(f"rules: [{{{ONE}, any: [{{tag: gender.child}}]}}]"), 3, "dimensions", "unknown tag 'gender.child'"),
        ("preset: retail\nvocabulary: {eco_tags: [eco, Eco]}\n", 2, "vocabulary.eco_tags", "differ"),
    ],
)  # fmt: skip
def test_a_broken_criteria_file_is_refused_at_its_line(folder, text, line, key, says):
    path = write(folder, text)
    with pytest.raises(SettingsErrors) as caught:
        load_insights(folder)
    error = caught.value.errors[0]
    assert says in str(error)
    assert key in error.key
    assert (error.file, error.line) == (path, line), str(error)


@pytest.mark.parametrize(
    ("name", "old", "new", "says"),
    [
        ("retail", "preset: common", "preset: retail", "builds on itself"),
        ("retail", "        weight: 1\n", "        weight: 1.5\n", "less than or equal to 1"),
        ("retail", "feature: price_sensitivity", "feature: price", "unknown feature column"),
        ("common", "one_of: [female]", "one_of: [female, male]", "overlap"),
        ("common", "holiday_country: CN", "holiday_country: [CN]", "valid string"),
    ],
)
def test_a_broken_preset_is_refused_in_its_own_file(folder, name, old, new, says):
    path = folder / "presets" / f"{name}.yml"
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new, 1), encoding="utf-8")
    with pytest.raises(SettingsErrors) as caught:
        load_insights(folder)
    error = caught.value.errors[0]
    assert says in str(error)
    assert error.file == path
    assert error.line is not None
    assert 0 <= text[: text.index(old)].count("\n") + 1 - error.line < 5


def test_an_older_file_without_presets_tags_and_words_still_loads(folder):
    common = (folder / "presets/common.yml").read_text(encoding="utf-8")
    write(folder, common[: common.index("# 特征所用的词")])
    criteria = load_insights(folder).criteria
    assert (criteria.tags.dimensions, criteria.vocabulary.eco_tags) == ({}, [])
