"""Reads `metric_definitions.yml`: what each published number means, in both languages, and whence its formula."""

from pathlib import Path

from orchestration.settings.loader import Strict, load_model

FILE = Path(__file__).with_name("metric_definitions.yml")


class Metric(Strict):
    """One number of one published column."""

    metric: str
    table_name: str
    column_name: str
    unit: str
    definition_en: str
    definition_zh: str
    formula_source: str


class MetricsFile(Strict):
    metrics: list[Metric]


def load_metrics(file: Path = FILE) -> list[Metric]:
    """All definitions, in the order of the file. Raises SettingsErrors with key and line."""
    return load_model(file, MetricsFile).metrics
