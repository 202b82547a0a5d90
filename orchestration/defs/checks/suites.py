"""The Great Expectations suites as blocking asset checks: one check a rule, one step a layer."""

from collections.abc import Iterator

import dagster as dg

from orchestration.defs.ingestion.catalog import CONTROL
from orchestration.resources import Pipeline
from quality import CheckResult, Rule, rules, run_suite

LAYERS = ("raw", "staging", "marts", "insights")


def check_spec(rule: Rule) -> dg.AssetCheckSpec:
    """The check hangs on the asset behind its table; the control tables are one asset."""
    return dg.AssetCheckSpec(
        name=rule.name,
        asset=CONTROL if rule.schema == "control" else dg.AssetKey([rule.schema, rule.table]),
        # All are blocking: whether a failure stops what lies downstream is the severity of its result, ERROR or WARN.
        blocking=True,
        description=rule.description,
        metadata={"bound": rule.bound},
    )


def check_result(result: CheckResult, spec: dg.AssetCheckSpec) -> dg.AssetCheckResult:
    """Names table, rule, observed value and bound; never a value of a row."""
    return dg.AssetCheckResult(
        asset_key=spec.asset_key,
        check_name=spec.name,
        passed=result.status == "passed",
        severity=dg.AssetCheckSeverity.ERROR if result.blocks else dg.AssetCheckSeverity.WARN,
        description=result.message,
        metadata={
            "status": result.status,
            "table": result.table,
            "rule": result.rule,
            "observed": str(result.observed),
            "bound": result.bound,
            "rows_checked": str(result.rows_checked),
        },
    )


def layer_checks(layer: str) -> dg.AssetChecksDefinition:
    specs = {rule.name: check_spec(rule) for rule in rules(layer)}

    @dg.multi_asset_check(name=f"checks_{layer}", specs=[*specs.values()], pool="warehouse")
    def suite(pipeline: Pipeline) -> Iterator[dg.AssetCheckResult]:
        for result in run_suite(layer, pipeline.home.warehouse):
            yield check_result(result, specs[result.name])

    return suite


@dg.definitions
def suites() -> dg.Definitions:
    return dg.Definitions(asset_checks=[layer_checks(layer) for layer in LAYERS])
