"""Runs one layer's suite on a database file. The only entry for callers: `rules` to know, `run_suite` to judge.

Rules belong in `suites/<layer>.py`, numbers in `thresholds.yml`; what to do about a result is the caller's affair.
"""

from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Any

from quality import gx
from quality.checks import CheckResult, Rule, Suite, Table
from quality.suites import LAYERS
from quality.thresholds import load_thresholds

ROW_COUNT = ("", "ExpectTableRowCountToBeBetween", {"min_value": 0})


def build_suite(layer: str, overrides: Mapping[str, float] | None = None) -> Suite:
    """The suite of `layer` with its thresholds applied. Raises ValueError for a layer that has none."""
    if layer not in LAYERS:
        raise ValueError(f"no suite for layer {layer!r}; known: {', '.join(LAYERS)}")
    return LAYERS[layer](load_thresholds(overrides))


def rules(
    layer: str, *, tables: Collection[str] | None = None, overrides: Mapping[str, float] | None = None
) -> list[Rule]:
    """The rules of a layer, without running any: cheap, and without Great Expectations."""
    return [rule for rule in build_suite(layer, overrides).rules if tables is None or rule.on.name in tables]


def run_suite(
    layer: str,
    database_path: Path,
    *,
    tables: Collection[str] | None = None,
    overrides: Mapping[str, float] | None = None,
) -> list[CheckResult]:
    """Judges `database_path` by the suite of `layer`.

    `tables` (`schema.table`) narrows the suite to these; by default every table of it must be there. `overrides`
    changes thresholds by dotted name. The file must have no writer; it is opened read-only and is free again on return.
    A missing table, a missing column or a broken query gives results with `error`; no rows and no rules give failures.
    """
    chosen = rules(layer, tables=tables, overrides=overrides)
    if not chosen:
        return [_no_rules(layer)]
    results: dict[str, CheckResult] = {}
    with gx.open_source(database_path) as source:
        for table in dict.fromkeys(rule.on for rule in chosen):
            results |= _judge_table(source, table, [rule for rule in chosen if rule.on == table])
    return [results[rule.name] for rule in chosen]


def _judge_table(source: Any, table: Table, chosen: list[Rule]) -> dict[str, CheckResult]:
    """All rules of one table; those on the table itself are evaluated together, those with a query one by one."""
    own = [(rule.name, rule.expectation, rule.arguments) for rule in chosen if rule.query is None]
    try:
        batch = gx.query_batch(source, table.name, table.rows) if table.rows else gx.table_batch(source, table.name)
        outcomes = gx.evaluate(batch, [ROW_COUNT, *own])
        if outcomes[""].error:
            raise LookupError(outcomes[""].error)
    except Exception as error:  # a table that is not there raises one of several types, and stands for all its rules
        outcome = gx.Outcome(False, None, gx.speak(str(error)))
        return {rule.name: _result(rule, outcome, None) for rule in chosen}
    for rule in chosen:
        if rule.query is not None:
            outcomes[rule.name] = _judge_query(source, rule)
    rows = int(outcomes[""].observed or 0)
    return {rule.name: _result(rule, outcomes[rule.name], rows) for rule in chosen}


def _judge_query(source: Any, rule: Rule) -> gx.Outcome:
    try:
        batch = gx.query_batch(source, rule.name, str(rule.query))
        return gx.evaluate(batch, [(rule.name, rule.expectation, rule.arguments)])[rule.name]
    except Exception as error:  # as above: the library wraps what the query raised
        return gx.Outcome(False, None, gx.speak(str(error)))


def _result(rule: Rule, outcome: gx.Outcome, rows: int | None) -> CheckResult:
    """The result of one rule, with what an empty table and a measure that is missing mean."""
    success, observed, error, bound = outcome.success, outcome.observed, outcome.error, rule.bound
    if error is None and rows == 0 and not rule.on.may_be_empty:
        success, observed, bound = False, 0, "at least 1 row"  # on no rows most expectations pass
    if error is None and observed is None:
        observed, error = (0, None) if rows == 0 else (None, "the check measured nothing")
    return CheckResult(
        rule.name, rule.on.name, rule.rule, success and error is None, error, _plain(observed), bound, rule.severity,
        rows, rule.description_en, rule.description_zh,
    )  # fmt: skip


def _plain(observed: Any) -> float | None:
    """A number of Python's own types, so that results can be written as JSON."""
    if observed is None or isinstance(observed, int):
        return observed
    number = float(observed)
    return int(number) if number.is_integer() else round(number, 6)


def _no_rules(layer: str) -> CheckResult:
    """The failure an empty suite ends in: nothing checked is nothing known."""
    return CheckResult(
        f"{layer}__has_rules", layer, "has_rules", False, None, 0, "at least 1 rule", "blocking", None,
        "The suite holds rules for the tables asked for.", "所选的表至少有一项检查规则。",
    )  # fmt: skip
