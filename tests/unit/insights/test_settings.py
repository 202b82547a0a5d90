# ruff: noqa: E501  (one broken file a line)
"""The configuration of the insights: the shipped files load, and each fault names file, key and line."""

import shutil
from pathlib import Path

import pytest

from orchestration.settings.criteria import Effects
from orchestration.settings.errors import SettingsErrors
from orchestration.settings.insights import criteria_version, deciding_files, load_insights

CONFIG = Path(__file__).resolve().parents[3] / "orchestration" / "config"


@pytest.fixture
def folder(tmp_path):
    return Path(shutil.copytree(CONFIG, tmp_path / "config"))


def change(folder: Path, name: str, old: str, new: str) -> int:
    """Replaces the first `old` in the file; returns the line it was on."""
    path = folder / name
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new, 1), encoding="utf-8")
    return text[: text.index(old)].count("\n") + 1


INTERVENTION = (
    "interventions: [{{code: offer, label: {{zh: 甲, en: A}}, kind: campaign, started_on: 2026-06-01, days: 60, "
    "treated: {{{}}}}}]"
)


@pytest.mark.parametrize("preset", ["rfm_ten_segments", "rfm_eight_classes"])
def test_both_segment_maps_are_complete(folder, preset):
    change(
        folder,
        "presets/common.yml",
        "segments_from: presets/rfm_ten_segments.yml",
        f"segments_from: presets/{preset}.yml",
    )
    assert len(load_insights(folder).criteria.segments) in (8, 10)


