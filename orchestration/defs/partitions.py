"""The days a run can be about: partition D is `as_of` D, all that happened before D 00:00 business time."""

import dagster as dg

from orchestration.resources import location_settings

FIRST_DAY = "2015-01-01"
# The open day and the one after it are valid too: data of today counts as of tomorrow.
DAYS = dg.DailyPartitionsDefinition(
    start_date=FIRST_DAY, timezone=location_settings().sources.business.timezone, end_offset=2
)
