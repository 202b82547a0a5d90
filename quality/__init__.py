"""Quality gates: what must hold of the data between two layers, as Great Expectations suites.

`suites/<layer>.py` says which checks a layer has, `thresholds.yml` is the one home of their numbers, `runner.py` runs a
layer's suite on a database file. Nothing here knows the orchestrator or any other room: the caller turns results into
gates.
"""

from quality.checks import CheckResult, Rule
from quality.runner import rules, run_suite

__all__ = ["CheckResult", "Rule", "rules", "run_suite"]
