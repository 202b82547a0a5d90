"""Models of churn.yml's key `contract`: how the churn model learns from known outcomes, where a source brings them.

A file without the key has the defaults. No arithmetic lives here; see logic/churn/contract.py.
"""

from pydantic import Field, field_validator, model_validator

from orchestration.settings.criteria import Text
from orchestration.settings.loader import Strict

_CHURNED = ["churned", "cancelled", "canceled", "terminated", "流失", "解约", "退订", "yes", "true", "1"]
_RETAINED = ["retained", "renewed", "active", "留存", "续约", "在约", "no", "false", "0"]


class Contract(Strict):
    """Which received words mean what, the outcomes and folds needed, and which traits are learned from.

    `months`: how far back outcomes are learned from. `value_customers`: fewer make neither a trait nor a value of one.
    `late_at_most`: a trait is left out when of more than this share of customers it was recorded only after the features'
    day, because its absence would tell the outcome. `undated_traits`: whether traits without a time count as known.
    `reason`: what stands before a trait and its value among the reasons of a score. `text`: what the warning rule
    `probability` says of these scores.
    """

    churned: list[str] = Field(default=_CHURNED, min_length=1)
    retained: list[str] = Field(default=_RETAINED, min_length=1)
    minimum_outcomes: int = Field(default=30, ge=10)
    folds: int = Field(default=5, ge=3, le=10)
    months: int = Field(default=36, ge=1, le=240)
    seed: int = Field(default=7, ge=0, lt=2**32)
    traits_at_most: int = Field(default=30, ge=0, le=200)
    values_at_most: int = Field(default=8, ge=1, le=50)
    value_customers: int = Field(default=20, ge=5)
    numeric_from: float = Field(default=0.95, gt=0, le=1)
    late_at_most: float = Field(default=0.05, ge=0, le=1)
    undated_traits: bool = False
    reason: Text = Field(default=Text(zh="客户特征", en="Trait"))
    text: Text = Text(
        zh="模型预计解约的概率为 {churn_probability}",
        en="The model expects the contract to end with a probability of {churn_probability}",
    )

    @field_validator("churned", "retained")
    @classmethod
    def _folded(cls, listed: list[str]) -> list[str]:
        folded = [word.strip().lower() for word in listed]
        if "" in folded or len(set(folded)) < len(folded):
            raise ValueError("each word may be there once, and none may be empty")
        return folded

    @model_validator(mode="after")
    def _told_apart(self) -> "Contract":
        if both := sorted(set(self.churned) & set(self.retained)):
            raise ValueError(f"{', '.join(both)}: a word means either churned or retained")
        return self
