"""The suites, one module a layer. A new layer is a module with `suite(thresholds)` and one line here."""

from collections.abc import Callable, Mapping

from quality.checks import Suite
from quality.suites import insights, marts, raw, staging

LAYERS: dict[str, Callable[[Mapping[str, float]], Suite]] = {
    "raw": raw.suite,
    "staging": staging.suite,
    "marts": marts.suite,
    "insights": insights.suite,
}
