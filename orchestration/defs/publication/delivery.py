"""After the reports: each owner is told of the churn warnings that are new to them. A check shows what did not arrive."""

from collections.abc import Iterator

import dagster as dg

from orchestration.defs.partitions import DAYS, ONE_DAY_A_RUN
from orchestration.defs.teams import DATA_TEAM
from orchestration.delivery import Delivered, deliver
from orchestration.resources import KNOWN_AT_TAG, Pipeline

KEY = dg.AssetKey(["serving", "deliveries"])
ARRIVED = "every_message_arrived"
SCHEMA = dg.TableSchema(
    [
        dg.TableColumn(name, "int" if name == "warnings" else "string")
        for name in ("owner", "destination", "warnings", "state", "problem")
    ]
)


@dg.asset(
    key=KEY,
    deps=[["serving", "reports"]],
    group_name="serving",
    kinds={"email", "chat"},
    owners=DATA_TEAM,
    description="Digests of churn warnings to the owners' mailboxes and group robots, each warning once.",
    check_specs=[dg.AssetCheckSpec(ARRIVED, asset=KEY, description="每条消息均已送达。Every message arrived.")],
    partitions_def=DAYS,
    backfill_policy=ONE_DAY_A_RUN,
    pool="warehouse",
)
def deliveries(context: dg.AssetExecutionContext, pipeline: Pipeline) -> Iterator[dg.MaterializeResult]:
    # A past state or a backfilled day is no news to anybody.
    is_news = not {KNOWN_AT_TAG, "dagster/backfill"} & set(context.run.tags)
    delivered = (
        deliver(pipeline.home) if is_news and pipeline.settings.notifications.owners else Delivered(None, (), ())
    )
    lacking = [*delivered.failed, *delivered.uncertain]
    yield dg.MaterializeResult(
        metadata={
            "messages": dg.MetadataValue.table(
                [
                    dg.TableRecord(
                        {
                            "owner": message.owner,
                            "destination": message.destination,
                            "warnings": len(message.warnings),
                            "state": message.state,
                            "problem": message.problem or "",
                        }
                    )
                    for message in (*delivered.messages, *delivered.uncertain)
                ],
                SCHEMA,
            ),
            "warnings told": sum(len(message.warnings) for message in delivered.messages if message.state == "sent"),
            "destinations": sum(map(len, pipeline.settings.notifications.owners.values())),
        },
        check_results=[
            dg.AssetCheckResult(
                passed=not lacking,
                check_name=ARRIVED,
                severity=dg.AssetCheckSeverity.WARN,
                description=f"{len(lacking)} of {len(delivered.messages)} messages failed or may not have arrived; "
                "failed ones go out with the next delivery (`strata deliver`), for the others see `strata status`"
                if lacking
                else f"{len(delivered.messages)} messages arrived",
            )
        ],
    )
