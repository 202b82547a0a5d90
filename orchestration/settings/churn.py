"""Models of churn.yml: which signals make a warning, how strong each is, and the words in which it is told.

Add a signal's numbers here and its feature in logic/churn/rules.py. No SQL lives here.
"""

import string
from pathlib import Path
from typing import Literal

from pydantic import Field, field_validator, model_validator

from orchestration.settings.churn_contract import Contract
from orchestration.settings.churn_model import ChurnModel
from orchestration.settings.criteria import Code, Positive, Text
from orchestration.settings.loader import Strict, load_model

Signal = Literal[
    "overdue", "falling_frequency", "falling_interaction", "open_complaint", "low_satisfaction", "consent_withdrawn",
    "tier_about_to_fall", "probability",
]  # fmt: skip
Contact = Literal["call", "email", "meeting", "visit", "chat", "callback", "presale", "aftersale"]

# The figures that a reason's text may quote, all columns of customer_features, of customer_tiers or of the rule itself.
QUOTABLE = (
    "recency_days", "purchase_cycle_days", "overdue_ratio", "interactions_90d", "interactions_previous_90d",
    "interaction_drop", "complaints_90d", "last_complaint_date", "csat_last", "csat_last_date", "last_order_date",
    "count_orders", "count_orders_90d", "orders_before_90d", "marketing_consent_since", "total_points", "tier_floor",
    "churn_probability", "horizon_days",
)  # fmt: skip


def quoting_known_figures(text: Text) -> Text:
    """The text. Raises ValueError when it quotes a figure that is not QUOTABLE."""
    for template in (text.zh, text.en):
        for _, name, _, _ in string.Formatter().parse(template):
            if name is not None and name not in QUOTABLE:
                raise ValueError(f"unknown figure {{{name}}}; one of {', '.join(QUOTABLE)}")
    return text


class Rule(Strict):
    """One signal. Its strength is half at `starts_at` and whole at `full_at`, linear between; below `starts_at` it is
    0."""

    signal: Signal
    weight: float = Field(gt=0, le=1)
    starts_at: float = Field(ge=0)
    full_at: float = Field(ge=0)
    minimum_orders: int = Field(default=1, ge=1)
    minimum_days: int = Field(default=0, ge=0)
    minimum_before: int = Field(default=1, ge=1)
    text: Text

    @field_validator("text")
    @classmethod
    def _quotes_known_figures(cls, text: Text) -> Text:
        return quoting_known_figures(text)

    @model_validator(mode="after")
    def _rising(self) -> "Rule":
        falls = self.signal == "low_satisfaction"
        if (self.full_at > self.starts_at) if falls else (self.full_at < self.starts_at):
            raise ValueError(f"full_at must not be {'above' if falls else 'below'} starts_at for signal {self.signal}")
        return self


class Bands(Strict):
    """Lowest scores of the two bands; below `medium` there is no warning."""

    medium: float = Field(gt=0, le=1)
    high: float = Field(gt=0, le=1)

    @model_validator(mode="after")
    def _ordered(self) -> "Bands":
        if self.medium >= self.high:
            raise ValueError("medium must be smaller than high")
        return self


class Life(Strict):
    """The life of a warning: what counts as a contact of ours, how long nobody is warned about after one, when a warning
    without an order is lost, and how long a closed one is shown (days). `reach`: numbers of contacts for which
    churn_reach tells the money that they reach."""

    contact_kinds: list[Contact] = Field(default=["call", "email", "meeting", "visit", "callback"], min_length=1)
    rest_days: int = Field(default=30, ge=0, le=3650)
    lost_after_days: Positive = 90
    shown_days: Positive = 90
    reach: list[Positive] = Field(default=[10, 20, 50, 100, 200], min_length=1)
    profiling_purpose: str = Field(default="profiling", min_length=1)

    @field_validator("reach")
    @classmethod
    def _rising(cls, reach: list[int]) -> list[int]:
        if sorted(set(reach)) != reach:
            raise ValueError("each number must be larger than the one before it")
        return reach


class ChurnFile(Strict):
    """churn.yml. `horizon_days`: the stretch ahead within which a customer without an order has left."""

    horizon_days: Positive
    warned_lifecycles: list[Literal["new", "active", "lapsing", "dormant", "lost", "regained"]] = Field(min_length=1)
    bands: Bands
    rules: dict[Code, Rule] = Field(min_length=1)
    life: Life = Field(default_factory=Life)
    model: ChurnModel = Field(default_factory=ChurnModel)
    contract: Contract = Field(default_factory=Contract)

    @field_validator("contract")
    @classmethod
    def _quotes_known_figures(cls, contract: Contract) -> Contract:
        quoting_known_figures(contract.text)
        return contract


def load_churn(path: Path) -> ChurnFile:
    """churn.yml. Raises SettingsErrors with file, key and line."""
    return load_model(path, ChurnFile)
