"""The raw tables: one view a canonical entity over all sources, and the tables that tell dbt what this run is about."""

from collections.abc import Iterator

import dagster as dg

from orchestration import warehouse
from orchestration.defs.partitions import DAYS, ONE_DAY_A_RUN
from orchestration.defs.teams import DATA_TEAM
from orchestration.resources import Pipeline, as_of, known_at, location_settings
from orchestration.settings.entities import ENTITIES
from orchestration.settings.sources import blocks

CONTROL = dg.AssetKey("control")


def catalog_specs() -> list[dg.AssetSpec]:
    """`raw/<entity>` for each canonical entity, below the blocks that bring it, and `control`."""
    refs = blocks(location_settings().sources)
    raw = [
        dg.AssetSpec(
            ["raw", name],
            deps=[[ref.source, ref.block] for ref in refs if ref.canonical == name],
            group_name="raw",
            kinds={"duckdb", "view"},
            owners=DATA_TEAM,
            description=f"All {name} that landed, of all sources, as text as received. Grain: landed row.",
        )
        for name in ENTITIES
    ]
    control = dg.AssetSpec(
        CONTROL,
        deps=[[ref.source, ref.block] for ref in refs],
        group_name="raw",
        kinds={"duckdb"},
        owners=DATA_TEAM,
        description="What this run is about: its as-of day, the sources, value maps, identity guards, ledger, quarantine.",
    )
    return [*raw, control]


@dg.multi_asset(specs=catalog_specs(), partitions_def=DAYS, backfill_policy=ONE_DAY_A_RUN, pool="warehouse")
def raw_catalog(context: dg.AssetExecutionContext, pipeline: Pipeline) -> Iterator[dg.MaterializeResult]:
    """Points the warehouse at what landed, as of the run's day."""
    known = known_at(context)
    counts = warehouse.prepare(pipeline.home, pipeline.settings, as_of(context), known)
    for name, rows in counts.items():
        yield dg.MaterializeResult(asset_key=["raw", name], metadata={"rows": rows})
    yield dg.MaterializeResult(
        asset_key=CONTROL, metadata={"as_of": context.partition_key, "known_at": known.isoformat()}
    )
