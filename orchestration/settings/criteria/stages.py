"""Purchase stages: which facts bring a customer into awareness, interest, decision and purchase, and after how long a
silence they no longer count.

Add a kind of fact here and its rows in logic/leads/stages.py.
"""

from typing import Literal

from pydantic import Field, field_validator, model_validator

from orchestration.settings.criteria.bands import Code, Positive, Text
from orchestration.settings.entities import INTERACTION_KINDS
from orchestration.settings.loader import Strict

# From first to last.
STAGES = ("awareness", "interest", "decision", "purchase")
StageName = Literal["awareness", "interest", "decision", "purchase"]
_ONLY_FOR = {"kinds": "interactions", "pages": "interactions", "moment": "opportunities", "stages": "opportunities"}


class StageRule(Strict):
    """One way into a stage.

    first_seen: the customer is known. interactions: of these kinds and page types (absent: all). opportunities: `open`
    holds while one is open, `won` and `lost` from the day it closed; `stages` narrows them to these names. orders:
    counted ones. `at_least` of them within `within_days` (absent: ever) are needed; the last of them is the evidence.
    """

    code: Code
    label: Text
    facts: Literal["first_seen", "interactions", "opportunities", "orders"]
    kinds: tuple[str, ...] = ()
    pages: tuple[str, ...] = ()
    moment: Literal["open", "won", "lost"] | None = None
    stages: tuple[str, ...] = ()
    at_least: Positive = 1
    within_days: Positive | None = None

    @field_validator("kinds")
    @classmethod
    def _known(cls, kinds: tuple[str, ...]) -> tuple[str, ...]:
        if unknown := [kind for kind in kinds if kind not in INTERACTION_KINDS]:
            raise ValueError(f"unknown kinds {unknown}; any of {', '.join(INTERACTION_KINDS)}")
        return kinds

    @model_validator(mode="after")
    def _fitting(self) -> "StageRule":
        for key, facts in _ONLY_FOR.items():
            if getattr(self, key) and self.facts != facts:
                raise ValueError(f"{key} is for facts {facts}, not {self.facts}")
        if self.facts == "opportunities" and self.moment is None:
            raise ValueError("facts opportunities need a moment: open, won or lost")
        if self.at_least > 1 and (self.facts == "first_seen" or self.moment == "open"):
            raise ValueError("at_least above 1 is for interactions, orders, and opportunities won or lost")
        return self


class Stage(Strict):
    """`silence_days`: after so many days without a fact of its rules the customer falls back; absent: never."""

    label: Text
    silence_days: Positive | None = None
    rules: list[StageRule] = Field(min_length=1)

    @field_validator("rules")
    @classmethod
    def _told_apart(cls, rules: list[StageRule]) -> list[StageRule]:
        if len({rule.code for rule in rules}) != len(rules):
            raise ValueError("each rule needs its own code")
        return rules


class PurchaseStages(Strict):
    """The four stages; a customer stands in the last one that holds, and in awareness when none does."""

    awareness: Stage
    interest: Stage
    decision: Stage
    purchase: Stage

    @field_validator("awareness")
    @classmethod
    def _floor(cls, stage: Stage) -> Stage:
        if stage.silence_days is not None:
            raise ValueError("the first stage has no silence_days: there is none to fall back to")
        return stage

    @property
    def in_order(self) -> dict[StageName, Stage]:
        """The stages from first to last."""
        return {
            "awareness": self.awareness,
            "interest": self.interest,
            "decision": self.decision,
            "purchase": self.purchase,
        }
