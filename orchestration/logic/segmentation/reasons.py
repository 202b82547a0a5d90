"""The words of a tier: why the customer is in it, and which inputs are missing, as SQL expressions.

The expressions read: t (strata_tiers), s (strata_scores: v, b, p by criterion), w (weights in force: w0, w1, …).
"""

from decimal import Decimal
from typing import Literal

from orchestration.logic.segmentation.store import case_by, literal
from orchestration.settings.criteria import Scheme

Language = Literal["zh", "en"]

_WORDS = {
    "zh": {
        "points": "总分 ", "above": ";加分最多:", "below": ";失分最多:", "comma": "、",
        "moved": ";{since} 起由「{old}」变为「{new}」", "hysteresis": ";分数未越过界线足够多,暂留原层级",
        "minimum_stay": ";未满最短停留期,暂留原层级", "none": "无",
    },
    "en": {
        "points": "total points ", "above": "; most gained by ", "below": "; most lost by ", "comma": ", ",
        "moved": "; moved from '{old}' to '{new}' on {since}",
        "hysteresis": "; kept: the points do not clear the bound by enough",
        "minimum_stay": "; kept: the minimum stay is not over", "none": "nothing",
    },
}  # fmt: skip


def reason(scheme: Scheme, language: Language) -> str:
    """SQL text: total points, the two criteria that gave and that cost most, the move, what holds the customer."""
    words = _WORDS[language]
    gained = _ranked(scheme, language, "s.p{i} * w.w{i}", "+")
    lost = _ranked(scheme, language, "(100 - s.p{i}) * w.w{i}", "-")
    names: dict[str, object] = {str(rank): getattr(tier.label, language) for rank, tier in enumerate(scheme.tiers)}
    old, new = case_by("cast(t.previous_rank as varchar)", names), case_by("cast(t.rank as varchar)", names)
    moved = literal(words["moved"])
    for mark, value in (("{old}", old), ("{new}", new), ("{since}", "cast(t.since as varchar)")):
        moved = f"replace({moved}, {literal(mark)}, {value})"
    held = case_by("t.held_by", {kind: words[kind] for kind in ("hysteresis", "minimum_stay")}, "")
    return (
        f"{literal(words['points'])} || cast(cast(t.total_points as decimal(6, 1)) as varchar) "
        f"|| {literal(words['above'])} || {gained} || {literal(words['below'])} || {lost} "
        f"|| case when t.previous_rank is null then '' else {moved} end || {held}"
    )


def _ranked(scheme: Scheme, language: Language, amount: str, sign: str) -> str:
    """SQL text of the two criteria with the largest `amount` above 0, as 'label (band, +points)'; ties in the order of
    the file."""
    count = len(scheme.criteria)
    items = []
    for i, criterion in enumerate(scheme.criteria.values()):
        bands: dict[str, object] = {band.code: getattr(band.label, language) for band in criterion.bands}
        value = f"cast({amount.format(i=i)} as decimal(12, 6))"
        label = getattr(criterion.label, language)
        text = (
            f"{literal(label + ' (')} || {case_by(f's.b{i}', bands)} || {literal(', ' + sign)} "
            f"|| cast(cast({value} as decimal(6, 1)) as varchar) || ')'"
        )
        items.append(f"{{'size': {value}, 'place': {count - i}, 'text': {text}}}")
    words = _WORDS[language]
    largest = f"list_reverse_sort(list_filter([{', '.join(items)}], lambda x: x.size > 0))[1:2]"
    texts = f"array_to_string(list_transform({largest}, lambda x: x.text), {literal(words['comma'])})"
    return f"coalesce(nullif({texts}, ''), {literal(words['none'])})"


def missing_inputs(scheme: Scheme, weights: list[Decimal] | None) -> str:
    """SQL: JSON list of criteria without weight (nobody has a value) or without a value for this customer."""
    items = [
        f"case when {literal(bool(weights) and not (weights or [])[i])} or s.v{i} is null then {literal(code)} end"
        for i, code in enumerate(scheme.criteria)
    ]
    return f"cast(to_json(list_filter([{', '.join(items)}], lambda x: x is not null)) as varchar)"
