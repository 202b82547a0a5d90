"""Clusters of records that are one customer, and how good they are: the step between the links (dbt) and the profiles (dbt)."""

from collections.abc import Iterable, Iterator

import dagster as dg

from orchestration.defs.partitions import DAYS, ONE_DAY_A_RUN
from orchestration.defs.teams import DATA_TEAM
from orchestration.defs.transform.dbt import dbt_staging
from orchestration.logic import identity
from orchestration.resources import Pipeline

# Every staging model is named as an upstream, so that a failed check on any of them stops the run here.
GATE = sorted(dbt_staging.keys)


TABLES = {
    "clusters": "Which customer each record belongs to. Grain: record.",
    "events": "When customers came into being and were merged, and why. Grain: event.",
    "model_links": "Links that the model proposed and that were kept. Grain: pair of records.",
    "review": "Pairs of records that the model doubts, for people to decide. Grain: pair of records.",
}


@dg.multi_asset(
    specs=[
        dg.AssetSpec(
            ["identity", name],
            deps=GATE,
            group_name="intermediate",
            kinds={"python", "duckdb"},
            owners=DATA_TEAM,
            description=description,
        )
        for name, description in TABLES.items()
    ],
    partitions_def=DAYS,
    backfill_policy=ONE_DAY_A_RUN,
    pool="warehouse",
)
def identity_clusters(context: dg.AssetExecutionContext, pipeline: Pipeline) -> Iterator[dg.MaterializeResult]:
    """Links by keys, then by the model, into components, cut where a guard is broken; with stable ids and the ledger."""
    with pipeline.connect() as con:
        counts = identity.resolve(con, pipeline.settings, pipeline.home.models)
    for name in TABLES:
        yield dg.MaterializeResult(asset_key=["identity", name], metadata=counts if name == "clusters" else None)


@dg.asset(
    key=["identity", "quality"],
    deps=[["identity", name] for name in TABLES],
    group_name="intermediate",
    kinds={"python", "duckdb"},
    owners=DATA_TEAM,
    description="How good the linking is, by labels where there are any; sizes and loads. Grain: measure, part, channels.",
    partitions_def=DAYS,
    backfill_policy=ONE_DAY_A_RUN,
    pool="warehouse",
)
def identity_quality(context: dg.AssetExecutionContext, pipeline: Pipeline) -> dg.MaterializeResult:
    """Measures the customers just made; the UI plots each number over the runs."""
    with pipeline.connect() as con:
        figures = identity.write_quality(con, pipeline.home.truth)
    whole = [figure for figure in figures if figure.left_channel == identity.ALL]
    return dg.MaterializeResult(
        metadata={
            "figures": markdown(whole),
            "by_channels": markdown(figure for figure in figures if figure.left_channel != identity.ALL),
            **{figure.measure: figure.value for figure in whole if figure.part == identity.ALL},
        }
    )


def markdown(figures: Iterable[identity.Figure]) -> dg.MarkdownMetadataValue:
    """A row a figure: what of what, its value, its interval where it has one, of how many."""
    rows = ["| figure | value | 95 % interval | of |", "|---|---|---|---|"]
    for figure in figures:
        parts = (figure.part, figure.left_channel, figure.right_channel)
        name = " ".join([figure.measure, *(part for part in parts if part != identity.ALL)])
        interval = "" if figure.low is None else f"{figure.low:.4f} to {figure.high:.4f}"
        rows.append(f"| {name} | {figure.value:.6g} | {interval} | {figure.denominator or ''} |")
    return dg.MetadataValue.md("\n".join(rows))
