"""What the rules of tags mean in SQL, over the relations that tags.py makes: strata_tag_subjects, strata_tag_classes,
strata_tag_traits, strata_tag_spending.

Of a trait what the customer stated goes before what was inferred. No thresholds live here.
"""

from orchestration.logic.segmentation.ranks import share_better
from orchestration.logic.segmentation.store import literal, words
from orchestration.settings.criteria import OTHER, UNKNOWN, Condition, Dimension, TagBand, TagRule, Values


def class_of(code: str, dimension: Dimension) -> str:
    """SQL of the tag of a dimension with bands or values, for a row of `subjects`: by its trait where that names a tag, else
    by its feature or column. What was said of the trait stands in `said_<code>` (see `said`)."""
    texts = [f"subjects.said_{code}"] if dimension.trait else []
    texts += [f"subjects.{dimension.column}"] if dimension.column else []
    tags = [tag for text in texts for tag in _of_text(text, dimension)]
    if dimension.feature:
        tags.append(_by_bands(f"subjects.{dimension.feature}", dimension))
    if dimension.other and dimension.values:
        is_told = " or ".join(f"trim({text}) <> ''" for text in texts)
        tags.append(f"case when {is_told} then '{OTHER}' end")
    return f"coalesce({', '.join(tags)}, '{UNKNOWN}')"


def said(dimension: Dimension) -> str:
    """SQL: what the customer of `subjects` said last of the traits (of what was said at the same moment the first by
    name)."""
    return (
        "(select first(told.value order by told.is_stated desc, told.recorded_at desc, told.value) "
        f"from strata_tag_traits as told where told.customer_id = subjects.customer_id and {_named(dimension.trait or [])})"
    )


def _of_text(text: str, dimension: Dimension) -> list[str]:
    """SQL of the tag by the words of the lists, and of bands by the number that the text may be; null where neither tells."""
    listed: list[Values] | list[TagBand] = dimension.values or dimension.bands or []
    branches = " ".join(
        f"when list_contains({words(tag.one_of)}, lower(trim({text}))) then {literal(tag.code)}"
        for tag in listed if tag.one_of
    )  # fmt: skip
    by_words = [f"case {branches} end"] if branches else []
    return by_words + ([_by_bands(f"try_cast({text} as decimal(28, 4))", dimension)] if dimension.bands else [])


def _by_bands(value: str, dimension: Dimension) -> str:
    """Bands of the value, or of the share of customers with a larger one; a value of 0 is then in the last band."""
    bands, compared = dimension.bands or [], "1"
    missing = f"when {value} is null then null"
    if dimension.scale == "top_share":
        usable = f"coalesce({value} > 0, false)"
        missing += f" when not {usable} then {literal(bands[-1].code)}"
        value, compared = share_better(value, usable, "true", higher_is_better=True)
    # The bands come from low to high, so that the first upper end above the value is the right one.
    branches = " ".join(
        f"when {value} < cast({band.below} as decimal(28, 6)) * {compared} then {literal(band.code)}"
        for band in bands if band.below is not None
    )  # fmt: skip
    return f"case {missing} {branches} else {literal(bands[-1].code)} end"


def holds(rule: TagRule) -> str:
    """SQL: whether the rule holds for the row `s` of strata_tag_classes."""
    joint = " and " if rule.all else " or "
    return "(" + joint.join(_holds(condition) for condition in rule.conditions) + ")"


def _holds(condition: Condition) -> str:
    if condition.feature:
        ends = ((">=", condition.at_least), ("<", condition.below))
        return "(" + " and ".join(f"s.{condition.feature} {sign} {end}" for sign, end in ends if end is not None) + ")"
    if condition.column:
        return f"coalesce(list_contains({words(condition.one_of or [])}, lower(trim(s.{condition.column}))), false)"
    if condition.trait:
        stated = _prevailing(condition.trait)
        return f"s.customer_id in ({stated} and list_contains({words(condition.one_of or [])}, value))"
    if condition.categories:
        return (
            "s.customer_id in (select customer_id from strata_tag_spending "
            f"where list_contains({words(condition.categories)}, category) "
            f"group by customer_id having sum(category_share) >= {condition.share_at_least})"
        )
    dimension, _, tag = (condition.tag or "").partition(".")
    return f"s.tag_{dimension} = {literal(tag)}"


def _prevailing(traits: list[str]) -> str:
    """SQL, open for more conditions: the customers and values of the traits that were stated, or inferred where nothing
    was stated."""
    return (
        "select customer_id from (select *, bool_or(is_stated) over (partition by customer_id) as any_stated "
        f"from strata_tag_traits as told where {_named(traits)}) where is_stated = any_stated"
    )


def _named(traits: list[str]) -> str:
    return f"list_contains({words(traits)}, told.trait)"
