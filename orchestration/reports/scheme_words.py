"""The words of a scheme: its purpose, each criterion with its bands, the tiers, and what keeps customers from flapping."""

from collections.abc import Iterator, Sequence
from decimal import Decimal

from orchestration.logic.segmentation.columns import TABLES, Column
from orchestration.reports.told import Line, Section, generic, number, percent
from orchestration.settings.criteria import Band, CriteriaFile, Criterion, Scheme, Tier

SAID = {"label", "purpose", "criteria", "tiers", "hysteresis_points", "minimum_stay_months", "flags"}
SAID_OF_CRITERION = {"label", "feature", "direction", "scale", "weight", "bands"}


def scheme_sections(criteria: CriteriaFile) -> list[Section]:
    """One section a scheme."""
    return [
        Section(f"criteria.yml: schemes.{code}", scheme.label.zh, scheme.label.en, list(_scheme(scheme)))
        for code, scheme in criteria.schemes.items()
    ]


def _scheme(scheme: Scheme) -> Iterator[Line]:
    yield Line(f"目的:{scheme.purpose.zh}", f"Purpose: {scheme.purpose.en}")
    for criterion in scheme.criteria.values():
        yield from _criterion(criterion)
    yield Line("各项得分乘权重相加为总分,由总分定层级:", "Points times weights sum to the total, which gives the tier:")
    for tier in scheme.tiers:
        yield _tier(tier)
    yield Line(
        "数值未知者按该项最低档计;全体均无数值的标准不计,其权重分给其余各项。",
        "An unknown value counts as the lowest band; a criterion nobody has a value for is left out and its weight"
        " goes to the others.",
    )
    yield from _steadiness(scheme)
    yield from _flags(scheme)
    rest = {key: value for key, value in scheme.model_dump(mode="json", exclude_none=True).items() if key not in SAID}
    yield from generic(rest)


def _criterion(criterion: Criterion) -> Iterator[Line]:
    column = {column.name: column for column in TABLES["customer_features"].columns}[criterion.feature]
    weight = percent(criterion.weight)
    yield Line(
        f"{criterion.label.zh}(权重 {weight};{column.zh})",
        f"{criterion.label.en} (weight {weight}; {column.en[:1].lower()}{column.en[1:]})",
    )
    for band in criterion.best_first:
        yield _top_share(criterion, band) if criterion.scale == "top_share" else _value(column, band)
    if criterion.scale == "top_share":
        yield Line(
            "数值相同者同一档;数值为 0 者属最低档。", "Equal values share a band; a value of 0 is in the lowest.", 1
        )
    told = criterion.model_dump(mode="json", exclude_none=True)
    yield from generic({key: value for key, value in told.items() if key not in SAID_OF_CRITERION}, 1)


def _top_share(criterion: Criterion, band: Band) -> Line:
    name, english = criterion.label.zh, criterion.label.en.lower()
    if band.at_least is None:
        best = percent(band.below)
        zh, en = f"{name}处于前 {best}", f"Among the best {best} by {english}"
    elif band.below is None:
        zh, en = f"{name}在前 {percent(band.at_least)} 之外", f"Beyond the best {percent(band.at_least)} by {english}"
    else:
        low, high = percent(band.at_least), percent(band.below)
        zh, en = f"{name}处于前 {low} 至 {high}", f"After the best {low}, among the best {high} by {english}"
    return _band(zh, en, band)


def _value(column: Column, band: Band) -> Line:
    zh, en = _interval(band.at_least, band.below)
    return _band(f"{column.zh}{zh}", f"{column.name.replace('_', ' ').capitalize()} {en}", band)


def _band(zh: str, en: str, band: Band) -> Line:
    points = "point" if band.points == 1 else "points"
    return Line(f"{zh},得 {band.points} 分({band.label.zh})", f"{en}: {band.points} {points} ({band.label.en})", 1)


def _tier(tier: Tier) -> Line:
    zh, en = _interval(tier.at_least, tier.below)
    return Line(f"{tier.label.zh}:总分{zh}", f"{tier.label.en}: total {en}", 1)


def _interval(at_least: Decimal | None, below: Decimal | None) -> tuple[str, str]:
    if at_least is None and below is None:
        return "不限", "of any size"
    if at_least is None:
        return f"低于 {number(below)}", f"below {number(below)}"
    if below is None:
        return f"不低于 {number(at_least)}", f"of {number(at_least)} or more"
    return f"不低于 {number(at_least)} 且低于 {number(below)}", f"from {number(at_least)} to below {number(below)}"


def _steadiness(scheme: Scheme) -> Iterator[Line]:
    if scheme.hysteresis_points:
        points = number(scheme.hysteresis_points)
        yield Line(
            f"总分须越过层级界线 {points} 分才升降,避免来回跳动。",
            f"A customer moves only when the total clears the bound by {points} points, against going to and fro.",
        )
    if scheme.minimum_stay_months:
        months = scheme.minimum_stay_months
        yield Line(
            f"层级变动后至少停留 {months} 个月。",
            f"After a move a customer stays in the tier for at least {months} {'month' if months == 1 else 'months'}.",
        )


def _flags(scheme: Scheme) -> Iterator[Line]:
    zh, en = _labels(scheme, scheme.flags.up_potential_top_band_in)
    yield Line(
        f"上升潜力:未达最高层级,但以下任一项属最高档:{zh}",
        f"Up potential: below the top tier, but in the best band of any of: {en}",
    )
    zh, en = _labels(scheme, scheme.flags.loyalty_risk_lowest_band_in)
    yield Line(
        f"忠诚度风险:高于最低层级,但以下任一项属最低档:{zh}",
        f"Loyalty risk: above the lowest tier, but in the lowest band of any of: {en}",
    )


def _labels(scheme: Scheme, codes: Sequence[str]) -> tuple[str, str]:
    labels = [scheme.criteria[code].label for code in codes]
    return "、".join(label.zh for label in labels) or "无", ", ".join(label.en for label in labels) or "none"
