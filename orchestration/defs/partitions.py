"""The days a run can be about: partition D is `as_of` D, all that happened before D 00:00 business time."""

import dagster as dg

from orchestration.resources import location_settings

FIRST_DAY = "1990-01-01"
# The open day and the one after it are valid too: data of today counts as of tomorrow.
DAYS = dg.DailyPartitionsDefinition(
    start_date=FIRST_DAY, timezone=location_settings().sources.business.timezone, end_offset=2
)
# A day is computed whole and alone: the warehouse stands at one day at a time.
ONE_DAY_A_RUN = dg.BackfillPolicy.multi_run(max_partitions_per_run=1)
