"""`strata bench NAME`. Here `run`: where the time of a full run goes, and how far it is from the same SQL plainly in DuckDB.

Each measurement is one call on a home of its own, thrown away afterwards. A new benchmark is a function here and a line in
BENCHES.
"""

import json
import sys
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from time import monotonic
from typing import Any

import dagster as dg
from rich.console import Console
from rich.table import Table

from orchestration import warehouse
from orchestration.cli.bench_churn import bench_churn
from orchestration.cli.bench_figures import Figures, at_most, seconds, seconds_of_command
from orchestration.cli.bench_identity import bench_identity
from orchestration.cli.bench_landing import bench_landing
from orchestration.cli.bench_sample import AS_OF, fresh_sample
from orchestration.cli.bench_segmentation import bench_segmentation
from orchestration.cli.bench_serving import bench_serving
from orchestration.cli.instance import dagster_instance
from orchestration.logic.segmentation.catalogue import FUNCTIONS
from orchestration.settings import Home, load_settings

LARGEST_RATIO = 3.0
console = Console()


def bench_run(size: str) -> Figures:
    """A whole run on fresh sample data, split into start, orchestration, dbt's own time, checks and work (seconds)."""
    with fresh_sample(size) as sample:
        load = seconds_of_command([sys.executable, "-c", "import orchestration.definitions"], sample.variables)
        total = sample.strata("run")
        steps, nodes = _steps(sample.home), _dbt_nodes(sample.home)
        plain, plain_insights = _plain_sql(sample.home, nodes)
    return _figures(load, total, steps, nodes, plain, plain_insights)


BENCHES: dict[str, Callable[[str], Figures]] = {
    "run": bench_run,
    "landing": bench_landing,
    "identity": bench_identity,
    "segmentation": bench_segmentation,
    "churn": bench_churn,
    "serving": bench_serving,
}


def run_bench(name: str, size: str, file: Path | None) -> int:
    """Prints the figures and writes them as JSON. Returns 0, or 1 when a figure misses its goal."""
    figures = BENCHES[name](size)
    table = Table("figure", "value", "unit", "goal", title=f"{name}, {size}")
    for figure, told in figures.items():
        table.add_row(
            figure,
            f"{told['value']:,.4g}" if told["value"] < 1 else f"{told['value']:,.2f}",
            told["unit"],
            str(told["goal"] or ""),
        )
    console.print(table)
    if file:
        file.write_text(json.dumps({"bench": name, "size": size, "figures": figures}, indent=1), encoding="utf-8")
    return 0 if all(told["ok"] for told in figures.values()) else 1


def _figures(
    load: float, total: float, steps: dict[str, float], nodes: list[dict[str, Any]], plain: float, plain_insights: float
) -> Figures:
    models, tests = _busy(nodes, ("model", "seed")), _busy(nodes, ("test",))
    dbt = steps["dbt_staging"] + steps["dbt_marts"]
    landing = sum(seconds for step, seconds in steps.items() if "__" in step and not step.startswith("serving"))
    insights = steps["insight_tables"]
    checks = sum(seconds for step, seconds in steps.items() if step.startswith("checks_"))
    rest = steps["raw_catalog"] + steps["identity_clusters"] + steps["serving__publication"]
    ratio = (models + insights) / (plain + plain_insights)
    return {
        "code location, time to load": seconds(load),
        "whole run": seconds(total),
        "start and Dagster": seconds(total - sum(steps.values())),
        "dbt: start, parse, events": seconds(dbt - models - tests),
        "checks: Great Expectations": seconds(checks),
        "checks: dbt tests": seconds(tests),
        "work: landing": seconds(landing),
        "work: dbt models": seconds(models),
        "work: insights": seconds(insights),
        "work: catalog, clusters, publication": seconds(rest),
        "plain DuckDB: the SQL of the models": seconds(plain),
        "plain DuckDB: the SQL of the insights": seconds(plain_insights),
        "work of the SQL layers / plain DuckDB": at_most(ratio, "times", LARGEST_RATIO),
    }


def _steps(home: Home) -> dict[str, float]:
    """Seconds by step of both parts of the run."""
    with dagster_instance(home) as instance:
        events = [
            entry.dagster_event
            for record in instance.get_run_records()
            for entry in instance.all_logs(record.dagster_run.run_id, of_type=dg.DagsterEventType.STEP_SUCCESS)
        ]
    return {event.step_key: event.step_success_data.duration_ms / 1000 for event in events if event and event.step_key}


def _dbt_nodes(home: Home) -> list[dict[str, Any]]:
    """What dbt ran, in the order in which it ended, from its log: kind, name, start, end."""
    nodes = []
    with (home.dbt / "dbt.log").open(encoding="utf-8") as log:
        for line in log:
            event = json.loads(line) if line.startswith("{") else {}
            if event.get("info", {}).get("name") == "NodeFinished":
                info = event["data"]["node_info"]
                start, end = (datetime.fromisoformat(info[key]) for key in ("node_started_at", "node_finished_at"))
                nodes.append(
                    {
                        "kind": info["resource_type"],
                        "path": info["node_path"],
                        "materialized": info["materialized"],
                        "start": start,
                        "end": end,
                    }
                    | info["node_relation"]
                )
    return nodes


def _busy(nodes: list[dict[str, Any]], kinds: tuple[str, ...]) -> float:
    """Seconds in which at least one node of these kinds was running."""
    total, until = 0.0, datetime.min
    for node in sorted((node for node in nodes if node["kind"] in kinds), key=lambda node: node["start"]):
        total += max(0.0, (node["end"] - max(node["start"], until)).total_seconds())
        until = max(until, node["end"])
    return total


def _plain_sql(home: Home, nodes: list[dict[str, Any]]) -> tuple[float, float]:
    """The compiled SQL of the models, in the order in which they ended, and the insights', on one connection: seconds of each."""
    settings = load_settings()
    warehouse.prepare(home, settings, AS_OF, datetime.now(UTC))
    compiled = home.dbt / "compiled" / "strata" / "models"
    with warehouse.connect(home) as con:
        started = monotonic()
        for node in nodes:
            if node["kind"] == "model":
                sql = (compiled / node["path"]).read_text(encoding="utf-8")
                con.execute(f"create or replace {node['materialized']} {node['relation_name']} as {sql}")
        models_done = monotonic()
        for compute in FUNCTIONS.values():
            compute(con, AS_OF, settings)
        return models_done - started, monotonic() - models_done
