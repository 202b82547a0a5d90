"""Categories to come: how long a history tells them, how they are smoothed and tested. No arithmetic lives here; see
logic/next_categories.py."""

from pydantic import Field

from orchestration.settings.criteria.bands import Positive
from orchestration.settings.loader import Strict


class NextCategories(Strict):
    """The key `next_categories` of criteria.yml. `smoothing`: orders' worth of what is bought at all; `minimum_support`: a
    category followed by fewer orders tells nothing of its own; `candidates`: only so many categories are told, those bought
    most; `test_days`: held out, to compare both ways on at least `minimum_tested` customers."""

    history_days: int = Field(default=730, ge=30, le=3660)
    smoothing: int = Field(default=20, ge=0, le=10_000)
    minimum_support: Positive = 20
    test_days: int = Field(default=90, ge=7, le=366)
    minimum_tested: Positive = 100
    candidates: int = Field(default=50, ge=5, le=500)
    per_customer: int = Field(default=3, ge=1, le=5)
