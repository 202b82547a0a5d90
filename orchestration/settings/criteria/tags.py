"""Tags: dimensions with rules that a business person reads and changes. A dimension has one of four forms:

- `feature`, `trait` or `column` with `bands`: the bands leave no gap and do not overlap, one tag a customer; a band may
  also list the words of a trait or column that mean it;
- `column` or `trait` with `values`: lists of values without overlap, one tag a customer;
- `cross`: two dimensions of the forms above, each pair of their tags is a tag;
- `rules`: conditions that hold together (`all`) or of which one holds (`any`); as many tags as hold.

A `trait` may stand beside a feature or column: what surveys say of a customer goes first, the other tells the rest.
Columns are named in inputs.py.
"""

from decimal import Decimal
from itertools import combinations
from typing import Annotated, Literal

from pydantic import Field, ValidationInfo, field_validator, model_validator

from orchestration.settings.criteria.bands import Code, Interval, Text, check_intervals
from orchestration.settings.criteria.inputs import Feature, TextColumn
from orchestration.settings.loader import Strict

UNKNOWN, OTHER = "unknown", "other"
Words = Annotated[list[str], Field(min_length=1)]
Share = Annotated[Decimal, Field(gt=0, le=1)]


class TagBand(Interval):
    """A band of a number. `one_of`: the words of the trait or column that mean it, where these are no numbers."""

    one_of: Words | None = None


class Values(Strict):
    """A tag and the values of the column (or trait) that give it; case and blanks around do not matter."""

    code: Code
    label: Text
    one_of: Words


class Condition(Strict):
    """One condition on one subject: a `feature` in [at_least, below), a `column` or a `trait` with one of the values,
    `categories` that together make at least `share_at_least` of the window's amount, or the `tag` of another dimension
    (dimension.tag). An unknown value fulfils no condition."""

    feature: Feature | None = None
    at_least: Decimal | None = None
    below: Decimal | None = None
    column: TextColumn | None = None
    trait: Words | None = None
    one_of: Words | None = None
    categories: Words | None = None
    share_at_least: Share | None = None
    tag: str | None = None

    @model_validator(mode="after")
    def _one_subject(self) -> "Condition":
        bounds = {"at_least", "below"}
        allowed = {
            "feature": bounds, "column": {"one_of"}, "trait": {"one_of"}, "categories": {"share_at_least"}, "tag": set(),
        }  # fmt: skip
        given = {name for name in type(self).model_fields if getattr(self, name) is not None}
        subjects = given & set(allowed)
        if len(subjects) != 1:
            raise ValueError(f"exactly one of {', '.join(allowed)}")
        (subject,) = subjects
        rest, needed = given - subjects, allowed[subject]
        if rest - needed or (needed and not rest):
            raise ValueError(f"with {subject} goes {' or '.join(sorted(needed)) or 'nothing else'}")
        if self.at_least is not None and self.below is not None and self.at_least >= self.below:
            raise ValueError("at_least must be smaller than below")
        return self


class TagRule(Strict):
    """A tag of which several may hold for one customer."""

    code: Code
    label: Text
    all: Annotated[list[Condition], Field(min_length=1)] | None = None
    any: Annotated[list[Condition], Field(min_length=1)] | None = None

    @model_validator(mode="after")
    def _one_form(self) -> "TagRule":
        if (self.all is None) == (self.any is None):
            raise ValueError("either all or any")
        return self

    @property
    def conditions(self) -> list[Condition]:
        return self.all or self.any or []


