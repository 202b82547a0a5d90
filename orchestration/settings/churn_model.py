"""Models of churn.yml's key `model`: how the churn model is trained, tested, published and explained.

A file without the key has the defaults. No arithmetic lives here; see logic/churn.
"""

from typing import Literal

from pydantic import Field, field_validator

from orchestration.settings.criteria import Positive, Text
from orchestration.settings.loader import Strict

Candidate = Literal["boosting", "logistic", "boosting_season", "logistic_season"]
Reason = Literal[
    "recency", "overdue", "frequency", "falling_frequency", "amount", "falling_amount", "breadth", "interaction",
    "falling_interaction", "complaints", "satisfaction", "consent", "tenure",
]  # fmt: skip

_WORDS: dict[Reason, tuple[str, str]] = {
    "recency": ("距上次下单已久", "Long since the last order"),
    "overdue": ("已超过自身购买周期", "Overdue against the customer's own cycle"),
    "frequency": ("下单次数少", "Few orders"),
    "falling_frequency": ("下单频率下降", "Orders become fewer"),
    "amount": ("消费金额低", "Low spend"),
    "falling_amount": ("消费金额下降", "Spend is falling"),
    "breadth": ("购买品类和渠道单一", "Few categories and channels"),
    "interaction": ("互动少", "Little interaction"),
    "falling_interaction": ("互动减少", "Interaction is falling"),
    "complaints": ("有投诉", "Complaints"),
    "satisfaction": ("满意度低", "Low satisfaction"),
    "consent": ("已撤回营销同意", "Marketing consent withdrawn"),
    "tenure": ("成为客户的时间不利", "Time as a customer speaks against staying"),
}


class Boosting(Strict):
    """Gradient boosted trees: few leaves and no early stopping, so that a fit is the same each time."""

    iterations: int = Field(default=150, ge=1, le=1000)
    leaves: int = Field(default=8, ge=2, le=64)
    learning_rate: float = Field(default=0.08, gt=0, le=1)
    smallest_leaf: int = Field(default=40, ge=1)


class ChurnModel(Strict):
    """Folds, candidates, calibration, the bar to publication, and the words of the reasons.

    `capacity`: how many customers the owners can win back within one horizon.
    """

    folds: int = Field(default=4, ge=1, le=12)
    training_cuts: int = Field(default=4, ge=1, le=24)
    candidates: list[Candidate] = Field(default=["boosting", "logistic", "boosting_season", "logistic_season"])
    calibration: Literal["auto", "sigmoid", "isotonic"] = "auto"
    boosting: Boosting = Field(default_factory=Boosting)
    margin: float = Field(default=0, ge=0, lt=0.5)
    minimum_customers: Positive = 200
    minimum_outcomes: int = Field(default=30, ge=2)
    sample_size: int = Field(default=50_000, ge=1_000, le=1_000_000)
    capacity: Positive = 200
    overdue_at: float = Field(default=2, gt=0)
    resamples: int = Field(default=200, ge=20, le=10_000)
    seed: int = Field(default=7, ge=0, lt=2**32)
    reasons_at_most: int = Field(default=3, ge=0, le=10)
    least_effect: float = Field(default=0.01, gt=0, lt=1)
    words: dict[Reason, Text] = Field(default_factory=lambda: {code: _text(code) for code in _WORDS})

    @field_validator("words")
    @classmethod
    def _complete(cls, words: dict[Reason, Text]) -> dict[Reason, Text]:
        return {code: words.get(code, _text(code)) for code in _WORDS}

    @field_validator("candidates")
    @classmethod
    def _once(cls, candidates: list[Candidate]) -> list[Candidate]:
        if len(set(candidates)) < len(candidates):
            raise ValueError("each candidate may be there once")
        return candidates


def _text(code: Reason) -> Text:
    zh, en = _WORDS[code]
    return Text(zh=zh, en=en)
