"""Customer lifetime value: how far ahead, at which discount and margin, and from how many customers on.

No arithmetic lives here; see logic/clv.
"""

from decimal import Decimal
from typing import Annotated

from pydantic import Field, model_validator

from orchestration.settings.loader import Strict


class Clv(Strict):
    """`margin`: the share of the net amount that is earned; `margin_by_category`: of what is bought from a category, by its
    name as the sources write it. With fewer customers than the minima the value is historic."""

    horizon_days: int = Field(default=365, ge=7, le=1825)
    yearly_discount: Decimal = Field(default=Decimal("0.1"), ge=0, le=1)
    margin: Decimal = Field(default=Decimal(1), gt=0, le=1)
    margin_by_category: dict[str, Annotated[Decimal, Field(gt=0, le=1)]] = Field(default_factory=dict)
    confidence: Decimal = Field(default=Decimal("0.9"), ge=Decimal("0.5"), lt=1)
    minimum_customers: int = Field(default=200, ge=30)
    minimum_repeat_customers: int = Field(default=50, ge=20)

    @model_validator(mode="after")
    def _ordered(self) -> "Clv":
        if self.minimum_repeat_customers > self.minimum_customers:
            raise ValueError("minimum_repeat_customers must not be above minimum_customers")
        return self