@pytest.mark.parametrize(
    ("name", "old", "new", "key", "says"),
    [
        ("presets/common.yml", "window_days: 365", "window_days: 0", "window_days", "greater than 0"),
        ("presets/common.yml", "at_least: 45, below: 120", "at_least: 50, below: 120", "bands", "gap between band 'short'"),
        ("presets/common.yml", "at_least: 45, below: 120", "at_least: 40, below: 120", "bands", "overlap between band 'short'"),
        ("presets/common.yml", "below: 45, points: 100", "at_least: 1, below: 45, points: 100", "bands", "no value falls outside"),
        ("presets/common.yml", "below: 45, points: 100", "below: 45, points: 10", "purchase_cycle", "points must fall"),
        ("presets/common.yml", "code: middle", "code: high", "bands", "its own code"),
        ("presets/common.yml", "weight: 0.1112", "weight: 0.3", "value_tier.criteria", "sum to 1"),
        ("presets/common.yml", "feature: recency_days", "feature: recency", "feature", "unknown feature column"),
        ("presets/common.yml", "feature: recency_days\n        direction: lower", "feature: recency_days\n        direction: higher",
         "purchase_behaviour", "lower_is_better"),
        ("presets/common.yml", "below: 0.20", "below: 20", "bands", "overlap"),
        ("presets/common.yml", "at_least: 60}", "at_least: 70}", "tiers", "gap"),
        ("presets/common.yml", "a_share: 0.80", "a_share: 0.99", "abc", "smaller"),
        ("presets/common.yml", "lapsing_days: 90", "lapsing_days: 20", "lifecycle", "active_days < lapsing_days"),
        ("presets/common.yml", "main_scheme: value_tier", "main_scheme: other", "main_scheme", "not among the schemes"),
        ("presets/common.yml", "bands: 5", "bands: 4", "rfm.bands", "5, as in"),
        ("presets/common.yml", "up_potential_top_band_in: [purchase_amount", "up_potential_top_band_in: [amount", "flags", "unknown criteria"),
        ("presets/common.yml", "method: quantile", "method: ntile", "rfm.method", "quantile"),
        ("presets/common.yml", "{a_share: 0.80, ", "{", "abc.a_share", "Field required"),
        ("presets/common.yml", "    recency_days:\n      label", "    recency:\n      label", "clusters.features", "unknown feature columns ['recency']"),
        ("presets/common.yml", "least: 3, most: 6", "least: 7, most: 6", "clusters.count", "least must not be above most"),
        ("presets/common.yml", "smallest_share: 0.10", "smallest_share: 0.5", "smallest_share", "less than 0.5"),
        ("presets/common.yml", "minimum_customers: 100", "minimum_customers: 5", "clusters", "must not be below count.most"),
        ("presets/common.yml", "every: quarter", "every: week", "clusters.refit.every", "'half_year'"),
        ("presets/common.yml", "scaling: standard", "scaling: none", "clusters.scaling", "'robust'"),
        ("presets/common.yml", "horizon_days: 365", "horizon_days: 3", "clv.horizon_days", "greater than or equal to 7"),
        ("presets/common.yml", "margin: 1.0", "margin: 1.2", "clv.margin", "less than or equal to 1"),
        ("presets/common.yml", "yearly_discount: 0.10", "yearly_discount: 10", "clv.yearly_discount", "less than or equal to 1"),
        ("presets/common.yml", "minimum_customers: 200", "minimum_customers: 40", "clv", "must not be above minimum_customers"),
        ("presets/common.yml", "at_least: 25, below: 50", "at_least: 30, below: 50", "lead_score.bands", "gap between band 'cold'"),
        ("presets/common.yml", "at_least: 50, sla_hours: 4", "at_least: 50, sla_hours: 0", "sla_hours", "greater than 0"),
        ("presets/common.yml", "values: [search, seo", "values: [search, Referral", "lead_score.sources", "value ['referral'] is there twice"),
        ("presets/common.yml", "channels: [fair]", "channels: [fairs]", "channels.0", "'website'"),
        ("presets/common.yml", "code: other, label: {zh: 其他, en: other}, points: 3", "code: other, label: {zh: 其他, en: other}, values: [x], points: 3",
         "lead_score", "takes all that is left"),
        ("presets/common.yml", "kinds: {view: 0.5", "kinds: {watch: 0.5", "engagement.kinds", "unknown kinds ['watch']"),
        ("presets/common.yml", "about: [about, company]", "about: [about, cart]", "lead_score", "page types ['cart'] are product and about"),
        ("presets/common.yml", "kinds: [enquiry, chat, call]", "kinds: [enquiry, talk]", "interest.rules.1.kinds", "unknown kinds ['talk']"),
        ("presets/common.yml", "facts: orders}", "facts: orders, pages: [cart]}", "purchase.rules.0", "pages is for facts interactions"),
        ("presets/common.yml", "facts: opportunities, moment: open", "facts: opportunities", "decision.rules.2", "need a moment"),
        ("presets/common.yml", "facts: opportunities, moment: open", "facts: opportunities, moment: open, at_least: 2", "decision.rules.2", "at_least above 1"),
        ("presets/common.yml", "    label: {zh: 认知, en: awareness}", "    label: {zh: 认知, en: awareness}\n    silence_days: 9", "awareness", "none to fall back to"),
        ("presets/common.yml", "code: contact,", "code: known,", "awareness.rules", "each rule needs its own code"),
        ("presets/rfm_ten_segments.yml", "f: [2, 3]", "f: [1, 3]", "(file)", "exactly one is allowed"),
        ("presets/retail.yml", "  value_potential:\n", "  owner:\n", "schemes", "choose others"),
        ("presets/common.yml", "months: 15", "months: 0", "effects.months", "greater than or equal to 2"),
        ("presets/common.yml", "change_days: 90", "change_days: 3", "effects.change_days", "greater than or equal to 7"),
        ("presets/common.yml", "per_customer: 3", "per_customer: 9", "next_categories.per_customer", "less than or equal to 5"),
        ("presets/common.yml", "minimum_support: 20", "minimum_support: 0", "next_categories.minimum_support", "greater than 0"),
        ("presets/common.yml", "tag_days: 730", "tag_days: 0", "history.tag_days", "greater than or equal to 1"),
        ("presets/common.yml", "reference_months: 12", "reference_months: 20", "effects", "must not exceed months"),
        ("presets/common.yml", "watch_at: 0.1", "watch_at: 0.3", "effects.drift", "smaller than alert_at"),
        ("presets/common.yml", "orders: [1, 2, 4, 8]", "orders: [2, 1]", "effects.matching", "bounds of orders must rise"),
        ("presets/common.yml", "least_share: 0.02", "least_share: 0.95", "effects.advice", "smaller than largest_share"),
        ("presets/common.yml", "quantiles: [0.1,", "quantiles: [0.5,", "effects.advice", "quantiles must rise"),
        ("presets/common.yml", "    delivery: {label", "    other: {label", "effects", "choose another code"),
        ("presets/common.yml", "interventions: []", INTERVENTION.format("tier: highest"), "effects", "one of ['high', 'middle', 'low']"),
        ("presets/common.yml", "interventions: []", INTERVENTION.format("tier: low, campaign: x"), "interventions.0.treated", "exactly one of"),
        ("presets/common.yml", "interventions: []", INTERVENTION.format("segment: x"), "interventions.0.treated.segment", "not permitted"),
        ("churn.yml", "{recency_days}", "{days}", "text", "unknown figure"),
        ("churn.yml", "full_at: 5.0", "full_at: 1.0", "overdue", "full_at must not be below"),
        ("churn.yml", "medium: 0.35", "medium: 0.9", "bands", "smaller than high"),
        ("churn.yml", "signal: overdue", "signal: moon", "signal", "overdue"),
        ("churn.yml", "folds: 4", "folds: 0", "model.folds", "greater than or equal to 1"),
        ("churn.yml", "[boosting, logistic, ", "[boosting, oracle, ", "model.candidates", "'logistic'"),
        ("churn.yml", "[boosting, logistic, ", "[logistic, logistic, ", "model.candidates", "there once"),
        ("churn.yml", "calibration: auto", "calibration: none", "model.calibration", "'isotonic'"),
        ("churn.yml", "    recency: {zh", "    moon: {zh", "model.words", "'recency'"),
        ("churn.yml", "[retained, renewed", "[retained, Churned", "contract", "churned: a word means either"),
        ("churn.yml", "folds: 5 ", "folds: 2 ", "contract.folds", "greater than or equal to 3"),
        ("churn.yml", "概率为 {churn_probability}\"\n    en: \"The model expects the contract",
         "概率为 {odds}\"\n    en: \"The model expects the contract", "contract", "unknown figure"),
        ("owners.yml", "tiers: [low]", "tiers: [middle]", "owners", "owner for every tier"),
        ("owners.yml", "tiers: [low]", "tiers: [low, lowest]", "owners.campaign_desk.tiers.1", "a tier of the main scheme"),
        ("strategies.yml", ", low: batch_marketing}", "}", "by_tier", "strategy for every tier"),
        ("strategies.yml", "low: batch_marketing", "low: nothing", "by_tier.low", "one of"),
        ("strategies.yml", "  micro: {zh", "  tiny: {zh", "by_company_size.tiny", "'large', 'medium', 'small' or 'micro'"),
        ("strategies.yml", "large: {zh: 推荐高端解决方案, en: Offer high-end solutions}", "large: {zh: 推荐高端解决方案}", "by_company_size.large.en",
         "Field required"),
    ],
)  # fmt: skip
def test_a_broken_file_is_refused_with_file_key_and_line(folder, name, old, new, key, says):
    line = change(folder, name, old, new)
    with pytest.raises(SettingsErrors) as caught:
        load_insights(folder)
    error = caught.value.errors[0]
    assert error.file == folder / name
    assert key in error.key
    assert says in str(error)
    assert error.line is None or 0 <= line - error.line < 95


