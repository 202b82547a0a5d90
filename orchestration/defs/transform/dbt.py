"""The dbt models, in two steps with a gate between them: staging with the links, then marts.

Each step is one dbt call (a call costs seconds), and the checks of a layer stop what comes after its step.
"""

from collections.abc import Iterator, Mapping
from typing import Any

import dagster as dg
from dagster_dbt import (
    DagsterDbtTranslator,
    DagsterDbtTranslatorSettings,
    DbtCliResource,
    DbtProject,
    dbt_assets,
)

from orchestration.defs.ingestion.catalog import CONTROL
from orchestration.defs.partitions import DAYS, ONE_DAY_A_RUN
from orchestration.defs.teams import DATA_TEAM
from orchestration.resources import Pipeline, dbt_project

PROJECT = dbt_project()
STAGING = "fqn:strata.staging fqn:strata.intermediate.identity"

ROW_COUNTS = "select schema_name, table_name, estimated_size from duckdb_tables()"


class Translator(DagsterDbtTranslator):
    """Groups are the layers; the control tables are one asset."""

    def get_asset_key(self, dbt_resource_props: Mapping[str, Any]) -> dg.AssetKey:
        if dbt_resource_props.get("source_name") == "control":
            return CONTROL
        return super().get_asset_key(dbt_resource_props)

    def get_asset_spec(self, manifest: Mapping[str, Any], unique_id: str, project: DbtProject | None) -> dg.AssetSpec:
        spec = super().get_asset_spec(manifest, unique_id, project)
        layer = spec.key.path[0] if unique_id.startswith("model") else "marts"
        table = {"dagster/table_name": ".".join(["strata", *spec.key.path])}  # the file's name differs by home
        return spec.replace_attributes(group_name=layer, owners=DATA_TEAM, metadata={**spec.metadata, **table})


TRANSLATOR = Translator(
    settings=DagsterDbtTranslatorSettings(
        enable_duplicate_source_asset_keys=True, enable_asset_checks=True, enable_code_references=False
    )
)


def build(context: dg.AssetExecutionContext, dbt: DbtCliResource, pipeline: Pipeline) -> Iterator[Any]:
    """One `dbt build` of the step's models and tests; logs and results stay inside the home.

    dbt has the warehouse to itself until it ends, so the events wait for it, and get the row counts of their tables then.
    """
    target = pipeline.home.dbt  # shared by the steps, so that only the first one parses the project
    # Unit tests test the code, not the day's data. What dbt writes of the whole project nobody reads: Dagster has the events.
    command = ["build", "--exclude-resource-type", "unit_test", "--no-write-json"]
    events: list[Any] = []
    failure: Exception | None = None
    try:
        events.extend(dbt.cli(command, context=context, target_path=target).stream())
    except Exception as error:  # what was built before the failure is told first
        failure = error
    for copied in target.glob("*.msgpack"):
        copied.chmod(0o600)  # it came with the mode of the project's own
    with pipeline.connect(read_only=True) as con:
        rows = {(schema, name): count for schema, name, count in con.execute(ROW_COUNTS).fetchall()}
    for event in events:
        yield with_row_count(event, context, rows)
    if failure:
        raise failure


def with_row_count(event: Any, context: dg.AssetExecutionContext, rows: Mapping[Any, int]) -> Any:
    """The event of a model with the rows of its table; any other event as it is."""
    if not isinstance(event, dg.Output):
        return event
    count = rows.get(tuple(context.asset_key_for_output(event.output_name).path))
    return event if count is None else event.with_metadata({**event.metadata, "dagster/row_count": count})


@dbt_assets(
    manifest=PROJECT.manifest_path,
    select=STAGING,
    name="dbt_staging",
    dagster_dbt_translator=TRANSLATOR,
    partitions_def=DAYS,
    backfill_policy=ONE_DAY_A_RUN,
    pool="warehouse",
)
def dbt_staging(context: dg.AssetExecutionContext, dbt: DbtCliResource, pipeline: Pipeline) -> Iterator[Any]:
    yield from build(context, dbt, pipeline)


@dbt_assets(
    manifest=PROJECT.manifest_path,
    exclude=STAGING,
    name="dbt_marts",
    dagster_dbt_translator=TRANSLATOR,
    partitions_def=DAYS,
    backfill_policy=ONE_DAY_A_RUN,
    pool="warehouse",
)
def dbt_marts(context: dg.AssetExecutionContext, dbt: DbtCliResource, pipeline: Pipeline) -> Iterator[Any]:
    yield from build(context, dbt, pipeline)
