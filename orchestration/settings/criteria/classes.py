"""ABC bounds and the days of the life cycle."""

from decimal import Decimal

from pydantic import Field, model_validator

from orchestration.settings.criteria.bands import Positive
from orchestration.settings.loader import Strict


class Abc(Strict):
    """Cumulative shares of net revenue up to which customers are A and B."""

    a_share: Decimal = Field(gt=0, lt=1)
    b_share: Decimal = Field(gt=0, lt=1)

    @model_validator(mode="after")
    def _ordered(self) -> "Abc":
        if self.a_share >= self.b_share:
            raise ValueError("a_share must be smaller than b_share")
        return self


class OwnCycle(Strict):
    """Multiples of a customer's own purchase cycle that widen the fixed days."""

    active: Decimal = Field(gt=0)
    lapsing: Decimal = Field(gt=0)


class Lifecycle(Strict):
    """Days since the last order up to which a customer is in each state; beyond dormant_days the customer is lost."""

    new_days: Positive
    active_days: Positive
    lapsing_days: Positive
    dormant_days: Positive
    regained_days: Positive
    own_cycle: OwnCycle | None = None

    @model_validator(mode="after")
    def _ordered(self) -> "Lifecycle":
        days = (self.active_days, self.lapsing_days, self.dormant_days)
        if days != tuple(sorted(set(days))) or max(self.new_days, self.regained_days) > self.lapsing_days:
            raise ValueError(
                "active_days < lapsing_days < dormant_days, and new_days and regained_days up to lapsing_days"
            )
        if self.own_cycle and self.own_cycle.active > self.own_cycle.lapsing:
            raise ValueError("own_cycle.active must not exceed own_cycle.lapsing")
        return self
