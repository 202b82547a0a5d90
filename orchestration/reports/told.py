"""What a statement about the criteria is made of, and how any part of a configuration is told key by key."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Line:
    """One statement in both languages; `depth`: how far it is indented."""

    zh: str
    en: str
    depth: int = 0


@dataclass(frozen=True)
class Section:
    """What one part of the configuration says. `source`: file and keys."""

    source: str
    zh: str
    en: str
    lines: list[Line]


def generic(value: Any, depth: int = 0) -> Iterator[Line]:
    """Any part of a configuration, key by key."""
    if isinstance(value, dict):
        for key, part in value.items():
            yield from _named(str(key).replace("_", " "), part, depth)
    elif isinstance(value, list):
        for number, part in enumerate(value, start=1):
            yield from _named(str(number), part, depth)
    else:
        yield Line(*_scalar(value), depth)


def number(value: Any) -> str:
    """A number without needless zeros."""
    return f"{float(value):,.4f}".rstrip("0").rstrip(".")


def percent(value: Any) -> str:
    return f"{number(float(value) * 100)}%"


def _named(name: str, value: Any, depth: int) -> Iterator[Line]:
    if isinstance(value, dict) and set(value) == {"zh", "en"}:
        yield Line(f"{name}:{value['zh']}", f"{name}: {value['en']}", depth)
    elif isinstance(value, dict | list) and not _is_flat(value):
        label = value.get("label", {}) if isinstance(value, dict) else {}
        yield Line(f"{name} {label.get('zh', '')}".strip(), f"{name} {label.get('en', '')}".strip(), depth)
        rest = {key: part for key, part in value.items() if key != "label"} if isinstance(value, dict) else value
        yield from generic(rest, depth + 1)
    else:
        zh, en = _scalar(value)
        yield Line(f"{name}:{zh}", f"{name}: {en}", depth)


def _is_flat(value: Any) -> bool:
    return isinstance(value, list) and not any(isinstance(part, dict | list) for part in value)


def _scalar(value: Any) -> tuple[str, str]:
    if isinstance(value, bool):
        return ("是", "yes") if value else ("否", "no")
    if isinstance(value, list):
        return "、".join(map(str, value)) or "无", ", ".join(map(str, value)) or "none"
    return str(value), str(value)