def test_criteria_when_the_key_effects_is_absent_then_the_defaults_hold(folder):
    path = folder / "presets" / "common.yml"
    text = path.read_text(encoding="utf-8")
    path.write_text(text[: text.index("# 效果评估")], encoding="utf-8")
    assert load_insights(folder).criteria.effects == Effects()


def test_churn_when_the_key_model_is_absent_then_the_defaults_are_as_shipped(folder):
    path = folder / "churn.yml"
    path.write_text(path.read_text(encoding="utf-8").split("# 流失概率模型")[0], encoding="utf-8")
    assert load_insights(folder).churn == load_insights(CONFIG).churn


def test_a_folder_without_a_file_of_its_own_takes_the_shipped_one(tmp_path):
    assert load_insights(tmp_path) == load_insights(CONFIG)


def test_a_criteria_file_written_before_a_method_takes_it_as_shipped(folder):
    path = folder / "presets" / "common.yml"
    path.write_text(path.read_text(encoding="utf-8").split("# 客户聚类")[0], encoding="utf-8")
    older, shipped = load_insights(folder).criteria, load_insights(CONFIG).criteria
    assert older == shipped


def test_the_version_changes_with_every_file_that_decides(folder):
    versions = {criteria_version(deciding_files(folder, folder / "criteria.yml"))}
    for name in ("presets/common.yml", "churn.yml", "owners.yml", "strategies.yml", "presets/rfm_ten_segments.yml"):
        with (folder / name).open("a", encoding="utf-8") as file:
            file.write("# changed\n")
        versions.add(criteria_version(deciding_files(folder, folder / "criteria.yml")))
    assert len(versions) == 6
    assert all(len(version) == 12 for version in versions)
