"""How the effect of the classification is judged: periods, matching, forecasts, drift, advice, themes, interventions.

Whether a tier that an intervention names exists is checked in file.py, where the schemes are known.
"""

from datetime import date
from decimal import Decimal
from typing import Annotated, Literal

from pydantic import Field, model_validator

from orchestration.settings.criteria.bands import Code, Positive, Text
from orchestration.settings.loader import Strict

# Ways to divide customers that stand beside the schemes where effects are told; no scheme may take their names.
ALL, CUSTOMER_TYPE, OWNER, CHANNEL = "all", "customer_type", "owner", "channel"
RESERVED = (ALL, CUSTOMER_TYPE, OWNER, CHANNEL)
Share = Annotated[Decimal, Field(gt=0, lt=1)]


class Matching(Strict):
    """Bands within which treated and untreated customers count as alike on the day an intervention starts."""

    recency_days: list[Positive] = Field(default=[31, 91, 366], min_length=1)
    orders: list[Positive] = Field(default=[1, 2, 4, 8], min_length=1)
    amount_bands: int = Field(default=4, ge=1, le=20)

    @model_validator(mode="after")
    def _rising(self) -> "Matching":
        for name, bounds in (("recency_days", self.recency_days), ("orders", self.orders)):
            if bounds != sorted(set(bounds)):
                raise ValueError(f"the bounds of {name} must rise; found {bounds}")
        return self


class Drift(Strict):
    """Comparison with the first day of a month `reference_months` ago: quantile bins, and PSI from which one looks."""

    reference_months: int = Field(default=12, ge=1, le=35)
    bins: int = Field(default=10, ge=2, le=50)
    watch_at: Decimal = Field(default=Decimal("0.1"), gt=0)
    alert_at: Decimal = Field(default=Decimal("0.25"), gt=0)

    @model_validator(mode="after")
    def _ordered(self) -> "Drift":
        if self.watch_at >= self.alert_at:
            raise ValueError("watch_at must be smaller than alert_at")
        return self


class Forecast(Strict):
    """Months ahead, and the months after which a season repeats."""

    horizon_months: int = Field(default=3, ge=1, le=12)
    season_months: int = Field(default=12, ge=1, le=12)
    least_errors: int = Field(default=3, ge=2, le=36)


class Drivers(Strict):
    """Behaviours seen `outcome_days` before as_of, against an order since."""

    outcome_days: Positive = 90
    minimum_customers: Positive = 20


class Advice(Strict):
    """Share of customers that a bound should leave above it, and the step (share of the bound) of the what-if."""

    least_share: Share = Decimal("0.02")
    largest_share: Share = Decimal("0.9")
    step: Share = Decimal("0.1")
    quantiles: list[Share] = Field(default=[Decimal(n) / 100 for n in (10, 25, 50, 75, 80, 90, 95)], min_length=1)

    @model_validator(mode="after")
    def _ordered(self) -> "Advice":
        if self.least_share >= self.largest_share:
            raise ValueError("least_share must be smaller than largest_share")
        if self.quantiles != sorted(set(self.quantiles)):
            raise ValueError(f"the quantiles must rise; found {[str(quantile) for quantile in self.quantiles]}")
        return self


class Theme(Strict):
    """What feedback speaks of, told by its words; upper and lower case are the same."""

    label: Text
    words: list[Annotated[str, Field(min_length=1)]] = Field(min_length=1)


class Treated(Strict):
    """Who was treated; exactly one key. `campaign`: had an interaction that carries it; `tier`: was in that tier of the
    main scheme; `marketing_consent`: had given it. The last two are read on the day the intervention starts."""

    campaign: str | None = None
    tier: Code | None = None
    marketing_consent: Literal["granted", "withdrawn"] | None = None

    @model_validator(mode="after")
    def _one(self) -> "Treated":
        if sum(value is not None for value in (self.campaign, self.tier, self.marketing_consent)) != 1:
            raise ValueError("exactly one of campaign, tier, marketing_consent")
        return self


class Intervention(Strict):
    """Something done to some customers. The `days` before `started_on` are compared with the `days` from it on."""

    code: Code
    label: Text
    kind: Literal["criteria_change", "campaign"]
    started_on: date
    days: int = Field(ge=7, le=366)
    treated: Treated


class Effects(Strict):
    """The key `effects` of criteria.yml. `months`: complete months before as_of for which classes are told; `change_days`:
    days before and after changed criteria that are compared."""

    months: int = Field(default=15, ge=2, le=36)
    confidence: Decimal = Field(default=Decimal("0.95"), ge=Decimal("0.5"), lt=1)
    minimum_customers: int = Field(default=30, ge=2)
    change_days: int = Field(default=90, ge=7, le=366)
    matching: Matching = Matching()
    drift: Drift = Drift()
    forecast: Forecast = Forecast()
    drivers: Drivers = Drivers()
    advice: Advice = Advice()
    feedback_themes: dict[Code, Theme] = Field(default={})
    interventions: list[Intervention] = Field(default=[])

    @model_validator(mode="after")
    def _consistent(self) -> "Effects":
        codes = [intervention.code for intervention in self.interventions]
        if len(set(codes)) != len(codes):
            raise ValueError(f"each intervention needs its own code; found {codes}")
        if "other" in self.feedback_themes:
            raise ValueError("'other' is the theme of what no word tells; choose another code")
        if self.drift.reference_months > self.months:
            raise ValueError("drift.reference_months must not exceed months")
        return self