class Dimension(Strict):
    """One way to look at customers. `unknown`: the name of the tag of customers without the value (without it they have
    no tag); `other`: the name of the tag for a value in none of the lists (without it that is unknown). `scale:
    top_share` bands the share of customers with a larger value, as in scorecards."""

    label: Text
    purpose: Text
    feature: Feature | None = None
    column: TextColumn | None = None
    trait: Words | None = None
    scale: Literal["value", "top_share"] = "value"
    bands: Annotated[list[TagBand], Field(min_length=2)] | None = None
    values: Annotated[list[Values], Field(min_length=1)] | None = None
    cross: tuple[Code, Code] | None = None
    rules: Annotated[list[TagRule], Field(min_length=1)] | None = None
    unknown: Text | None = None
    other: Text | None = None

    @field_validator("bands")
    @classmethod
    def _complete(cls, bands: list[TagBand] | None) -> list[TagBand] | None:
        return bands and check_intervals(bands)

    @field_validator("bands", "values")
    @classmethod
    def _apart(cls, listed: list[TagBand] | list[Values] | None) -> list[TagBand] | list[Values] | None:
        items: list[TagBand | Values] = [*(listed or [])]
        words = [{word.strip().lower() for word in item.one_of or []} for item in items]
        for (a, one), (b, two) in combinations(zip(items, words, strict=True), 2):
            if both := sorted(one & two):
                raise ValueError(f"overlap: {both} stand in '{a.code}' and in '{b.code}'")
        return listed

    @field_validator("values", "rules")
    @classmethod
    def _own_codes(cls, listed: list[Values] | list[TagRule] | None) -> list[Values] | list[TagRule] | None:
        codes = [item.code for item in listed or []]
        if len(set(codes)) != len(codes):
            raise ValueError("each tag needs its own code")
        return listed

    @model_validator(mode="after")
    def _one_form(self) -> "Dimension":
        forms = [self.bands, self.values, self.cross, self.rules]
        needs_subject = self.bands is not None or self.values is not None
        if sum(form is not None for form in forms) != 1 or needs_subject != any(
            (self.feature, self.column, self.trait)
        ):
            raise ValueError(
                "one form: feature, trait or column with bands; column or trait with values; cross; or rules"
            )
        if self.feature and self.column:
            raise ValueError("either a feature or a column; a trait may stand beside it")
        worded = any(band.one_of for band in self.bands or [])
        if (self.bands is not None and self.column and not worded) or (self.values is not None and self.feature):
            raise ValueError(
                "a feature goes with bands, a column with values, or with bands that list its words (one_of)"
            )
        if worded and not (self.trait or self.column):
            raise ValueError("words of bands (one_of) go with a trait or column; a feature is a number")
        if reserved := {UNKNOWN, OTHER} & set(self.labels_given):
            raise ValueError(f"the codes {sorted(reserved)} are taken: name them by the keys unknown and other")
        if self.scale == "top_share":
            ends = [end for band in self.bands or [] for end in (band.at_least, band.below) if end is not None]
            if not self.feature or self.trait or not all(0 < end < 1 for end in ends):
                raise ValueError("top_share goes with a feature alone and bands whose ends lie between 0 and 1")
        return self

    @property
    def is_exclusive(self) -> bool:
        """Whether each customer has at most one tag of it."""
        return self.rules is None

    @property
    def labels_given(self) -> dict[str, Text]:
        """The tags that the dimension itself names."""
        items: list[Interval | Values | TagRule] = [*(self.bands or []), *(self.values or []), *(self.rules or [])]
        return {item.code: item.label for item in items}


class Tags(Strict):
    """All dimensions. A tag that fewer than `minimum_cell` customers have is not told (privacy, and noise): its rows
    are left out (`rare: drop`), or in a dimension with one tag a customer counted as 'other' (`rare: other`)."""

    minimum_cell: int = Field(default=10, ge=1)
    rare: Literal["drop", "other"] = "drop"
    rare_label: Text = Text(zh="其他", en="Other")
    dimensions: dict[Code, Dimension] = Field(default_factory=dict)

    @field_validator("dimensions")
    @classmethod
    def _known_parts(cls, dimensions: dict[str, Dimension], info: ValidationInfo) -> dict[str, Dimension]:
        simple = {code: d for code, d in dimensions.items() if d.bands or d.values}
        for code, dimension in dimensions.items():
            if dimension.cross and (set(dimension.cross) - set(simple) or len(set(dimension.cross)) < 2):
                raise ValueError(f"cross of '{code}': two different ones of {sorted(simple)}")
        tags = {f"{code}.{tag}" for code, d in simple.items() for tag in (*d.labels_given, UNKNOWN, OTHER)}
        for code, dimension in dimensions.items():
            for condition in (c for rule in dimension.rules or [] for c in rule.conditions):
                if condition.tag is not None and condition.tag not in tags:
                    raise ValueError(f"'{code}' names the unknown tag '{condition.tag}'; one of {sorted(tags)}")
        return dimensions

    @property
    def columns(self) -> list[str]:
        """The columns that the dimensions look at."""
        parts: list[Dimension | Condition] = [*self.dimensions.values()]
        for dimension in self.dimensions.values():
            parts += [condition for rule in dimension.rules or [] for condition in rule.conditions]
        named = {name for part in parts for name in (part.feature, part.column) if name}
        return sorted(named)

    def labels(self, code: str) -> dict[str, Text]:
        """Every tag that the dimension may publish, with its names."""
        dimension = self.dimensions[code]
        labels = dict(dimension.labels_given)
        if dimension.cross:
            left, right = (self.dimensions[part].labels_given for part in dimension.cross)
            labels = {
                f"{a}_{b}": Text(zh=one.zh + two.zh, en=f"{one.en}, {two.en}")
                for a, one in left.items() for b, two in right.items()
            }  # fmt: skip
        if dimension.unknown:
            labels[UNKNOWN] = dimension.unknown
        if dimension.is_exclusive:
            labels[OTHER] = dimension.other or self.rare_label
        return labels
