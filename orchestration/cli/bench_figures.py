"""What a benchmark tells: figures with their unit and, where they are held to one, their goal. And how commands are timed."""

import subprocess
from collections.abc import Callable
from time import monotonic
from typing import Any

Figures = dict[str, dict[str, Any]]


def figure(value: float, unit: str, goal: str | None = None, ok: bool = True) -> dict[str, Any]:
    """One figure as `--json` writes it; without a goal it is told and not judged."""
    return {"value": float(value), "unit": unit, "goal": goal, "ok": bool(ok)}


def at_most(value: float, unit: str, bound: float) -> dict[str, Any]:
    """A figure that must not be larger than the bound."""
    return figure(value, unit, f"at most {_number(bound)}", value <= bound)


def at_least(value: float, unit: str, bound: float) -> dict[str, Any]:
    """A figure that must not be smaller than the bound."""
    return figure(value, unit, f"at least {_number(bound)}", value >= bound)


def seconds(value: float) -> dict[str, Any]:
    """A duration, to hundredths."""
    return figure(round(value, 2), "s")


def seconds_of(work: Callable[[], object]) -> float:
    """How long a piece of work takes."""
    started = monotonic()
    work()
    return monotonic() - started


def seconds_of_command(command: list[str], variables: dict[str, str]) -> float:
    """How long a command takes in this environment. Raises CalledProcessError when it fails."""
    return seconds_of(lambda: subprocess.run(command, env=variables, check=True, capture_output=True))


def _number(bound: float) -> str:
    return f"{bound:,.4f}".rstrip("0").rstrip(".")
