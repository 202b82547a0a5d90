"""The words that features look for in the data: what marks a green product, which payments are made online."""

from pydantic import Field, field_validator

from orchestration.settings.loader import Strict


class Vocabulary(Strict):
    """Words in any language; case does not matter. Without words a share is 0."""

    eco_tags: list[str] = Field(default_factory=list)
    online_payments: list[str] = Field(default_factory=list)
    mobile_payments: list[str] = Field(default_factory=list)

    @field_validator("*")
    @classmethod
    def _plain_words(cls, words: list[str]) -> list[str]:
        plain = [word.strip().lower() for word in words]
        if "" in plain or len(set(plain)) != len(plain):
            raise ValueError("words that are filled and differ")
        return plain
