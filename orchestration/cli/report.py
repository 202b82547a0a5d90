"""The report of checks: every check of the last headless run on one page, failed ones first. No value of a row is in it."""

from pathlib import Path

import dagster as dg
from jinja2 import Environment

from orchestration.settings import Home

PAGE = """<!doctype html>
<html lang="en"><meta charset="utf-8"><title>Checks 检查报告</title>
<style>
 body { font: 14px/1.5 system-ui, "Noto Sans CJK SC", sans-serif; margin: 2em; color: #222 }
 table { border-collapse: collapse; width: 100% } td, th { text-align: left; padding: .3em .6em; border-bottom: 1px solid #ddd }
 .failed { background: #fdecea } .warned { background: #fff8e1 } .number { text-align: right }
</style>
<h1>Checks 检查报告</h1>
<p>As of 统计日 {{ as_of }}: {{ rows | length }} checks 项检查,
{{ failed }} failed 未通过, {{ warned }} warned 警告, {{ rows | length - failed - warned }} passed 通过.</p>
<table><tr><th>Result 结果<th>Table 表<th>Check 检查<th>Observed 实测<th>Bound 界限<th>What it says 说明</tr>
{% for row in rows %}<tr class="{{ row.outcome }}"><td>{{ row.outcome }}<td>{{ row.table }}<td>{{ row.name }}
<td>{{ row.observed }}<td>{{ row.bound }}<td>{{ row.said }}</tr>
{% endfor %}</table></html>
"""
ORDER = ("failed", "warned", "passed")


def write_report(home: Home, as_of: str, results: list[dg.ExecuteInProcessResult]) -> Path:
    """Writes `reports/checks.html` over the check evaluations of these runs."""
    rows = [_row(found) for result in results for found in result.get_asset_check_evaluations()]
    rows.sort(key=lambda row: (ORDER.index(row["outcome"]), row["table"], row["name"]))
    counts = {outcome: sum(row["outcome"] == outcome for row in rows) for outcome in ORDER}
    page = Environment(autoescape=True).from_string(PAGE).render(as_of=as_of, rows=rows, **counts)
    path = home.reports / "checks.html"
    unfinished = path.with_suffix(".tmp")
    unfinished.write_text(page, encoding="utf-8")
    return unfinished.replace(path)


def _row(found: dg.AssetCheckEvaluation) -> dict[str, str]:
    failed = "failed" if found.severity == dg.AssetCheckSeverity.ERROR else "warned"
    told = {name: value.value for name, value in found.metadata.items()}
    return {
        "outcome": "passed" if found.passed else failed,
        "table": "/".join(found.asset_key.path),
        "name": found.check_name,
        "observed": str(told.get("observed", told.get("dagster_dbt/failed_row_count", ""))),
        "bound": str(told.get("bound", "0 rows" if "dagster_dbt/failed_row_count" in told else "")),
        "said": found.description or "",
    }
