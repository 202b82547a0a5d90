"""Reads `thresholds.yml`, and applies a caller's overrides. No number of a check lives in code."""

from collections.abc import Mapping
from pathlib import Path

from ruamel.yaml import YAML

FILE = Path(__file__).with_name("thresholds.yml")


def load_thresholds(overrides: Mapping[str, float] | None = None, file: Path = FILE) -> dict[str, float]:
    """Every threshold by its dotted name, `<layer>.<name>`.

    Raises ValueError for a threshold without a number or reason, and for an override that names none.
    """
    document = YAML(typ="safe").load(file.read_text(encoding="utf-8"))
    thresholds = {
        f"{layer}.{name}": _number(f"{layer}.{name}", entry)
        for layer, entries in document.items()
        for name, entry in entries.items()
    }
    unknown = sorted(set(overrides or {}) - set(thresholds))
    if unknown:
        raise ValueError(
            f"{file.name}: no such threshold: {', '.join(unknown)}; known: {', '.join(sorted(thresholds))}"
        )
    return thresholds | dict(overrides or {})


def _number(name: str, entry: object) -> float:
    if not isinstance(entry, dict) or set(entry) != {"value", "why"} or not str(entry["why"]).strip():
        raise ValueError(f"{FILE.name}: {name}: found {entry!r}; allowed: a mapping of value and why")
    value = entry["value"]
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise ValueError(f"{FILE.name}: {name}.value: found {value!r}; allowed: a number")
    return value
