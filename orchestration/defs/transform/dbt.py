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


class Translator(DagsterDbtTranslator):
    """Groups are the layers; the control tables are one asset."""

    def get_asset_key(self, dbt_resource_props: Mapping[str, Any]) -> dg.AssetKey:
        if dbt_resource_props.get("source_name") == "control":
            return CONTROL
        return super().get_asset_key(dbt_resource_props)

    def get_asset_spec(self, manifest: Mapping[str, Any], unique_id: str, project: DbtProject | None) -> dg.AssetSpec:
        spec = super().get_asset_spec(manifest, unique_id, project)
        layer = spec.key.path[0] if unique_id.startswith("model") else "marts"
        return spec.replace_attributes(group_name=layer, owners=DATA_TEAM)


TRANSLATOR = Translator(
    settings=DagsterDbtTranslatorSettings(
        enable_duplicate_source_asset_keys=True, enable_asset_checks=True, enable_code_references=False
    )
)


def build(context: dg.AssetExecutionContext, dbt: DbtCliResource, pipeline: Pipeline) -> Iterator[Any]:
    """One `dbt build` of the step's models and tests; logs and results stay inside the home."""
    target = pipeline.home.state / "dbt"  # shared by the steps, so that only the first one parses the project
    command = ["build", "--exclude-resource-type", "unit_test"]  # those test the code, not the day's data
    yield from dbt.cli(command, context=context, target_path=target).stream()


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
